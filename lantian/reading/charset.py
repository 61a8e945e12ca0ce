"""Bytes to text: declared character sets are believed only as long as the text makes sense."""

import codecs
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import cache

from w3lib.encoding import (
    html_body_declared_encoding,
    html_to_unicode,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
    to_unicode,
)

CHINESE = ("utf-8", "gb18030", "big5hkscs")
ON_THE_WEB = frozenset(
    [
        *("utf-8", "gb18030", "gbk", "gb2312", "hz", "big5", "big5hkscs", "cp950"),
        *("shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "koi8-r", "cp874", "tis-620"),
        *(f"cp{number}" for number in range(1250, 1259)),
    ]
)
"""What a guess may name: those that the Encoding Standard knows and pages use."""
RETRIES = (*CHINESE, "cp1252")
"""What is tried where the declared character set gives rubbish, in this order."""

SAMPLE, WINDOW = 2_000, 2_500
"""Characters outside ASCII that are judged."""
FLAWLESS = 0.02
CONVINCING = 0.12
"""Share of rubbish up to which a text is believed."""
MOST_ERRORS = 3_000
SHORT = 100
DOUBTFUL = 0.4
"""The same for a text of at most `SHORT` characters outside ASCII, if nothing else fits better."""
_OTHER = re.compile(r"[^\x00-\x7f]+")
_STRETCH = re.compile(rb"(?:[\x81-\xfe][\x40-\x7e\x80-\xfe]){2,400}")
_RUN = re.compile(rb"[\x80-\xff]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the character set that gave it; `fault` is "binary" or "charset", or empty."""

    text: str
    charset: str
    fault: str = ""


def decode(body: bytes, content_type: str, override: str | None = None) -> Decoded:
    """The text of a page or JSON answer.

    Order: byte order mark, the profile's word, header, meta; each only if its text makes sense.
    Then `RETRIES`, best text first; then charset_normalizer; then fault "charset".
    """
    bom, mark = read_bom(body)
    if bom is not None and mark is not None:
        text = to_unicode(body[len(mark) :], bom)
        if rubbish(text) <= CONVINCING:
            return Decoded(text, bom)
    wide = _wide(body)
    if wide is not None:
        text = to_unicode(body, wide)
        return Decoded(text, wide, "" if rubbish(text) <= CONVINCING else "charset")
    declared = _declared(body, content_type, override)
    # Strict UTF-8 is believed without a look: other character sets do not come out so.
    strict = _strict(body, "utf-8")
    if strict is not None and (declared == "utf-8" or len(strict) < len(body)):
        return Decoded(strict, "utf-8", "binary" if _is_binary(body) else "")
    if _is_binary(body):
        return Decoded("", "", "binary")
    if declared not in {"gb18030", "big5hkscs"}:
        chinese = _chinese(body)
        if chinese is not None:
            return chinese
    if declared == "utf-8":
        text = body.decode("utf-8", "replace")
        # A stretch of another character set gives some errors; a page in it, thousands.
        if text.count("\ufffd") <= MOST_ERRORS:
            text = _put_right(body).decode("utf-8", MIXED)
    else:
        _, text = html_to_unicode(f"text/html; charset={declared}", body)
    if rubbish(text) <= CONVINCING:
        return Decoded(text, declared)
    return _retry(body, declared, text)


def _declared(body: bytes, content_type: str, override: str | None) -> str:
    for label in (
        resolve_encoding(override) if override else None,
        http_content_type_encoding(content_type),
        html_body_declared_encoding(body),
    ):
        # What can be read as ASCII this far is not UTF-16, whatever it says.
        if label is not None and not label.startswith(("utf-16", "utf-32")):
            return label
    return "utf-8"


def _wide(body: bytes) -> str | None:
    """UTF-16 of either order, where every second byte of the head is zero as in ASCII markup."""
    head = body[:64]
    low, high = head[1::2].count(0), head[0::2].count(0)
    if low > 0.6 * len(head[1::2]) and not high:
        return "utf-16-le"
    if high > 0.6 * len(head[0::2]) and not low:
        return "utf-16-be"
    return None


def _strict(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except UnicodeDecodeError:
        return None


def _chinese(body: bytes) -> Decoded | None:
    """Flawless Chinese, where something else was declared."""
    for name in CHINESE[1:]:
        text = _strict(body, name)
        if text is not None and not text.isascii() and rubbish(text) <= FLAWLESS:
            return Decoded(text, name)
    return None


def _put_right(body: bytes) -> bytes:
    """The page with its stretches of GBK in UTF-8, where nothing else stands beside them.

    Seen as UTF-8, their first characters may be Hebrew or Greek and no error. What could be one
    character that was cut off is GBK only where a longer stretch is.
    """
    found = {run for run in _RUN.findall(body) if _strict(run, "utf-8") is None}
    better = {run: _strict(run, "gb18030") or "" for run in found}
    gbk = {run: text for run, text in better.items() if text and not rubbish(text)}
    if not any(len(text) > 1 for text in gbk.values()):
        return body
    return _RUN.sub(lambda run: gbk[run[0]].encode() if run[0] in gbk else run[0], body)


def _mixed(error: UnicodeError) -> tuple[str, int]:
    """A stretch of GBK in a page of UTF-8, as pages put together from two sources have it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stretch = _STRETCH.match(error.object, error.start)
    if stretch is not None:
        text = _strict(stretch[0], "gb18030")
        if text is not None and not rubbish(text):
            return text, stretch.end()
    return "\ufffd", error.end


MIXED = "lantian_mixed"
codecs.register_error(MIXED, _mixed)


def _is_binary(body: bytes) -> bool:
    head = body[:2_048]
    return len(_CONTROL.findall(head)) > len(head) // 50


def _retry(body: bytes, declared: str, text: str) -> Decoded:
    best, worst = Decoded(text, declared), rubbish(text)
    for name in RETRIES:
        if name != declared:
            candidate = to_unicode(body, name)
            score = rubbish(candidate)
            if score < worst:
                best, worst = Decoded(candidate, name), score
    if worst <= CONVINCING or (worst <= DOUBTFUL and _is_short(best, body)):
        return best
    guessed = _guess(body)
    if guessed is not None and rubbish(guessed.text) < min(worst, CONVINCING):
        return guessed
    return Decoded(best.text, best.charset, "charset")


def _is_short(best: Decoded, body: bytes) -> bool:
    """Whether so little stands there that some rare names may be a great share of it."""
    strict = _strict(body, best.charset)
    return strict is not None and sum(map(len, _OTHER.findall(strict))) <= SHORT


def _guess(body: bytes) -> Decoded | None:
    """What charset_normalizer makes of it: it takes short GBK for Korean, so it comes last."""
    from charset_normalizer import from_bytes

    found = from_bytes(body[:20_000]).best()
    if found is None:
        return None
    try:
        name = codecs.lookup(found.encoding).name
    except LookupError:
        return None
    return Decoded(to_unicode(body, name), name) if name in ON_THE_WEB else None


def rubbish(text: str) -> float:
    """The share (0 to 1) of what lies outside ASCII and makes no sense as Chinese or otherwise.

    Rubbish are replacement characters, control and private ones, rare Han characters among few
    common ones, scripts mixed with each other and long runs of accented Latin letters: what a
    wrong character set yields.
    """
    if text.isascii():
        return 0.0
    runs = _sample(text)
    other = "".join(runs)
    if len(other) > SAMPLE:
        other = other[:: len(other) // SAMPLE + 1]
    common = _common_han()
    count = Counter(_script(ch) for ch in other if ch not in common)
    total = len(other)
    han = total - count.total()
    rare = count["rare"]
    bad: float = count["noise"]
    # A Chinese text has few rare characters: some names. Korean and Japanese texts stay with
    # their own letters; a mixture of all is a wrong character set.
    if rare > 0.15 * (han + rare):
        bad += rare
    if han + rare > 0.1 * total:
        kana = count["kana"]
        bad += count["hangul"] + count["letters"] + count["half"]
        bad += kana if kana <= 0.2 * total else 0
    elif count["half"] > 0.2 * total:
        bad += count["half"]
    if count["latin"] > 0.5 * total:
        bad += sum(len(run) for run in runs if len(run) >= 4 and "\xa0" < run[0] <= "\u02ff")
    return min(1.0, bad / total)


def _sample(text: str) -> list[str]:
    """Runs of characters outside ASCII from three places or, where these hold few, from all."""
    if len(text) > 4 * WINDOW:
        starts = (0, len(text) // 2, len(text) - WINDOW)
        runs = [run for at in starts for run in _OTHER.findall(text, at, at + WINDOW)]
        if len(runs) > 100:
            return runs
    return _OTHER.findall(text, 0, 400_000)


_SCRIPTS = (
    ("\x80", "noise"),  # C1 controls
    ("\xa0", "latin"),
    ("\u0300", "noise"),  # combining marks
    ("\u0370", "letters"),  # Greek and Cyrillic
    ("\u0530", "noise"),  # Armenian to Greek Extended
    ("\u2000", ""),  # punctuation, symbols
    ("\u3040", "kana"),
    ("\u3100", ""),
    ("\u3400", "noise"),  # extension A
    ("\u4dc0", ""),
    ("\u4e00", "rare"),
    ("\ua000", "noise"),  # Yi to Meetei
    ("\uac00", "hangul"),
    ("\ud7a4", "noise"),
    ("\ue000", "noise"),  # private
    ("\uf900", ""),
    ("\uff61", "half"),  # half-width kana
    ("\uffa0", ""),
    ("\ufff0", "noise"),  # replacement
    ("\U00010000", ""),  # emoji, rare Han
    ("\U000f0000", "noise"),  # private
)
_STARTS = [first for first, _ in _SCRIPTS]


def _script(ch: str) -> str:
    """What kind of character one outside ASCII is, for judging."""
    return _SCRIPTS[bisect_right(_STARTS, ch) - 1][1]


@cache
def _common_han() -> frozenset[str]:
    """The common characters: level 1 of GB 2312 (3,755) and of Big5 (5,401), by their codes."""
    simplified = bytes(
        b for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF) for b in (high, low)
    ).decode("gb2312", "ignore")
    lows = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    traditional = bytes(
        b for high in range(0xA4, 0xC7) for low in lows for b in (high, low)
    ).decode("big5", "ignore")
    return frozenset(ch for ch in simplified + traditional if "\u4e00" <= ch <= "\u9fff")
