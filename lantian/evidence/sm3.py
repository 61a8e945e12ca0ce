"""SM3 (GB/T 32905-2016) beside SHA-256, as OpenSSL computes it."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from lantian.errors import ConfigError


def sm3_of(data: bytes) -> str:
    """The SM3 of `data` as "sm3:…", hexadecimal.

    Raises `ConfigError` where OpenSSL was built without it.
    """
    try:
        found = hashes.Hash(hashes.SM3())
    except UnsupportedAlgorithm as error:
        raise ConfigError(
            "SM3 cannot be computed: the OpenSSL of `cryptography` was built without it.",
            hint="Install cryptography from its own wheels, or set seal_sm3 to false.",
        ) from error
    found.update(data)
    return f"sm3:{found.finalize().hex()}"
