"""The keys with which an installation signs: checkpoints (Ed25519), and bundles (ECDSA, P-384).

Each lies in a file of its own, which only its owner reads, and is made when it is first needed.
Machines that share a store share the files: the setting `signing_key` names the one of the
checkpoints, and that of bundles lies beside it, as `bundle.pem`.
"""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from lantian.errors import ConfigError
from lantian.evidence.writer import sync_folder

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in the file, made on first use; raises `ConfigError` if there is none to be had."""
    key = _key(path, Ed25519PrivateKey.generate)
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            f"the signing key {path} is no Ed25519 key.",
            hint="`openssl genpkey -algorithm ed25519` makes one.",
        )
    return key


def bundle_key(log_key: Path) -> ec.EllipticCurvePrivateKey:
    """The key that signs bundles, beside that of the log; raises `ConfigError` as the other."""
    path = log_key.with_name("bundle.pem")
    key = _key(path, lambda: ec.generate_private_key(ec.SECP384R1()))
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp384r1":
        raise ConfigError(
            f"the signing key {path} is no key on P-384.",
            hint="`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384` makes one.",
        )
    return key


def _key(path: Path, generate: Callable[[], PrivateKey]) -> object:
    try:
        if not path.exists():
            _make(path, generate())
        return load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(
            f"the signing key {path} cannot be read or made: {error.strerror}.",
            hint="Let this user read it, or name another file as signing_key.",
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            f"the signing key {path} is no private key in PEM without a password.",
            hint="Put it back from a copy; without any file, a new key is made.",
        ) from error


def _make(path: Path, key: PrivateKey) -> None:
    """The key on the disk as a whole; of two that make it at once, one is kept."""
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
    sync_folder(path.parent)
