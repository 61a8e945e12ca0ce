"""Literal engines: many literals found in one pass, in linear time.

A text and a literal are arrays of two-byte codes, the first byte below 0x40, the second not: no
literal can match from the middle of a character where bytes are searched, and none holds a zero
code. One contract, three engines.
"""

import threading
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from matchers import native
from matchers.errors import DamagedMatcher, EngineMissing

Codes = NDArray[np.uint16]
Found = NDArray[np.int64]
"""Rows of a literal's number and the half-open codes at which it stands."""


class LiteralEngine(Protocol):
    """Finds every occurrence, overlapping ones too, of the literals it was made of."""

    name: str

    def find(self, codes: Codes) -> Found:
        """Each occurrence, by its end."""
        ...

    def dump(self) -> bytes | None:
        """The compiled literals, to be made again from; `None`: making them anew is as quick."""
        ...


class Native:
    """The engine of our own (`kernel.c`), the fastest; see `matchers.native`."""

    name = "native"

    def __init__(self, literals: Sequence[bytes]) -> None:
        loops = native.library()
        if loops is None:
            raise EngineMissing(
                "the engine in C is not built here.", hint="Build it: python -m matchers.build."
            )
        self._find = loops.literals_find
        codes = np.frombuffer(b"".join(literals), dtype="<u2").astype(np.uint16)
        bounds = np.array([0, *accumulate(len(each) // 2 for each in literals)], dtype=np.int64)
        bits = max(8, (2 * len(codes)).bit_length())
        slots = np.zeros(1 << bits, dtype=[("key", "<u8"), ("node", "<i4"), ("literal", "<i4")])
        pairs = np.zeros(0x2000, dtype=np.uint8)
        self._trie = slots, pairs
        self._at = (
            native.address(slots),
            native.whole(bits),
            native.address(pairs),
        )
        loops.literals_build(
            native.address(codes), native.address(bounds), native.whole(len(literals)), *self._at
        )

    def find(self, codes: Codes) -> Found:
        """Each occurrence, by its end."""
        codes = np.ascontiguousarray(codes, dtype=np.uint16)
        room = len(codes) // 4 + 64
        while True:
            found = np.empty((room, 3), dtype=np.int64)
            count = self._find(
                native.address(codes),
                native.whole(len(codes)),
                *self._at,
                native.address(found),
                native.whole(room),
            )
            if count <= room:
                return found[:count]
            room = count

    def dump(self) -> None:
        """Nothing: the trie is made in a moment."""


class Hyperscan:
    """The vectorised engine; finds by `hyperscan` (Intel's or Vectorscan)."""

    name = "hyperscan"

    def __init__(self, literals: Sequence[bytes], compiled: bytes | None = None) -> None:
        import hyperscan

        self._sizes = np.array([len(literal) // 2 for literal in literals], dtype=np.int64)
        if compiled is not None:
            try:
                self._database = hyperscan.loadb(compiled, hyperscan.HS_MODE_BLOCK)
            except hyperscan.error as error:
                raise DamagedMatcher(f"no database of this engine: {error}.") from error
        else:
            self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            self._database.compile(
                expressions=list(literals), ids=list(range(len(literals))), literal=True
            )
        self._make_scratch = hyperscan.Scratch
        self._local = threading.local()

    def dump(self) -> bytes:
        """The compiled literals; `compiled` of a later instance on the same machine."""
        import hyperscan

        data: bytes = hyperscan.dumpb(self._database)
        return data

    def find(self, codes: Codes) -> Found:
        """Each occurrence, by its end."""
        found: list[int] = []
        add = found.extend

        def on_match(number: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            add((number, end))

        self._database.scan(codes.tobytes(), match_event_handler=on_match, scratch=self._scratch())
        numbers, ends = np.array(found, dtype=np.int64).reshape(-1, 2).T
        order = np.argsort(ends, kind="stable")
        numbers, ends = numbers[order], ends[order] // 2
        return np.column_stack((numbers, ends - self._sizes[numbers], ends))

    def _scratch(self) -> Any:
        """The working space of this thread: two scans at once may not share one."""
        try:
            return self._local.scratch
        except AttributeError:
            self._local.scratch = self._make_scratch(self._database)
            return self._local.scratch


class AhoCorasick:
    """The portable engine, the faster of the libraries where much is found: `ahocorasick_rs`."""

    name = "ahocorasick_rs"

    def __init__(self, literals: Sequence[bytes]) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self._automaton = BytesAhoCorasick(list(literals))

    def find(self, codes: Codes) -> Found:
        """Each occurrence, by its end."""
        found = self._automaton.find_matches_as_indexes(codes.tobytes(), overlapping=True)
        table = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=3 * len(found))
        table = table.reshape(-1, 3)
        table[:, 1:] //= 2
        return table

    def dump(self) -> bytes | None:
        """Nothing: the automaton is made in a moment."""
        return None


@cache
def available() -> tuple[str, ...]:
    """The engines that are here: our own if it is built, then the one for texts of few finds."""
    names = [Native.name] if native.library() is not None else []
    for name in (Hyperscan.name, AhoCorasick.name):
        try:
            __import__(name)
        except ImportError:
            continue
        names.append(name)
    return tuple(names)


def make_engine(
    literals: Sequence[bytes],
    name: str | None = None,
    compiled: bytes | None = None,
    *,
    dense: bool = False,
) -> LiteralEngine:
    """An engine for `literals` (none empty, no zero code): the named one, or the best here.

    `dense` says that much will be found; `compiled` is what the named engine dumped of the same
    literals. Raises `EngineMissing`.
    """
    names = available()
    if not names:
        raise EngineMissing(
            "no literal engine is installed.", hint="Install hyperscan or ahocorasick_rs."
        )
    name = name or names[-1 if dense and names[0] != Native.name else 0]
    if name not in names:
        raise EngineMissing(f"the engine {name!r} is not installed.", hint=f"Install {name}.")
    if name == Native.name:
        return Native(literals)
    return Hyperscan(literals, compiled) if name == Hyperscan.name else AhoCorasick(literals)
