"""What must not be read in a process that others wait for. All counts are linear in the bytes."""

import re
from collections import Counter

from lantian.reading.page import RawPage

LARGEST = 2_000_000
"""Bytes of a page that is read in place."""
DEEPEST = 500
"""Levels of nesting of a page that is read in place."""
MOST_ATTRIBUTES = 1_000
"""Attributes of one tag: Lexbor compares each with all (20,000 took 0.66 s)."""
MOST_FORMATTING = 2_000_000
"""Open formatting elements times tags: HTML makes a parser repeat the former in each block."""
MOST_CROSSED = 1_000
"""Formatting elements closed across a block: 8,000 took 1.5 s."""

# A thousand attributes need more bytes than this.
_LONG_TAG = re.compile(rb"<[A-Za-z][^<>]{2000,}")
_TAG = re.compile(rb"<(/?)([A-Za-z][^\s/>]*)")
_TEXTUAL = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(script|style|textarea|title)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE
)
_VOID = frozenset(
    b"area base br col embed hr img input link meta param source track wbr !doctype".split()
)
# The parser closes these by itself when the next one opens.
_CLOSED = frozenset(b"p li dt dd option optgroup tr td th thead tbody tfoot html head body".split())
_LEVELS = {b"table": 4, b"ul": 2, b"ol": 2, b"dl": 2, b"menu": 2}
_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())


def needs_child(raw: RawPage) -> bool:
    """Whether a page could stall its reader and belongs into `read_guarded`.

    True for a page over 2 MB, nested over 500 levels, or with tags that cost a parser more than
    linear time. JSON is judged by its size alone.
    """
    return len(raw.body) > LARGEST or is_costly(raw.body)


def is_costly(html: bytes) -> bool:
    """Whether a parser takes more than linear time for this markup."""
    return _has_long_tag(html) or is_deep(html)


def is_deep(body: bytes) -> bool:
    """Whether a page is nested over 500 levels, or would be once its parser has repaired it."""
    # No page is nested deeper than it has opening tags: so most need no closer look.
    opening = body.count(b"<") - body.count(b"</")
    if opening + 3 * body.count(b"<table") + 3 * body.count(b"<TABLE") <= DEEPEST:
        return False
    return nesting(body) > DEEPEST and nesting(_TEXTUAL.sub(b"", body)) > DEEPEST


def nesting(body: bytes) -> int:
    """An upper bound of the levels of nesting, in time linear in the bytes.

    A closing tag counts only if one of its name is open, so that stray ones hide nothing. More
    than any limit are pages that make a parser repeat formatting elements: many of them open at
    once, or closed across the blocks that they hold.
    """
    tags = _TAG.findall(body)
    opened: Counter[bytes] = Counter()
    blocks: dict[bytes, list[int]] = {name: [] for name in _FORMATTING}
    depth = deepest = formatting = most_formatting = crossed = 0
    for close, written in tags:
        name = written.lower()
        if name in _VOID or name in _CLOSED:
            continue
        level = _LEVELS.get(name, 1)
        if not close:
            opened[name] += 1
            depth += level
            deepest = max(deepest, depth)
            if name in _FORMATTING:
                formatting += 1
                most_formatting = max(most_formatting, formatting)
                blocks[name].append(depth - formatting)
        elif opened[name]:
            opened[name] -= 1
            depth -= level
            if name in _FORMATTING:
                formatting -= 1
                crossed += depth - formatting > blocks[name].pop()
    if most_formatting * len(tags) > MOST_FORMATTING or crossed > MOST_CROSSED:
        return max(deepest, DEEPEST + 1)
    return deepest


def _has_long_tag(body: bytes) -> bool:
    """Whether some tag has so many attributes that comparing them takes long."""
    return any(len(found[0].split()) > MOST_ATTRIBUTES for found in _LONG_TAG.finditer(body))
