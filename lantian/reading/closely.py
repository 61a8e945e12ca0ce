"""The patient way to read a page, with a second reader: only for a process that can be killed."""

from dataclasses import replace

from lantian.errors import Invalid
from lantian.reading.limits import is_deep
from lantian.reading.page import RawPage, Reading, unreadable
from lantian.reading.plan import plan_of
from lantian.reading.profile import SiteProfile
from lantian.reading.read import decoded, read_page
from lantian.reading.view import View

TOLERANCE = 1.2
"""How much more text one reader may find than the other."""
SLACK = 50
"""Characters by which two readers may differ in any case."""


def read_closely(raw: RawPage, profile: SiteProfile, *, second: bool = False) -> Reading:
    """What a page says; where the first reader may have lost text, the second reads it too.

    That is: deep pages, pages with suspiciously little text, and any page with `second`. If the
    second finds more, the page is read again from what it understood; if that text cannot be
    had, the page is unreadable, not clean.
    """
    first = read_page(raw, profile)
    if first.unreadable is not None and not first.unreadable.startswith("empty"):
        return first
    if not (second or first.second_look or is_deep(raw.body)):
        return first
    html = decoded(raw, profile).text
    if not html.lstrip().startswith("<") and "<" not in html[:2_000]:
        return replace(first, second_look=False)
    from lantian.reading.soup import second_html, second_text

    again = second_html(html, everything=first.second_look)
    there, here = _length(second_text(again)), _length(_page_text(raw, profile, html))
    if there <= here * TOLERANCE + SLACK:
        return replace(first, second_look=False)
    if _length(_page_text(raw, profile, again)) * TOLERANCE + SLACK < there:
        detail = f"one finds {here} characters, the other {there}"
        return replace(first, second_look=False, unreadable=unreadable("readers", detail))
    headers = ((b"content-type", b"text/html; charset=utf-8"),)
    reread = read_page(
        replace(raw, headers=headers, body=again.encode("utf-8", "replace")), profile
    )
    return replace(reread, second_look=False, charset=first.charset)


def _page_text(raw: RawPage, profile: SiteProfile, html: str) -> str:
    try:
        return View(raw.url, html, plan_of(profile).addresses).text
    except Invalid:
        return ""


def _length(text: str) -> int:
    """Characters that are no white space."""
    return sum(map(len, text.split()))
