"""Digests that name their algorithm."""

import hashlib

ALGORITHM = "sha256"


def digest_of(data: bytes) -> str:
    """The SHA-256 of `data` as "sha256:…", hexadecimal."""
    return f"{ALGORITHM}:{hashlib.sha256(data).hexdigest()}"
