"""Signed notes (C2SP signed-note) with Ed25519: a text, a blank line, and who signed it.

Everybody who checks transparency logs reads them: Go's `sumdb/note`, witnesses, Sigstore. Checking
one takes the standard library only.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from lantian.evidence.ed25519 import holds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
"""The type of key, which stands before it."""
_DASH = "\u2014 "
_ID = 4
_MOST = 1_000_000
_MOST_SIGNATURES = 100
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


class BadNote(Exception):
    """A note or key is not written as it should be, or nobody whom we know signed it."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and the public key with which it signs."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature says with which key of that name it was made."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:_ID]

    @property
    def told(self) -> str:
        """The key as text (vkey): `NAME+ID+KEY`."""
        key = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def read(cls, told: str) -> Self:
        """The key that such a text is; raises `BadNote`."""
        name, _, rest = told.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = _decoded(encoded)
        if key is None or len(key) != 33 or key[:1] != ED25519 or not _is_name(name):
            raise BadNote("it is no Ed25519 key of a signed note (NAME+ID+KEY)")
        found = cls(name, key[1:])
        if found.key_id.hex() != key_id:
            raise BadNote("the key is not the one of its id")
        return found

    def check(self, text: str, signature: bytes) -> None:
        """Nothing, if the signature over `text` is of this key; raises `BadNote`."""
        if not holds(self.public, text.encode(), signature):
            raise BadNote(f"the signature of {self.name} is not of this text")


def signed(text: str, name: str, key: "Ed25519PrivateKey") -> str:
    """The note in which `name` signs `text`, whose last line must be ended."""
    if not _is_text(text) or not _is_name(name):
        msg = f"cannot be signed as a note: {text[:80]!r} by {name!r}"
        raise ValueError(msg)
    verifier = Verifier(name, key.public_key().public_bytes_raw())
    signature = base64.b64encode(verifier.key_id + key.sign(text.encode())).decode()
    return f"{text}\n{_DASH}{name} {signature}\n"


def opened(note: str, verifiers: Iterable[Verifier]) -> str:
    """The text of a note that one of `verifiers` signed; raises `BadNote`.

    Signatures of others are no fault; a wrong one of a key that is known is.
    """
    text, signatures = _split(note)
    known = {(one.name, one.key_id): one for one in verifiers}
    by_known = 0
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is not None:
            verifier.check(text, signature)
            by_known += 1
    if not by_known:
        raise BadNote("nobody whose key is known signed it")
    return text


def text_of(note: str) -> str:
    """The text of a note, whoever signed it; raises `BadNote`."""
    return _split(note)[0]


def _split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    text, gap, lines = note.rpartition("\n\n")
    text += "\n"
    if not gap or len(note) > _MOST or not lines.endswith("\n") or not _is_text(text):
        raise BadNote("it is no signed note")
    signatures = []
    for line in lines[:-1].split("\n")[: _MOST_SIGNATURES + 1]:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        data = _decoded(encoded)
        if not line.startswith(_DASH) or not _is_name(name) or data is None or len(data) <= _ID:
            raise BadNote("a signature in it is not written as one")
        signatures.append((name, data[:_ID], data[_ID:]))
    if len(signatures) > _MOST_SIGNATURES:
        raise BadNote("it has too many signatures")
    return text, signatures


def _decoded(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # One note has one spelling: the last bits of a shorter last letter must be 0.
    return data if base64.b64encode(data).decode() == text else None


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() for one in name)


def _is_text(text: str) -> bool:
    return text.endswith("\n") and not _FORBIDDEN.search(text)
