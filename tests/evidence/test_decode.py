"""Content codings of kept bodies."""

import gzip
import sys
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import Unreadable
from lantian.evidence import decode
from lantian.evidence.decode import decoded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@given(st.binary(max_size=5000))
def test_what_was_packed_is_unpacked(data: bytes) -> None:
    assert decoded(data, "") == data
    assert decoded(data, "identity") == data
    assert decoded(gzip.compress(data), "GZIP") == data
    assert decoded(zlib.compress(data), "deflate") == data
    assert decoded(brotli.compress(data), "br") == data
    assert decoded(zstd.compress(data), "zstd") == data
    assert decoded(zstd.compress(data) + zstd.compress(data), "zstd") == data + data
    assert decoded(zlib.compress(gzip.compress(data)), "gzip, deflate") == data
    assert decoded(gzip.compress(data) + gzip.compress(data), "gzip") == data + data


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "zstd", "x"]))
def test_no_body_raises_anything_but_unreadable(data: bytes, coding: str) -> None:
    try:
        found = decoded(data, coding)
    except Unreadable:
        found = b""
    assert isinstance(found, bytes)


def test_a_body_cut_short_is_read_as_far_as_it_goes() -> None:
    assert decoded(gzip.compress(b"x" * 100_000)[:-9], "gzip").startswith(b"xxx")
    assert decoded(zstd.compress(b"x" * 1_000_000)[:-3], "zstd").startswith(b"xxx")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_not_unpacked(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "MOST", 1_000_000)
    data = b"\0" * 30_000_000
    packed = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda plain: brotli.compress(plain, quality=1),
        "zstd": zstd.compress,
    }[coding](data)
    with pytest.raises(Unreadable, match="unpacks to more than"):
        decoded(packed, coding)
