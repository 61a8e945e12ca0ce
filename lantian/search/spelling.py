"""Tokens as one string that both engines split again at exactly the same places.

Both engines get their tokens ready made; what they still do is split at spaces. Lucene's
whitespace tokeniser splits at what Java calls white space and after 255 units of UTF-16, SQLite's
`ascii` tokeniser at every ASCII character but letters and digits, and it folds A to Z. So all of
these are written as a pair of private-use characters, which neither engine splits or folds;
everything else, Chinese above all, stays readable as it is.
"""

import re
from collections.abc import Iterable

LONGEST = 64
"""Code points of a token that count; the rest is cut off, in entries and queries alike."""

_PAIR = 0xE000
_SPACES = "".join(filter(str.isspace, map(chr, range(0x80, 0x3001))))
_SPECIAL = (
    "".join(char for char in map(chr, range(0x80)) if not (char.islower() or char.isdigit()))
    + _SPACES
    + chr(_PAIR)
)
_SPELLINGS: dict[int, str] = {
    **{ord(char): f"{chr(_PAIR)}{chr(_PAIR + 1 + at)}" for at, char in enumerate(_SPECIAL)},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_UNREADY = re.compile(f"[{re.escape(_SPECIAL.replace(' ', ''))}\ud800-\udfff]")


def spell_token(token: str) -> str:
    """The token as both engines keep it whole, at most 128 characters.

    Equal for tokens that are equal up to `LONGEST`, and for no others (but lone surrogates, which
    are all alike).
    """
    return token[:LONGEST].translate(_SPELLINGS)


def spell(tokens: Iterable[str]) -> str:
    """The tokens in their order, spelled, with one space between; empty ones are left out."""
    kept = [token for token in tokens if token]
    if not kept:
        return ""
    joined = " ".join(kept)
    ready = (
        joined.count(" ") == len(kept) - 1
        and max(map(len, kept)) <= LONGEST
        and not _UNREADY.search(joined)
    )
    return joined if ready else " ".join(map(spell_token, kept))
