"""The ZIP of a bundle: read by others, and by us only as we write it."""

import io
import struct
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.evidence.bundle import zipped
from lantian.evidence.bundle.zipped import BadZip, Window, ZipWriter, members_of

FILES = {"a.json": b"{}", "archive/one.warc.gz": bytes(range(256)) * 9, "empty": b""}


def written(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = ZipWriter(out)
    for name, data in files.items():
        writer.add(name, data)
    writer.finish()
    return out.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    handle = io.BytesIO(data)
    members = members_of(handle, len(data))
    return {one.name: Window(handle, one).read(one.size) for one in members}


NAMES = st.from_regex(r"\A[a-z0-9_-]{1,8}(/[a-z0-9]{1,8})?\Z")


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=6))
def test_what_is_written_is_read_by_us_and_by_python(files: dict[str, bytes]) -> None:
    data = written(files)
    assert read(data) == files
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == files


def test_the_same_members_make_the_same_bytes_and_unzip_takes_them(tmp_path: Path) -> None:
    assert written(FILES) == written(dict(FILES))
    (tmp_path / "one.zip").write_bytes(written(FILES))
    subprocess.run(["unzip", "-tqq", str(tmp_path / "one.zip")], check=True)


@pytest.mark.parametrize(
    "limits", [{"LIMIT": 1}, {"LIMIT": 100}, {"LIMIT": 2400}, {"LIMIT_COUNT": 2}]
)
def test_a_large_bundle_is_read_by_us_and_by_python(
    limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = written(FILES)
    for name, value in limits.items():
        monkeypatch.setattr(zipped, name, value)
    data = written(FILES)
    assert len(data) > len(small)
    assert read(data) == FILES
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert {name: other.read(name) for name in other.namelist()} == FILES


def test_every_changed_bit_of_its_headers_is_found() -> None:
    data = written(FILES)
    contents = set()
    for one in members_of(io.BytesIO(data), len(data)):
        contents |= set(range(one.start, one.start + one.size))
    missed = []
    for place in set(range(len(data))) - contents:
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            try:
                found = read(bytes(changed))
            except BadZip:
                continue
            missed.append((place, bit, found))
    assert missed == []


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_raise_anything_but_a_bad_zip(data: bytes, behind: bool) -> None:
    whole = written(FILES) + data if behind else data + b"PK\5\6" + data[:18].ljust(18, b"\0")
    try:
        found = read(whole)
    except BadZip:
        found = None
    assert found is None or (behind and not data) or whole[: len(whole) - 22] == b""


@pytest.mark.parametrize("length", [0, 1, 21, 22, 100, -1, -22, -200])
def test_a_file_that_was_cut_is_named(length: int) -> None:
    data = written(FILES)
    with pytest.raises(BadZip, match="ZIP"):
        read(data[:length])


def by_python(*files: tuple[str, bytes, dict[str, Any]]) -> bytes:
    """A ZIP with oddities, as Python's writer makes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        for name, content, odd in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o100644 << 16
            for key, value in odd.items():
                setattr(info, key, value)
            other.writestr(info, content)
    return out.getvalue()


def encrypted() -> bytes:
    data = bytearray(by_python(("a", b"x", {})))
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def overlapping() -> bytes:
    data = bytearray(written({"a": b"x" * 99, "b": b"y" * 99}))
    second = data.rindex(b"PK\1\2")
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    return bytes(data)


@pytest.mark.parametrize(
    "data, member, reason",
    [
        (by_python(("../a", b"x", {})), "'../a'", "lead out"),
        (by_python(("/etc/a", b"x", {})), "'/etc/a'", "lead out"),
        (by_python(("a/../../b", b"x", {})), "'a/../../b'", "lead out"),
        (by_python(("a\\b", b"x", {})), "'a\\\\b'", "lead out"),
        (by_python(("C:a", b"x", {})), "'C:a'", "lead out"),
        (by_python((".hidden", b"x", {})), "'.hidden'", "lead out"),
        (by_python(("a/", b"", {})), "'a/'", "lead out"),
        (by_python(("a", b"/etc", {"external_attr": 0o120777 << 16})), "a", "symbolic link"),
        (
            by_python(("a", bytes(50_000_000), {"compress_type": zipfile.ZIP_DEFLATED})),
            "a",
            "is compressed",
        ),
        (encrypted(), "a", "is encrypted"),
        (by_python(("a", b"x", {"comment": b"hi"})), "a", "not as Lantian writes it"),
        (by_python(("a", b"x", {"extra": b"\1\2\0\0"})), "a", "not as Lantian writes it"),
        (written({"a": b"x", "A": b"y"}), "A", "two members of this name"),
        (overlapping(), "b", "overlap or lie between"),
        (b"before" + written({"a": b"x"}), "ZIP", "ending was changed"),
        (written({"a": b"x"}) + b"behind", "ZIP", "something was put behind it"),
    ],
)
def test_a_zip_that_is_not_ours_is_refused_by_name(data: bytes, member: str, reason: str) -> None:
    with pytest.raises(BadZip) as refused:
        read(data)
    assert refused.value.member == member
    assert reason in refused.value.reason


def test_a_member_that_is_not_as_long_as_told_is_an_error_of_ours() -> None:
    writer = ZipWriter(io.BytesIO())
    with pytest.raises(ValueError, match="2 bytes came, 3 were told"), writer.stream("a", 3) as out:
        out.write(b"xx")
    with pytest.raises(ValueError, match="no name for a member"):
        writer.add("../a", b"")
