"""The signature of the whole (wacz-auth 0.1.0): OpenSSL judges it too, and forgery is named."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from lantian.errors import ConfigError
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.bundle.signed import key_digest, signature_of
from lantian.evidence.bundle.verifier import write_verifier
from lantian.evidence.signing import bundle_key, signing_key
from tests.evidence.bundle.conftest import Case, content, packed
from tests.evidence.bundle.test_verifier import run

KEY, OTHER = (ec.derive_private_key(number, ec.SECP384R1()) for number in (7, 8))


@pytest.fixture
def signed(case: Case, tmp_path: Path) -> Path:
    """A bundle that is signed."""
    return case.export(tmp_path / "signed.wacz", key=KEY).path


def told(path: Path) -> Any:
    return json.loads(content(path)[layout.PACKAGE_DIGEST])


def edit(path: Path, change: Callable[[Any], object]) -> None:
    members = content(path)
    said = json.loads(members[layout.PACKAGE_DIGEST])
    change(said)
    members[layout.PACKAGE_DIGEST] = layout.readable(said)
    packed(path, members.items())


def reasons(path: Path, *keys: str) -> list[str]:
    found = list(BundleCheck(path, keys=keys).findings())
    assert {one.file for one in found} <= {layout.PACKAGE_DIGEST}
    return [one.reason for one in found]


def test_openssl_verifies_it_and_the_same_key_makes_the_same_bytes(
    signed: Path, case: Case, tmp_path: Path
) -> None:
    assert reasons(signed) == []
    assert case.export(tmp_path / "again.wacz", key=KEY).path.read_bytes() == signed.read_bytes()
    whole = told(signed)
    data = whole["signedData"]
    assert list(data) == ["created", "hash", "publicKey", "signature", "software", "version"]
    assert data["hash"] == whole["hash"]
    raw = base64.b64decode(data["signature"])
    r, s = (int.from_bytes(half, "big") for half in (raw[:48], raw[48:]))
    (tmp_path / "signature").write_bytes(encode_dss_signature(r, s))
    (tmp_path / "key").write_bytes(base64.b64decode(data["publicKey"]))
    (tmp_path / "text").write_text(data["hash"])
    command = ["openssl", "dgst", "-sha256", "-verify", "key", "-keyform", "DER"]
    done = subprocess.run(
        [*command, "-signature", "signature", "text"], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout == b"Verified OK\n"


def test_each_forgery_is_named(signed: Path) -> None:
    sound = signed.read_bytes()
    true = told(signed)["signedData"]
    flipped = bytearray(base64.b64decode(true["signature"]))
    flipped[50] ^= 1
    by_other = signature_of(
        "sha256:" + "0" * 64, created=true["created"], software=true["software"], key=OTHER
    )
    for values, reason in (
        ({"signature": base64.b64encode(flipped).decode()}, "the signature in it is not of this"),
        ({"signature": by_other["signature"]}, "the signature in it is not of this digest"),
        ({"publicKey": by_other["publicKey"]}, "the signature in it is not of this digest"),
        ({"publicKey": "AAAA"}, "the signature in it is not of this digest"),
        ({"signature": "AAAA"}, "its signature is not r and s of P-384"),
        ({"hash": by_other["hash"]}, "its signature tells another hash"),
        ({"created": "2020-01-01T00:00:00Z"}, "its signature tells another created"),
        ({"software": "other"}, "its signature tells another software"),
        ({"version": "0.2.0"}, "its signature is not an anonymous one of wacz-auth 0.1.0"),
        ({"domain": "x.example"}, "its signature is not an anonymous one of wacz-auth 0.1.0"),
        ({"signature": 7}, "it is not as Lantian writes it (TypeError"),
    ):
        edit(signed, lambda said, values=values: said["signedData"].update(values))  # type: ignore[misc]
        (found,) = reasons(signed)
        assert reason in found, values
        signed.write_bytes(sound)


def test_another_key_or_none_is_named_if_the_key_is_known(signed: Path) -> None:
    key = key_digest(base64.b64decode(told(signed)["signedData"]["publicKey"]))
    assert reasons(signed, key) == []
    digest = told(signed)["hash"]
    true = told(signed)["signedData"]
    forged = signature_of(digest, created=true["created"], software=true["software"], key=OTHER)
    edit(signed, lambda said: said.update(signedData=forged))
    assert reasons(signed) == []
    (found,) = reasons(signed, key)
    assert found.endswith("which is not the key that was given.")
    edit(signed, lambda said: said.pop("signedData"))
    assert reasons(signed) == []
    assert reasons(signed, key) == ["it is not signed."]


def test_the_verifier_alone_says_that_it_does_not_judge_it(signed: Path, tmp_path: Path) -> None:
    program = tmp_path / "verify.pyz"
    write_verifier(program)
    done = run(program, str(signed))
    assert (done.returncode, done.stderr) == (0, "")
    assert "; the signature is not judged here." in done.stdout


def test_the_key_is_made_once_and_only_of_its_kind(tmp_path: Path) -> None:
    log = tmp_path / "keys" / "log.pem"
    first = bundle_key(log)
    assert bundle_key(log).private_numbers() == first.private_numbers()
    assert (tmp_path / "keys" / "bundle.pem").stat().st_mode & 0o777 == 0o600
    signing_key(log)
    (tmp_path / "keys" / "bundle.pem").write_bytes(log.read_bytes())
    with pytest.raises(ConfigError, match="is no key on P-384"):
        bundle_key(log)
