"""What must not be read in a process that others wait for."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from lantian.reading import RawPage, needs_child
from lantian.reading.limits import DEEPEST, LARGEST, nesting

Page = Callable[..., RawPage]


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 600,
        "<div></b>" * 600,
        "<x></y><x></z>" * 300,
        "<DIV\n class=a>" * 600,
        "<table><tr><td>" * 150,
        "<script></script>" * 600 + "<b>" * 600,
        "<div " + " ".join(f"a{n}=1" for n in range(2000)) + ">",
        "<p " + "x " * 3000 + ">",
        "<div>" + "".join(f"<b id={n}>" for n in range(400)) + "</div>" + "<p>x</p>" * 9000,
        ("<b>" + "<div>" * 8 + "</b>" + "</div>" * 8) * 1200,
        " " * (LARGEST + 1),
    ],
    ids=lambda body: body[:24],
)
def test_what_could_stall_a_reader_goes_to_the_child(page: Page, body: str) -> None:
    assert needs_child(page(body))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<p>一<p>二" * 2000,
        "<ul>" + "<li>一" * 3000 + "</ul>",
        "<br><img src=a><input>" * 2000,
        "<table>" + "<tr><td>一<td>二" * 3000 + "</table>",
        "<div><span>一</span></div>" * 3000,
        "<script>" + "document.write('<div>');" * 3000 + "</script><p>一",
        "<!--" + "<div>" * 3000 + "--><p>一",
        "<img src='data:image/png;base64," + "A" * 200_000 + "'>",
        "<p>" + "一 二 " * 20_000,
        "<div>" * 400 + "一" + "</div>" * 400,
    ],
    ids=lambda body: body[:24],
)
def test_ordinary_pages_are_read_in_place(page: Page, body: str) -> None:
    assert not needs_child(page(body))


def depth(node: LexborNode) -> int:
    deepest, level = 0, [node]
    while level:
        level = [child for parent in level for child in parent.iter()]
        deepest += 1
    return deepest


TAGS = ["div", "section", "b", "p", "li", "ul", "table", "td", "span", "x-y", "a", "dd", "br"]
PIECES = st.lists(st.tuples(st.sampled_from(["", "/"]), st.sampled_from(TAGS)), max_size=60)


@given(PIECES)
def test_no_page_is_nested_deeper_than_counted(pieces: list[tuple[str, str]]) -> None:
    html = "".join(f"<{close}{name}>" for close, name in pieces)
    body = LexborHTMLParser(html).body
    assert body is not None
    # A list item, cell or paragraph adds a level only inside an element that is counted.
    assert depth(body) <= 2 * nesting(html.encode()) + 6


@given(st.binary(max_size=400))
def test_no_bytes_raise(body: bytes) -> None:
    assert nesting(body) <= max(len(body), DEEPEST + 1)
