"""The signature of a whole bundle, as other readers of WACZ know it (wacz-auth 0.1.0, anonymous).

`signedData` in `datapackage-digest.json`: ECDSA on P-384 with SHA-256 over the digest of
`datapackage.json` as it is spelled there, in the form of WebCrypto (r and s, 48 bytes each), with
the public key (SPKI). It is the same for the same content and key (RFC 6979).
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lantian.evidence.bundle import layout
from lantian.evidence.bundle.opened import Opened, Wrong, judged
from lantian.evidence.finding import Finding

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

VERSION = "0.1.0"
_HALF = 48
_NAMES = {"hash", "created", "software", "version", "signature", "publicKey"}


@dataclass
class Signed:
    """Who signed a bundle: the digest of the public key; empty if nobody did."""

    keys: Sequence[str] = ()
    key: str = ""
    unjudged: bool = False
    """There was nothing to judge the signature with."""

    def told(self) -> Iterator[str]:
        """What there is to say of it, in sentences."""
        if not self.key:
            return
        judged = "not judged here" if self.unjudged else "right"
        known = "which was given" if self.key in self.keys else "compare it with the office's"
        yield f"The whole is signed with the key {self.key} ({known}); the signature is {judged}."


def signature_of(
    digest: str, *, created: str, software: str, key: "EllipticCurvePrivateKey"
) -> dict[str, str]:
    """The `signedData` over the digest of a manifest."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made = key.sign(digest.encode(), ECDSA(SHA256(), deterministic_signing=True))
    signature = b"".join(one.to_bytes(_HALF, "big") for one in decode_dss_signature(made))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "hash": digest,
        "created": created,
        "software": software,
        "version": VERSION,
        "signature": base64.b64encode(signature).decode(),
        "publicKey": base64.b64encode(public).decode(),
    }


def key_digest(public: bytes) -> str:
    """What a key (SPKI) is called: by its digest."""
    return f"sha256:{hashlib.sha256(public).hexdigest()}"


def signature_findings(bundle: Opened, signed: Signed) -> Iterator[Finding]:
    """What is wrong with the signature of the whole."""
    if bundle.sound(layout.PACKAGE_DIGEST) and bundle.sound(layout.PACKAGE):
        yield from judged(layout.PACKAGE_DIGEST, _findings(bundle, signed))


def _findings(bundle: Opened, signed: Signed) -> Iterator[Finding]:
    digest, package = bundle.told(layout.PACKAGE_DIGEST), bundle.told(layout.PACKAGE)
    told = digest.get("signedData")
    if told is None:
        if signed.keys:
            yield Finding("missing", layout.PACKAGE_DIGEST, "it is not signed.")
        return
    if set(told) != _NAMES or told["version"] != VERSION:
        raise Wrong(f"its signature is not an anonymous one of wacz-auth {VERSION}.")
    for name, true in (
        ("hash", digest["hash"]),
        ("created", package["created"]),
        ("software", package["software"]),
    ):
        if told[name] != true:
            reason = f"its signature tells another {name} than datapackage.json has."
            yield Finding("changed", layout.PACKAGE_DIGEST, reason)
            return
    public, signature = (_decoded(told[name]) for name in ("publicKey", "signature"))
    if len(signature) != 2 * _HALF:
        raise Wrong("its signature is not r and s of P-384.")
    signed.key = key_digest(public)
    if signed.keys and signed.key not in signed.keys:
        reason = f"it is signed with {signed.key}, which is not the key that was given."
        yield Finding("changed", layout.PACKAGE_DIGEST, reason)
    holds = _holds(public, signature, told["hash"].encode())
    signed.unjudged = holds is None
    if holds is False:
        yield Finding(
            "changed", layout.PACKAGE_DIGEST, "the signature in it is not of this digest."
        )


def _decoded(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise Wrong("its signature is not spelled as base64 is.")
    return data


def _holds(public: bytes, signature: bytes, message: bytes) -> bool | None:
    """Whether the signature is of the key; none if this Python has nothing to tell by."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_der_public_key
    except ImportError:
        return None
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    try:
        key = load_der_public_key(public)
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp384r1":
            return False
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
