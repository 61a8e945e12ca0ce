"""A compiled matcher as bytes: what is refused, whatever it holds."""

import hashlib
import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matchers import pack as packs
from matchers.errors import DamagedMatcher
from matchers.pack import Pack, code_digest
from matchers.scan import Matcher

START = 8 + 32


@pytest.fixture(scope="module")
def portable(pack: Pack) -> bytes:
    return Matcher.compile(pack, engine="ahocorasick_rs").to_bytes()


def changed(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """`data` with another head, and a digest that fits it."""
    body = zlib.decompress(data[START:])
    (size,) = struct.unpack_from("<Q", body)
    head = json.loads(body[8 : 8 + size])
    change(head)
    part = json.dumps(head).encode()
    body = struct.pack("<Q", len(part)) + part + body[8 + size :]
    return data[:8] + hashlib.sha256(body).digest() + zlib.compress(body)


def test_the_head_may_be_written_again(portable: bytes) -> None:
    assert Matcher.from_bytes(changed(portable, lambda head: None)).scan("专利包授权").hits


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head.update(code="sha256:other"),
        lambda head: head.update(machine="Other machine"),
        lambda head: head.update(engines=["none such"] * 3),
        lambda head: head.update(engines=["ahocorasick_rs"]),
        lambda head: head.pop("code"),
        lambda head: head.pop("evasions"),
        lambda head: head.update(evasions=[]),
        lambda head: head.update(characters={}),
        lambda head: head.update(groups={}),
        lambda head: head["claims"][0].pop("rules"),
        lambda head: head.clear(),
    ],
)
def test_a_head_that_does_not_fit_is_refused(portable: bytes, change: Any) -> None:
    with pytest.raises(DamagedMatcher, match="Compile the pack again"):
        Matcher.from_bytes(changed(portable, change))


def test_bytes_without_their_parts_are_refused(portable: bytes) -> None:
    body = zlib.decompress(portable[START:])
    (size,) = struct.unpack_from("<Q", body)
    for short in (body[: 8 + size], body[: 8 + size + 8], body[:4], b""):
        data = portable[:8] + hashlib.sha256(short).digest() + zlib.compress(short)
        with pytest.raises(DamagedMatcher, match="Compile the pack again"):
            Matcher.from_bytes(data)


def test_a_fast_engines_bytes_that_are_none_are_refused(matcher: Matcher) -> None:
    data = matcher.to_bytes()
    body = zlib.decompress(data[START:])
    short = body[:-4_000] + b"\xff" * 4_000
    with pytest.raises(DamagedMatcher, match="Compile the pack again"):
        Matcher.from_bytes(data[:8] + hashlib.sha256(short).digest() + zlib.compress(short))


def test_the_digest_of_the_code_is_of_every_module(tmp_path: Path) -> None:
    folder = tmp_path / "matchers"
    shutil.copytree(Path(packs.__file__).parent, folder)
    assert code_digest(folder) == code_digest()
    seen = {code_digest()}
    for module in sorted(folder.glob("*.py")):
        module.write_text(module.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
        seen.add(code_digest(folder))
    assert len(seen) == 1 + len(list(folder.glob("*.py")))
