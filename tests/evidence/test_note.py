"""Signed notes and checkpoints, by what others have published."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lantian.evidence.checkpoint import Checkpoint, read_checkpoint
from lantian.evidence.ed25519 import _ORDER as ORDER
from lantian.evidence.ed25519 import holds, holds_in_python
from lantian.evidence.note import BadNote, Verifier, opened, signed, text_of

# From the tests of Go's golang.org/x/mod/sumdb/note.
NAME = "PeterNeumann"
TOLD = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNATURE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
    "pRZb6KE6RyyBwJnAM=\n"
)
NOTE = f"{TEXT}\n{SIGNATURE}"
# The example of C2SP tlog-checkpoint.
POINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_published_note_opens_and_is_signed_again_byte_by_byte() -> None:
    verifier = Verifier.read(TOLD)
    assert (verifier.name, verifier.told) == (NAME, TOLD)
    assert opened(NOTE, [verifier]) == TEXT
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(PRIVATE)[1:])
    assert Verifier(NAME, key.public_key().public_bytes_raw()).told == TOLD
    assert signed(TEXT, NAME, key) == NOTE


def test_the_published_checkpoint_is_read_and_written_as_it_is() -> None:
    found = read_checkpoint(text_of(POINT))
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.text == text_of(POINT)
    assert read_checkpoint(found.text + "a further line\n") == found


def test_signatures_of_others_are_no_fault_and_nobody_known_is() -> None:
    other = POINT.rpartition("\n\n")[2]
    assert opened(NOTE + other, [Verifier.read(TOLD)]) == TEXT
    with pytest.raises(BadNote, match="nobody whose key is known"):
        opened(POINT, [Verifier.read(TOLD)])


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        NOTE[:-1],
        NOTE.replace("cryptography", "Cryptography"),
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("then", "then\x00"),
        NOTE.replace("\u2014", "--"),
        NOTE.replace("x08go", "x08gp"),
        NOTE.replace("wJnAM=", "wJnAN="),
        NOTE.replace(" x08go", " "),
        NOTE + SIGNATURE * 101,
    ],
)
def test_a_note_that_was_changed_does_not_open(note: str) -> None:
    with pytest.raises(BadNote):
        opened(note, [Verifier.read(TOLD)])


@pytest.mark.parametrize(
    "told",
    ["", "PeterNeumann", TOLD.replace("c74f20a3", "c74f20a4"), TOLD[:-4], "a b+00000000+AA=="],
)
def test_a_key_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(BadNote):
        Verifier.read(told)


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n1\n", "a\n0\nAAAA\n", "a\n01\n" + "A" * 43 + "=\n", "\n1\n" + "A" * 43 + "=\n",
        "a\n1\n" + "A" * 40 + "\n", "a\n-1\n" + "A" * 43 + "=\n", "a\n1\n!\n",
        "a\n1\n" + "A" * 43 + "=\n\nb\n",
    ],
)  # fmt: skip
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_checkpoint(text)


def test_nothing_is_signed_that_could_be_read_otherwise() -> None:
    key = Ed25519PrivateKey.generate()
    for text, name in (("a", "b"), ("a\x01\n", "b"), ("a\n", "b c"), ("a\n", "b+c"), ("a\n", "")):
        with pytest.raises(ValueError, match="cannot be signed"):
            signed(text, name, key)
    point = Checkpoint("log", 3, bytes(32))
    verifier = Verifier("log", key.public_key().public_bytes_raw())
    assert read_checkpoint(opened(point.signed(key), [verifier])) == point


def test_a_signature_is_judged_alike_without_any_library() -> None:
    for seed in range(4):
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public, text = key.public_key().public_bytes_raw(), b"x" * seed
        signature = key.sign(text)
        assert holds_in_python(public, text, signature)
        assert not holds_in_python(public, text + b" ", signature)
        for place in (0, 31, 32, 63):
            bent = bytearray(signature)
            bent[place] ^= 0x81
            assert not holds_in_python(public, text, bytes(bent))
            assert not holds(public, text, bytes(bent))
        assert not holds_in_python(public[:-1], text, signature)
        assert not holds_in_python(b"\xff" * 32, text, signature)
        other = key.sign(b"other")[:32] + signature[32:]
        assert not holds_in_python(public, text, other)
        # The same factor a whole order later would be a second spelling of the signature.
        factor = int.from_bytes(signature[32:], "little") + ORDER
        assert not holds_in_python(public, text, signature[:32] + factor.to_bytes(32, "little"))
