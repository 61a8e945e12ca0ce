"""The key of an address: the one that pywb looks up by."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.evidence.surt import key_of

ADDRESSES = {
    "https://shop.example/goods/1": "example,shop)/goods/1",
    "http://WWW2.Shop.example:80/A/B/?b=2&a=1#c": "example,shop)/a/b?a=1&b=2",
    "https://me:word@shop.example:8443": "example,shop:8443)/",
    "https://shop.example/a//b/../c/./d/": "example,shop)/a/c/d",
    "https://商标.example/商品?问=1": "example,xn--czr694b)/%e5%95%86%e5%93%81?%e9%97%ae=1",
    "https://shop.example/%E5%95%86%7e%2561%ZZ": "example,shop)/%e5%95%86~a%25zz",
    "https://shop.example/a?x=%20y+z&": "example,shop)/a?&x=%20y+z",
    f"https://shop.example/a?PHPSESSID={'0a' * 16}&x=1": "example,shop)/a?x=1",
    f"https://shop.example/a?jsessionid={'0a' * 16}": "example,shop)/a",
    "https://shop.example/a?cfid=1&cftoken=2&z": "example,shop)/a?z",
    f"https://shop.example/(S({'0a' * 12}))/a.aspx": "example,shop)/a.aspx",
    "https://1.2.3.4/a": "4,3,2,1)/a",
    "https://[::1]:8080/a": "::1:8080)/a",
    "https://shop..example./": "example,shop)/",
    "urn:dom:https://shop.example/Goods/1/?b=2&a=1": "urn:dom:https://shop.example/goods/1?a=1&b=2",
    "urn:screenshot:https://shop.example/": "urn:screenshot:https://shop.example",
    "urn:uuid:123": "urn:uuid:123",
}
ASK_PYWB = """
import json, sys
from pywb.utils.canonicalize import canonicalize
print(json.dumps([canonicalize(url) for url in json.load(sys.stdin)]))
"""


@pytest.mark.parametrize("url, key", ADDRESSES.items())
def test_an_address_has_its_key(url: str, key: str) -> None:
    assert key_of(url) == key


def test_pywb_looks_up_by_the_same_keys(pywb_python: Path) -> None:
    done = subprocess.run(
        [str(pywb_python), "-c", ASK_PYWB],
        input=json.dumps(list(ADDRESSES)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert dict(zip(ADDRESSES, json.loads(done.stdout), strict=True)) == ADDRESSES


@given(st.text(max_size=60), st.sampled_from(["https://a.example/", "https://", "urn:", ""]))
def test_whatever_comes_the_key_is_one_word_of_ascii(text: str, before: str) -> None:
    key = key_of(before + text)
    assert key.isascii()
    assert not any(char.isspace() or not char.isprintable() for char in key)
