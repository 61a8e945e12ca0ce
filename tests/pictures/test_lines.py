from lantian.pictures.known import Known, Place, joined, lines_at, without_pictures
from lantian.pictures.lines import Line, text_of


def line(text: str, top: int, *, left: int = 10, right: int = 300, height: int = 20) -> Line:
    bottom = top + height
    return Line(text, 0.99, (left, top, right, top, right, bottom, left, bottom))


WRAPPED = (line("内部有人可以加急办", 10), line("理保证授权。", 34, right=200))
APART = (line("商标注册", 10), line("不成功退款", 80))


def test_a_sentence_that_was_wrapped_is_one_and_other_lines_end() -> None:
    assert text_of(WRAPPED)[0] == "内部有人可以加急办理保证授权。"
    assert text_of(APART)[0] == "商标注册\n不成功退款"
    ended = (line("不成功退款。", 10), line("欢迎咨询", 34))
    assert text_of(ended)[0] == "不成功退款。\n欢迎咨询"
    larger = (line("商标注册", 10, height=60), line("三十年老店", 74))
    assert text_of(larger)[0] == "商标注册\n三十年老店"
    beside = (line("左边", 10, right=100), line("右边", 10, left=150))
    assert text_of(beside)[0] == "左边\n右边"


def test_each_place_of_the_text_is_a_line_with_its_box() -> None:
    text, spans = text_of(WRAPPED)
    assert [text[start:end] for start, end in spans] == [one.text for one in WRAPPED]
    start = text.index("办理")
    assert lines_at(WRAPPED, start, start + 2) == (0, 1)
    assert lines_at(WRAPPED, 0, 2) == (0,)
    assert lines_at(APART, 5, 7) == (1,)
    assert Line.of(WRAPPED[0].told()) == WRAPPED[0]


def test_the_text_of_pictures_stands_behind_the_documents_own() -> None:
    known = {
        "a": Known(1, 11, 21, "商标注册\n不成功退款"),
        "b": Known(2),
        "c": Known(3, 13, 23, ""),
        "d": Known(4, 11, 24, "商标注册\n不成功退款"),
    }
    text, places = joined("正文", ["a", "b", "c", "d", "new"], known)
    assert text == "正文\n商标注册\n不成功退款"
    assert places == (
        Place(0, 1, 11, 21, 3, 13),
        Place(1, 2),
        Place(2, 3, 13, 23),
        Place(3, 4, 11, 24),
    )
    assert text[3:13] == known["a"].text
    assert without_pictures(text, [one.start for one in places]) == "正文"
    assert joined("正文", ["b"], known)[0] == without_pictures("正文", [None]) == "正文"
