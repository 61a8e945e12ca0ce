"""Cleaning of single values: numbers, prices, times."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from html import unescape
from unicodedata import normalize
from urllib.parse import parse_qs, urljoin, urlsplit

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from lantian.clock import SHANGHAI
from lantian.errors import Invalid
from lantian.reading.address import AddressRules, canonical
from lantian.reading.jsonvalues import first_in
from lantian.reading.limits import is_costly
from lantian.reading.select import Clean, Step
from lantian.reading.text import block_text, has_hidden, one_line

_TAG = re.compile(r"<[^<>]*>")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_WAN = {"万": 4, "萬": 4, "千": 3, "亿": 8, "億": 8}
_DATE = re.compile(
    r"(?<!\d)(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)\s*日?[T\s]*"
    r"(?:(上午|下午)?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})?\s*(?:[:分]\s*(\d{1,2}))?(?:[.,]\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_ICP = re.compile(
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼])\s?ICP\s?([备证])\s?(\d{6,12})\s?号?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")


def cleaned(value: str, steps: Iterable[Clean], base: str, rules: AddressRules) -> str:
    """The value after the profile's steps; `base` is the page's address."""
    value = value.strip()
    for step in steps:
        value = (
            _by_word(value, step) if isinstance(step, Step) else _by_name(value, step, base, rules)
        ).strip()
    return value


def _by_word(value: str, step: Step) -> str:
    if step.after is not None:
        return value.partition(step.after)[2] if step.after in value else value
    if step.before is not None:
        return value.partition(step.before)[0]
    if step.drop is not None:
        return value.replace(step.drop, "")
    if step.prefix is not None:
        return step.prefix + value if value else ""
    if step.json_value is not None:
        return first_in(value, step.json_value)
    try:
        parts = urlsplit(value)
        if step.query is not None:
            return parse_qs(parts.query, max_num_fields=200).get(step.query, [""])[0]
    except ValueError:
        return ""
    segments = [part for part in parts.path.split("/") if part]
    at = step.segment or 0
    return segments[at] if -len(segments) <= at < len(segments) else ""


def _by_name(value: str, step: str, base: str, rules: AddressRules) -> str:
    if step == "html":
        return html_text(value)
    if step == "digits":
        return "".join(ch for ch in normalize("NFKC", value) if ch in "0123456789")
    if step == "number":
        found = _NUMBER.search(normalize("NFKC", value))
        return found[0].replace(",", "") if found else ""
    if step == "price":
        return price_of(value) or ""
    if step == "lower":
        return value.lower()
    if step == "icp":
        return icp_of(value)
    try:
        return canonical(urljoin(base, value), rules) if value else ""
    except (Invalid, ValueError):
        return ""


def html_text(html: str) -> str:
    """The text of a piece of HTML, as JSON answers hold it.

    A piece that could stall the parser is stripped of its tags instead.
    """
    if is_costly(html.encode("utf-8", "replace")):
        return one_line(unescape(_TAG.sub("\n", html)))
    body = LexborHTMLParser(html, scripting=True, options=LexborDocumentOptions.WO_EVENTS).body
    return block_text(body, hidden=has_hidden(html)) if body is not None else ""


def price_of(text: str) -> str | None:
    """The first amount in a text as a plain decimal (1.98万元 gives "19800"), or `None`."""
    text = normalize("NFKC", text[:500])
    found = _NUMBER.search(text)
    if found is None:
        return None
    try:
        amount = Decimal(found[0].replace(",", ""))
    except InvalidOperation:
        return None
    follows = text[found.end() :].lstrip()[:1]
    amount = amount.scaleb(_WAN.get(follows, 0))
    plain = f"{amount:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def icp_of(text: str) -> str:
    """The first ICP record number in a text, as the ministry writes it; empty where there is none.

    It is the number of the operator (粤ICP备12345678号): what follows for each of its sites (-1)
    is left out. Source: 互联网信息服务管理办法, article 12: it stands at the foot of the home page.
    """
    found = _ICP.search(normalize("NFKC", text))
    return f"{found[1]}ICP{found[2]}{found[3]}号" if found else ""


def time_of(text: str) -> datetime | None:
    """The first absolute time in a text, in UTC; `None` where there is none.

    Times without a zone are of Asia/Shanghai; whole numbers of 10 or 13 digits are seconds or
    milliseconds since 1970. Relative times (3天前) are none: reading knows no clock.
    """
    text = normalize("NFKC", text[:500]).strip()
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) == 13 else 1)
        return datetime.fromtimestamp(seconds, UTC)
    found = _DATE.search(text)
    if found is None:
        return None
    year, month, day, half, hour, minute, second, zone = found.groups()
    hours = int(hour or 0)
    if half == "下午" and hours < 12:
        hours += 12
    try:
        at = datetime(
            int(year),
            int(month),
            int(day),
            hours,
            int(minute or 0),
            int(second or 0),
            tzinfo=_zone(zone) if hour else SHANGHAI,
        )
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> tzinfo:
    if text is None:
        return SHANGHAI
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
