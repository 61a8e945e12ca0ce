"""The text of a page, as a reader would copy it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from lantian.reading.text import block_text, clean_text


def text_of(html: str, *, without: str = "") -> str:
    tree = LexborHTMLParser(html, scripting=True)
    body = tree.body
    assert body is not None
    return block_text(body, hidden=True, without=tree.css(without) if without else ())


@pytest.mark.parametrize(
    "html, text",
    [
        ("包<b>授</b>权", "包授权"),
        ("包<x-any>授</x-any><i></i>权", "包授权"),
        ("包<!-- 间隔 -->授权", "包授权"),
        ("包<wbr>授<img src=a>权", "包授权"),
        ("包<span style='DISPLAY: none'>x</span><i hidden>y</i>授权", "包授权"),
        ("包<script>x</script>授<style>y</style>权", "包授权"),
        ("<div>包</div>授权", "包\n授权"),
        ("包<p>授</p>权", "包\n授\n权"),
        ("<a><div>包</div></a>授权", "包\n授权"),
        ("包<br>授权<hr>专利", "包\n授权\n专利"),
        ("<ul><li>一<li>二</ul>", "一\n二"),
        ("<table><tr><th>甲<td>乙<tr><td>丙</table>", "甲\t乙\n丙"),
        ("<pre>一\n二  三</pre>", "一\n二 三"),
        ("<div> 一 \n\t 二 </div>", "一 二"),
        ("<div>一&nbsp;　二</div>", "一 二"),
        ("<template>藏</template><noscript>藏</noscript><svg><text>藏</text></svg>见", "见"),
        ("<div style='display:none'>折叠的内容</div>见", "折叠的内容\n见"),
        ("<select><option>甲<option>乙</select>", "甲\n乙"),
        ("包\u200b授权", "包\u200b授权"),
        ("&lt;b&gt;包授权", "<b>包授权"),
        ("", ""),
        ("</p></div>包授权<unclosed", "包授权"),
    ],
)
def test_text_reads_as_it_is_shown(html: str, text: str) -> None:
    assert text_of(html) == text


def test_elements_can_be_left_out() -> None:
    html = "<p>正文<span class=ad>广告</span></p><div class=ad>广告</div>"
    assert text_of(html, without=".ad") == "正文"


@given(st.lists(st.sampled_from("包授权不成退款"), min_size=1), st.data())
def test_inline_elements_never_tear_a_word(letters: list[str], data: st.DataObject) -> None:
    inline = st.sampled_from(
        ["{}", "<b>{}</b>", "<font color=red>{}</font>", "<!--x-->{}", "<q1>{}</q1>"]
    )
    html = "".join(data.draw(inline).format(letter) for letter in letters)
    assert text_of(f"<div>{html}</div>") == "".join(letters)  # fmt: skip


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_the_text_holds_nothing_that_a_store_refuses(text: str) -> None:
    found = clean_text(text_of(f"<p>{text}</p>"))
    assert "\0" not in found
    found.encode()


def test_lone_surrogates_and_nul_are_taken_out() -> None:
    assert clean_text("包\0授\ud800权") == "包授\ufffd权"
    assert clean_text("😀") == "😀"
