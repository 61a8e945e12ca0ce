"""Bytes to text, whatever the page declares."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lantian.reading.charset import Decoded, decode, rubbish

SIMPLIFIED = "本店代理发明专利,郑重承诺包授权,不成功全额退款,欢迎咨询。"
TRADITIONAL = "本店代理發明專利,鄭重承諾包授權,不成功全額退費,歡迎諮詢。"
LABELS = ["utf-8", "gb2312", "gbk", "gb18030", "big5", "iso-8859-1", "windows-1252", "utf-16"]
FOREIGN = ["shift_jis", "euc-kr", "windows-1251", "koi8-r", "x-unknown", "utf-7", ""]

common = st.text(
    st.sampled_from(
        "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处"
    ),
    min_size=1,
)


def typed(label: str) -> str:
    return f"text/html; charset={label}" if label else "text/html"


def html(text: str) -> str:
    return f"<html><head><title>x</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize("label", LABELS + FOREIGN)
@pytest.mark.parametrize(
    "text, real",
    [
        (SIMPLIFIED, "utf-8"),
        (SIMPLIFIED, "gbk"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"),
        (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gbk"),
    ],
)
def test_a_wrongly_declared_page_keeps_its_claims(text: str, real: str, label: str) -> None:
    decoded = decode(html(text).encode(real), typed(label))
    assert decoded.text == html(text)
    assert not decoded.fault


@pytest.mark.parametrize("label", LABELS)
def test_a_wrong_meta_counts_no_more_than_a_wrong_header(label: str) -> None:
    page = html(SIMPLIFIED).replace("<title>", f'<meta charset="{label}"><title>')
    assert decode(page.encode("gbk"), "text/html") == Decoded(page, "gb18030")


def test_gb2312_means_gb18030_as_in_browsers() -> None:
    page = html("镕堃喆,罕见字㐂与䶮,保证授权的公司")
    assert decode(page.encode("gb18030"), typed("gb2312")) == Decoded(page, "gb18030")


def test_a_profile_may_name_the_character_set() -> None:
    assert decode("专利".encode("big5hkscs", "ignore") + b"x", "text/html", "big5").charset == (
        "big5hkscs"
    )


@given(common)
@example("专利")
def test_utf_8_comes_back_whatever_is_declared(text: str) -> None:
    for label in (*LABELS, *FOREIGN):
        assert decode(text.encode(), typed(label)) == Decoded(text, "utf-8")


@given(common)
def test_gbk_comes_back_where_it_is_declared(text: str) -> None:
    # Few bytes of GBK may be good UTF-8 by chance; a page has its markup and more text.
    page = html(f"{text}{SIMPLIFIED}")
    for label in ("gbk", "gb2312", "gb18030"):
        assert decode(page.encode("gb18030"), typed(label)).text == page


@given(st.text(st.sampled_from(TRADITIONAL + "臺灣專業團隊服務價格優惠"), min_size=1))
def test_big5_comes_back_where_it_is_declared(text: str) -> None:
    page = html(f"{text}{TRADITIONAL}")
    assert decode(page.encode("big5"), typed("big5")).text == page


@given(st.binary(max_size=300), st.sampled_from(LABELS + FOREIGN))
@example(b"\xff\xfe\xff", "utf-8")
@example(b"\x81", "gbk")
def test_no_bytes_raise(body: bytes, label: str) -> None:
    decoded = decode(body, typed(label))
    assert decoded.fault in {"", "charset", "binary"}
    assert decoded.charset or decoded.fault == "binary"


def test_a_byte_order_mark_decides() -> None:
    assert decode(b"\xef\xbb\xbf" + "专利".encode(), typed("gbk")) == Decoded("专利", "utf-8")
    assert decode("\ufeff专利".encode("utf-16-be"), typed("gbk")) == Decoded("专利", "utf-16-be")


def test_a_page_cut_in_a_character_is_still_read() -> None:
    body = html(SIMPLIFIED * 20).encode()[:-40] + "专".encode()[:2]
    decoded = decode(body, typed("utf-8"))
    assert (decoded.charset, decoded.fault) == ("utf-8", "")
    assert decoded.text.count("\ufffd") == 1


def test_a_stretch_of_gbk_in_a_page_of_utf_8_is_read_too() -> None:
    body = f"<p>{SIMPLIFIED * 5}</p><p>".encode() + "包授权".encode("gbk") + b"</p>"
    decoded = decode(body, typed("utf-8"))
    assert decoded == Decoded(f"<p>{SIMPLIFIED * 5}</p><p>包授权</p>", "utf-8")


def test_a_stretch_of_gbk_that_begins_as_utf_8_does_is_read_whole() -> None:
    # The first two bytes of 专利 are a Hebrew letter in UTF-8, and 号 alone is two bytes.
    page = f"<p>{SIMPLIFIED * 5}</p>".encode()
    decoded = decode(page + "<b>专利包授权</b>第3号".encode("gbk"), typed("utf-8"))
    assert decoded.text.endswith("<b>专利包授权</b>第3号")
    assert "\ufffd" not in decoded.text


@pytest.mark.parametrize(
    "text, charset",
    [
        ("Ça été très français, où l’élève a été reçu", "windows-1252"),
        ("Привет, как дела, это русский текст", "windows-1251"),
        ("これは日本語のテキストです。特許出願の代理をします", "shift_jis"),
    ],
)
def test_other_languages_are_left_as_they_are_declared(text: str, charset: str) -> None:
    assert decode(html(text).encode(charset), typed(charset)).text == html(text)


@pytest.mark.parametrize(
    "body",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1",
        b"PK\x03\x04\x14\0\0\0\x08\0" * 9,
        bytes(range(32)) * 8,
    ],
)
def test_what_is_no_text_is_binary(body: bytes) -> None:
    assert decode(body, "text/html").fault == "binary"


def test_what_no_character_set_makes_sense_of_is_never_clean() -> None:
    body = bytes((i * 7919 + 13) % 95 + 161 for i in range(3000))
    assert decode(b"<p>" + body, "text/html").fault == "charset"


@pytest.mark.parametrize("unit", [b"\x81a", b"\xff"])
def test_a_page_of_nonsense_costs_no_more_than_another(unit: bytes) -> None:
    assert decode(b"<p>" + unit * 300_000, "text/html; charset=utf-8").fault


def test_rubbish_is_told_from_text() -> None:
    assert rubbish(SIMPLIFIED) == rubbish(TRADITIONAL) == rubbish("plain") == 0
    assert rubbish(SIMPLIFIED.encode().decode("gbk", "replace")) > 0.3
    assert rubbish(SIMPLIFIED.encode("gbk").decode("latin-1")) > 0.3
    assert rubbish(SIMPLIFIED.encode("gbk").decode("utf-8", "replace")) > 0.3
