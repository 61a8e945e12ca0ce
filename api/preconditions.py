"""Entity tags: a write to a notice names the version that its writer has seen (RFC 9110, 13)."""

import re
from typing import Annotated

from fastapi import Depends, Header

from lantian.errors import Invalid, PreconditionMissing, Stale

_TAG = re.compile(r'"(\d{1,18})"')


def etag(revision: int) -> str:
    """The entity tag of a version."""
    return f'"{revision}"'


def _expected(
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="The ETag that reading the notice gave."),
    ] = None,
) -> int | None:
    """The version that the request names; none for `*`."""
    if if_match is None:
        raise PreconditionMissing(
            "If-Match is missing.", hint="Read the notice and send its ETag as If-Match."
        )
    word = if_match.strip()
    if word == "*":
        return None
    if "," in word:
        raise Invalid("If-Match names several versions.", hint="Name the one that you have read.")
    match = _TAG.fullmatch(word)
    if match is None:
        raise Stale(
            f"If-Match {word!r} is not the current version.",
            hint='Send the ETag as it was given, with its quotation marks, as in "4".',
        )
    return int(match.group(1))


Expected = Annotated[int | None, Depends(_expected)]
"""As an argument of a route that writes."""


def unchanged(if_none_match: str | None, revision: int) -> bool:
    """Whether the asker has this version already."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag(revision) in tags or "*" in tags
