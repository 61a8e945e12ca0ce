"""Texts that are the same or nearly the same: what is compared, signatures, and an index.

Two texts are compared by the letters that folding leaves of them, cut into overlapping pieces of
four; how alike they are is the share of pieces that they have in common (Jaccard). A signature
(MinHash) estimates that share from 512 bytes, and its bands find the few signatures that are worth
an estimate among many (LSH).
"""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from matchers.errors import DamagedSignature
from matchers.text import Kind, Tables, points_of, string_of

SCHEME = 1
"""Raised whenever the same text may give another signature; never compare across schemes."""
SHINGLE = 4
"""Letters of a piece."""
SLOTS = 128
BANDS, ROWS = 25, 5
"""Two signatures share a band where five slots in a row are equal; the last three are in none."""
FEWEST = 16
"""Different pieces that a signature needs; a text with fewer is only alike to its equal."""
MOST_LETTERS = 200_000
"""Letters of one text that are compared."""
ALIKE = 0.6
"""Estimated likeness from which two texts are nearly the same; docs/matching.md has the curve."""

_SEED = 20_261_128
_HEAD = bytes((SCHEME, RMinHash.ALGORITHM_VERSION))
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)
_MIX = (np.uint64(0xBF58_476D_1CE4_E5B9), np.uint64(0x94D0_49BB_1331_11EB))
_ZERO, _NINE = ord("0"), ord("9")

Slots = NDArray[np.uint32]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """What is kept of a text to compare it.

    `digest` (`sha256:…`) is that of its plain form: equal digests are the same text. `slots` are
    128 numbers, or none where the text is too short for an estimate.
    """

    digest: str
    slots: Slots | None

    def likeness(self, other: "Signature") -> float:
        """How alike both texts are, from 0 to 1: exact where they are the same, else estimated.

        The standard error of an estimate near 0.5 is 0.044.
        """
        if self.digest == other.digest:
            return 1.0
        if self.slots is None or other.slots is None:
            return 0.0
        return float(np.count_nonzero(self.slots == other.slots)) / SLOTS

    def bands(self) -> tuple[int, ...]:
        """25 numbers of 64 bits with sign; alike texts share one, most others none.

        A short text has none.
        """
        if self.slots is None:
            return ()
        data = self.slots.astype("<u4").tobytes()
        return tuple(
            _band(number, data[number * ROWS * 4 : (number + 1) * ROWS * 4])
            for number in range(BANDS)
        )

    def to_bytes(self) -> bytes:
        """Scheme, digest and slots: 34 bytes, or 546."""
        slots = b"" if self.slots is None else self.slots.astype("<u4").tobytes()
        return _HEAD + bytes.fromhex(self.digest.removeprefix("sha256:")) + slots

    @classmethod
    def from_bytes(cls, data: bytes) -> "Signature":
        """The signature that `to_bytes` wrote; raises `DamagedSignature`."""
        if data[:2] != _HEAD or len(data) not in (34, 34 + SLOTS * 4):
            raise DamagedSignature(
                f"these {len(data)} bytes are no signature of scheme {SCHEME}.",
                hint="Make the signature again from its text.",
            )
        slots = np.frombuffer(data, dtype="<u4", offset=34) if len(data) > 34 else None
        return cls("sha256:" + data[2:34].hex(), slots)


def _band(number: int, part: bytes) -> int:
    mark = hashlib.blake2b(_HEAD + bytes((number,)) + part, digest_size=8).digest()
    return int.from_bytes(mark, "little", signed=True)


def plain_form(text: str, tables: Tables) -> str:
    """The letters by which `text` is compared.

    Folded as the matcher folds (width, case, traditional, variants; nothing invisible, no
    spaces, symbols or line ends), without punctuation, and each number written as one 0: other
    prices and telephone numbers make no other text.
    """
    return string_of(_letters(text, tables))


def sign(text: str, tables: Tables) -> Signature | None:
    """The signature of `text`; none where it has no letter."""
    return sign_many([text], tables)[0]


def sign_many(texts: Sequence[str], tables: Tables) -> list[Signature | None]:
    """The signature of each of `texts`, sooner than one by one."""
    letters = [_letters(text, tables) for text in texts]
    pieces = [_pieces(one) for one in letters]
    long = [number for number, some in enumerate(pieces) if some.size >= FEWEST]
    slots: list[Slots | None] = [None] * len(texts)
    if long:
        ends = np.cumsum([0, *(pieces[number].size for number in long)], dtype=np.uint64)
        flat = np.concatenate([pieces[number] for number in long])
        rows = RMinHash.digest_matrix_from_flat_token_hashes(flat, ends, SLOTS, _SEED).to_rows()
        for number, row in zip(long, rows, strict=True):
            slots[number] = np.array(row, dtype=np.uint32)
    return [
        Signature(_digest(one), own) if one.size else None
        for one, own in zip(letters, slots, strict=True)
    ]


def _letters(text: str, tables: Tables) -> NDArray[np.uint32]:
    points = points_of(text)
    if not points.size:
        return points
    folded: NDArray[np.uint32] = tables.folds[points[tables.kinds[points] == Kind.KEEP]]
    digit = (folded >= _ZERO) & (folded <= _NINE)
    if digit.any():
        again = digit.copy()
        again[0] = False
        again[1:] &= digit[:-1]
        folded[digit] = _ZERO
        folded = folded[~again]
    return folded[:MOST_LETTERS]


def _pieces(letters: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """A well mixed number for each different piece."""
    count = letters.size - SHINGLE + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    wide = letters.astype(np.uint64)
    mixed = wide[:count].copy()
    for offset in range(1, SHINGLE):
        mixed *= _ODD
        mixed += wide[offset : offset + count]
    # The finish of splitmix64, so that pieces that differ in one letter share no bits.
    for shift, factor in zip((30, 27), _MIX, strict=True):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= factor
    mixed ^= mixed >> np.uint64(31)
    return np.unique(mixed)


def _digest(letters: NDArray[np.uint32]) -> str:
    return "sha256:" + hashlib.sha256(letters.astype("<u4").tobytes()).hexdigest()


class Index(Generic[Key]):
    """Signatures in memory, found by likeness; queries look at those that share a band only."""

    def __init__(self) -> None:
        self._known: dict[Key, Signature] = {}
        self._banded: dict[int, list[Key]] = {}
        self._same: dict[str, list[Key]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, key: Key, signature: Signature) -> None:
        """Take a signature in; raises `KeyError` for a key that is there already."""
        if key in self._known:
            raise KeyError(key)
        self._known[key] = signature
        self._same.setdefault(signature.digest, []).append(key)
        for band in signature.bands():
            self._banded.setdefault(band, []).append(key)

    def query(self, signature: Signature, least: float = ALIKE) -> list[tuple[Key, float]]:
        """Keys of texts that are at least so alike, with their likeness, the most alike first."""
        near = dict.fromkeys(self._same.get(signature.digest, ()))
        for band in signature.bands():
            near.update(dict.fromkeys(self._banded.get(band, ())))
        found = [(key, signature.likeness(self._known[key])) for key in near]
        return sorted(
            (pair for pair in found if pair[1] >= least), key=lambda pair: pair[1], reverse=True
        )
