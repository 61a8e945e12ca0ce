"""Checks of the small languages in profiles, and the URL patterns."""

import re

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

_PART = re.compile(r"\*\*|\*|\{[a-z_]+\}")
_GROUP = re.compile(r"\(\?P<[a-z_]+>")
_CHECK_DOCUMENT = "<p>x</p>"


def check_css(value: object) -> object:
    """The selector as it is; `ValueError` where it is none."""
    if isinstance(value, str):
        try:
            LexborHTMLParser(_CHECK_DOCUMENT).css(value)
        except SelectolaxError as error:
            raise ValueError(f"{value!r} is no CSS selector") from error
    return value


def check_xpath(value: object) -> object:
    """The expression as it is; `ValueError` where it is no XPath 1.0."""
    if isinstance(value, str):
        from lxml import etree

        try:
            etree.XPath(value)
        except etree.XPathSyntaxError as error:
            raise ValueError(f"{value!r} is no XPath: {error}") from error
    return value


def check_jsonpath(value: object) -> object:
    """The query as it is; `ValueError` where it is no JSONPath."""
    if isinstance(value, str):
        import jsonpath

        try:
            jsonpath.compile(value)
        except jsonpath.JSONPathError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"{value!r} is no JSONPath: {reason}") from error
    return value


def check_pattern(value: object) -> object:
    """The URL pattern as it is; `ValueError` where it is none."""
    if isinstance(value, str):
        if not value.startswith(("/", "*", "http://", "https://")):
            raise ValueError(f"the URL pattern {value!r} must begin with / or *, or be an address")
        if _PART.sub("", value).count("{") or value.count("**") > 3:
            raise ValueError(
                f"{value!r} is no URL pattern: a part is written {{id}} in lower-case letters, "
                "and ** may stand three times"
            )
    return value


def any_pattern(patterns: list[str]) -> re.Pattern[str] | None:
    """One regular expression for several URL patterns, without groups; `None` for none."""
    if not patterns:
        return None
    parts = (_GROUP.sub("(?:", pattern_regex(pattern).pattern) for pattern in patterns)
    return re.compile("|".join(f"(?:{part})" for part in parts))


def pattern_regex(pattern: str) -> re.Pattern[str]:
    """A URL pattern as a regular expression over path and query, or over the whole address.

    `*` is any run without `/`, `?` and `&`; `**` any run; `{name}` a part like `*`, not empty,
    kept as a group. A pattern that names no query accepts any.
    """
    out: list[str] = []
    at = 0
    for found in _PART.finditer(pattern):
        out.append(re.escape(pattern[at : found.start()]))
        token = found[0]
        if token == "**":  # noqa: S105 - a wildcard
            out.append(".*")
        elif token == "*":  # noqa: S105 - a wildcard
            out.append("[^/?&]*")
        else:
            out.append(f"(?P<{token[1:-1]}>[^/?&]+?)")
        at = found.end()
    out.append(re.escape(pattern[at:]))
    query = "" if "?" in pattern or pattern.endswith("**") else r"(?:\?.*)?"
    more = r"(?:&.*)?" if "?" in pattern and not pattern.endswith("**") else ""
    return re.compile("".join(out) + query + more)


def is_whole(pattern: str) -> bool:
    """Whether a pattern is held against the whole address, not against path and query."""
    return pattern.startswith("http")
