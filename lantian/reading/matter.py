"""What matters of a text: without counters, times, and lists of recommendations.

A page whose exact text changed may say nothing new: it was read once more, its time stamp says
"5 分钟前" now, other goods are recommended. Whatever is taken for noise is told by its place, so
that whoever finds a claim in it knows that it is none (`in_noise`).
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from lantian.reading.digest import picture_paths
from lantian.reading.page import ReadDocument, Reading

Spans = tuple[tuple[int, int], ...]
"""Half-open code points of a text, in order, none touching another."""

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:[ ]?[万千亿wkWK])?\+?")
# 3 个月, 24 小时, 99%: what is promised, never how often a page was read.
_PROMISE = re.compile(
    r"[ ]?(?:[,.:：/-]?\d|[%％‰折元]|个?(?:月|工作日|小时|星期|年)|[年月日天周]|分钟|秒)"
)
_AGO = re.compile(
    r"\d+[ ]?(?:秒钟?|分钟?|个?小时|天|日|周|个?星期|个?月|年)(?:之前|以前|前)"
    r"|\d+[ ](?:sec(?:ond)?|min(?:ute)?|hour|day|week|month|year)s?[ ]ago\b"
)
_CLOCK = r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
_DATE = re.compile(
    r"(?:19|20)\d\d[ ]?[-/.年][ ]?\d{1,2}[ ]?[-/.月][ ]?\d{1,2}[ ]?日?(?:[T ]*" + _CLOCK + r")?"
    r"|\d{1,2}[-/月]\d{1,2}日?[ ]+" + _CLOCK + r"|" + _CLOCK
)
_COUNTED = (
    *("浏览", "阅读", "查看", "点击", "访问", "围观", "人气", "热度", "点赞", "喜欢", "收藏"),
    *("关注", "粉丝", "回复", "回帖", "评论", "转发", "分享", "下载", "播放", "已售", "售出"),
    *("销量", "付款", "收货", "想要"),
)
_COUNTED_EN = ("view", "read", "like", "reply", "replies", "comment", "share", "follower", "sold")
_COUNT_WORDS = ("次数", "人数", "总数", "量", "数", "")
_BEFORE = tuple(name + more for name in _COUNTED for more in _COUNT_WORDS) + tuple(
    spelt
    for name in _COUNTED_EN
    for spelt in (name, f"{name}s", name.capitalize(), f"{name.capitalize()}s")
)
"""What stands before a counter: 浏览(1,234), Views: 20."""
_AFTER = re.compile(
    rf"[ ]?(?:人次|[次人位条个件笔单名])?已?(?:{'|'.join(_COUNTED)})(?![ ]?[:：]?[ ]?\d)"
    rf"|[ ](?:{'|'.join(_COUNTED_EN)})s?\b"
)
"""What stands behind a counter: 1.2万人付款, 20 views."""
_UNIT = re.compile(r"[ ]?(?:人次|[次人条个件笔单])?[)）\]]?")
_TIME_LABELS = tuple(
    what + mark
    for what in ("发表", "发布", "更新", "编辑", "修改", "回复", "上架", "刷新")
    for mark in ("于", "时间", "日期")
)
_RELATIVE_DAYS = ("今天", "昨天", "前天")
_TIME_LINE = re.compile(
    r"(?:时间|日期|发表|发布|更新|编辑|posted|updated|on|at|于|[:：·|\s-])*", re.IGNORECASE
)
_NOW = re.compile("刚刚|刚才|(?:半个?小时|半天)(?:之前|以前|前)|just now")
_NOW_LETTERS = "刚半j"
"""One of these is in each of them: a letter is found faster than a word."""
_RECOMMENDED = frozenset(
    [
        *("猜你喜欢", "看了又看", "大家都在看", "为您推荐", "为你推荐", "热门排行", "热销排行"),
        *("友情链接", "you may also like", "recommended", "recommended for you"),
        *(
            f"{which}{what}"
            for which in ("相关", "热门", "精彩", "精选", "最新", "更多", "同类", "站内", "本周")
            for what in ("推荐", "阅读", "文章", "商品", "宝贝", "帖子", "话题", "主题", "内容")
        ),
        *(f"related {what}" for what in ("articles", "posts", "products", "items", "topics")),
    ]
)
"""Lines under which a site puts what else it has."""
_AROUND_HEADING = " \t\r\n:：·|>»…-—*#[]【】《》"
_SENTENCE = re.compile(r"[。！？；!?;]")
_MOST_LINES = 50
"""Lines of one list of recommendations."""
_LONGEST_HEADING = 40
_LONGEST = 60
"""Characters of a line in such a list; a longer one ends it."""
_LOOK_BACK = 14
"""Characters before a number in which its label stands."""
_AFTER_LABEL = " :：(（["
_IN_FRONT = frozenset(_AFTER_LABEL) | {one[-1] for one in _BEFORE}
"""Before a number that may be a counter for what stands there is one of these."""
_BEHIND = (
    frozenset(" -/.:：年月日周天星个小分秒人次位条件笔单名已")
    | {one[0] for one in _COUNTED}
    | {"e"}
)
"""Behind any other counter or time is one of these; an `e` where "3 w" was read of "3 weeks"."""


def noise(text: str) -> Spans:
    """Where the text holds what changes by itself: linear in its length."""
    found: list[tuple[int, int]] = []
    end = 0
    # From number to number: most of a text is never looked at, nor are most of its numbers.
    for number in _NUMBER.finditer(text):
        start, stop = number.span()
        if text[stop : stop + 1] not in _BEHIND and text[start - 1 : start] not in _IN_FRONT:
            continue
        if start >= end:
            span = _around(text, number)
            if span is not None:
                found.append(span)
                end = span[1]
    if any(letter in text for letter in _NOW_LETTERS):
        found += (match.span() for match in _NOW.finditer(text))
    found += _recommendations(text)
    return _joined(found)


def _around(text: str, number: re.Match[str]) -> tuple[int, int] | None:
    """The counter or time that begins at a number, with its label; none if it is neither."""
    start, end = number.span()
    # 12月31日前 is a day and no time ago.
    ago = _AGO.match(text, start) if text[start - 1 : start] not in _PART_OF_DATE else None
    if ago is not None:
        return ago.span()
    label = text[max(0, start - _LOOK_BACK) : start].rstrip(_AFTER_LABEL)
    before = start - len(text[max(0, start - _LOOK_BACK) : start]) + len(label)
    date = _DATE.match(text, start)
    if date is not None:
        for labels in (_TIME_LABELS, _RELATIVE_DAYS):
            if label.endswith(labels):
                return before - _length(label, labels), date.end()
        return _time_line(text, start, date.end())
    after = _AFTER.match(text, end)
    if after is not None:
        return start, after.end()
    if label.endswith(_BEFORE) and _PROMISE.match(text, end) is None:
        unit = _UNIT.match(text, end)
        return before - _length(label, _BEFORE), unit.end() if unit is not None else end
    return None


_PART_OF_DATE = ("月", "年", "-", "/", ".")


def _length(label: str, endings: tuple[str, ...]) -> int:
    return max(len(one) for one in endings if label.endswith(one))


def _time_line(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The line, if it holds a time and nothing else."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    last = len(text) if last < 0 else last
    if text[end:last].strip() or start - first > _LONGEST:
        return None
    return (first, last) if _TIME_LINE.fullmatch(text, first, start) else None


def matter(text: str) -> str:
    """The text without its noise, white space made one space."""
    spans = noise(text)
    ends = [0, *(place for span in spans for place in span), len(text)]
    kept = [text[start:end] for start, end in list(pairwise(ends))[::2]]
    # A mark where something was: what stood before and behind it does not become one word.
    return " ".join(" ".join(kept).split())


def text_matter_digest(text: str) -> str:
    """The SHA-256 ("sha256:…") of what matters of a text."""
    return _digest(matter(text))


def matter_digest(reading: Reading, documents: Sequence[str] = ()) -> str:
    """The SHA-256 ("sha256:…") of what matters on a page, beside its exact `content_digest`.

    The same documents by key, kind, seller and price with the same texts and fields, as far as they
    matter; when something was posted does not. On a page without documents, its links and outcome.
    `documents` are the digests of their texts, where they are known.
    """
    digests = documents or [text_matter_digest(one.text) for one in reading.documents]
    content: list[object] = [
        reading.outcome_hint,
        (reading.unreadable or "").partition(":")[0],
        [
            [digest, *told(one, reading)]
            for digest, one in zip(digests, reading.documents, strict=True)
        ],
    ]
    if not reading.documents:
        content.append(sorted({f"{link.role} {link.url}" for link in reading.links}))
        if not reading.links:
            content.append(matter(reading.text))
    return _digest(json.dumps(content, ensure_ascii=False, sort_keys=True))


def told(document: ReadDocument, reading: Reading) -> list[object]:
    """What matters of a document beside its text."""
    return [
        document.posting_key,
        document.kind,
        matter(document.title),
        document.seller_key,
        document.seller_name,
        document.price,
        steady_fields(document.fields, reading.volatile),
        *([picture_paths(document)] if document.pictures else []),
    ]


def steady_fields(fields: dict[str, str], volatile: Iterable[str]) -> dict[str, str]:
    """The fields that do not change by themselves, as far as they matter."""
    left_out = frozenset(volatile)
    return {name: matter(value) for name, value in fields.items() if name not in left_out}


def in_noise(spans: Spans, start: int, end: int) -> bool:
    """Whether some of the code points from `start` up to `end` lie in noise."""
    number = bisect_right(spans, start, key=lambda span: span[1])
    return number < len(spans) and spans[number][0] < end


def _recommendations(text: str) -> list[tuple[int, int]]:
    """The lists under headings such as "相关推荐": short lines without a sentence."""
    found = []
    place, begun, lines = 0, -1, 0
    for line in text.splitlines(keepends=True):
        end = place + len(line)
        if len(line) <= _LONGEST_HEADING and _is_heading(line):
            begun, lines = end, 0
        elif begun >= 0:
            lines += bool(line.strip())
            if lines > _MOST_LINES or len(line.strip()) > _LONGEST or _SENTENCE.search(line):
                begun = -1
            elif line.strip():
                found.append((place, end))
        place = end
    return found


def _is_heading(line: str) -> bool:
    return line.strip(_AROUND_HEADING).lower() in _RECOMMENDED


def _joined(spans: list[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
