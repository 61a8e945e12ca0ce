"""From one answer to what it says: `read_page`."""

import json
import re
from dataclasses import replace

from selectolax.lexbor import SelectolaxError

from lantian.errors import Invalid
from lantian.reading.address import canonical, path_of
from lantian.reading.announced import announced
from lantian.reading.charset import Decoded, decode
from lantian.reading.documents import documents_of, rules_for
from lantian.reading.links import links_of
from lantian.reading.page import (
    OutcomeHint,
    RawPage,
    ReadDocument,
    Reading,
    unreadable,
)
from lantian.reading.plan import MarkerPlan, Plan, plan_of
from lantian.reading.profile import SiteProfile
from lantian.reading.view import View

READER_VERSION = "1"
"""Changes whenever the same bytes would be read differently."""

BY_STATUS: dict[int, OutcomeHint] = {
    401: "logged_out",
    403: "blocked",
    404: "gone",
    407: "logged_out",
    410: "gone",
    418: "blocked",
    429: "blocked",
    451: "blocked",
}
NO_TEXT = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
LITTLE = 200
"""Characters of text below which a large page is suspicious."""
LARGE = 10_000
"""Characters of markup, without scripts, above which little text is suspicious."""
CONTENT_ROLES = frozenset({"listing", "thread", "result"})
_KINDS = {"listing": "listing", "post": "thread", "reply": "thread", "result": "results"}
_EMPTY_KINDS = {"shop": "shop", "forum": "board", "search": "results", "site": "page"}


def read_page(raw: RawPage, profile: SiteProfile) -> Reading:
    """What a page says under a profile: documents, links, and what stands in their way.

    Raises nothing, whatever the bytes. A page for which `needs_child` is true belongs into
    `read_guarded`: this function cannot be interrupted.
    """
    plan = plan_of(profile)
    if profile.discovery is not None:
        listed = announced(raw, plan, decoded)
        if listed is not None:
            return listed
    found = decoded(raw, profile)
    if found.fault:
        return _unread(raw, profile, found, found.fault, _what(raw))
    try:
        return _read(raw, plan, found)
    except (RecursionError, SelectolaxError) as error:
        return _unread(raw, profile, found, "crash", f"the parser gave up: {error}")


def _what(raw: RawPage) -> str:
    kind = raw.header(b"content-type") or "without a type"
    return f"{len(raw.body)} bytes, {kind[:80]}"


def decoded(raw: RawPage, profile: SiteProfile) -> Decoded:
    """The text of an answer, by header, profile and what makes sense."""
    content_type = raw.header(b"content-type")
    if content_type.lower().startswith(NO_TEXT):
        return Decoded("", "", "binary")
    if raw.via == "browser":
        found = decode(raw.body, "text/html; charset=utf-8")
    else:
        found = decode(raw.body, content_type, profile.charset)
    return replace(found, text=uncommented(found.text)) if profile.uncomment else found


_IN_CODE = re.compile(r"<code\b([^<>]*)>\s*<!--(.*?)-->\s*</code>", re.DOTALL | re.IGNORECASE)


def uncommented(html: str) -> str:
    """The page with what stands as a comment in <code> put into a <div> there."""
    return _IN_CODE.sub(r"<div\1>\2</div>", html) if "<code" in html else html


def _unread(raw: RawPage, profile: SiteProfile, found: Decoded, code: str, detail: str) -> Reading:
    return Reading(
        kind=_EMPTY_KINDS[profile.kind],
        title="",
        text="",
        charset=found.charset,
        outcome_hint=BY_STATUS.get(raw.status),
        unreadable=unreadable(code, detail),
    )


def _read(raw: RawPage, plan: Plan, found: Decoded) -> Reading:
    profile = plan.profile
    is_json, data = json_of(raw, found.text)
    if is_json and data is None:
        return _unread(raw, profile, found, "json", _what(raw))
    view = View(raw.url, "" if is_json else found.text, plan.addresses, data)
    path = _path(raw.url, plan)
    hint = BY_STATUS.get(raw.status) or _marked(view, plan, path)
    documents: tuple[ReadDocument, ...] = ()
    cut: tuple[str, ...] = ()
    good = hint is None and 200 <= raw.status < 300
    if good:
        documents, cut = documents_of(view, plan, path)
    reading = Reading(
        kind=_KINDS.get(documents[0].kind, "page") if documents else _EMPTY_KINDS[profile.kind],
        title=view.title,
        text="\n".join(d.text for d in documents) if documents else view.text,
        charset=found.charset,
        documents=documents,
        links=links_of(view, plan, path) if good else (),
        outcome_hint=hint,
        volatile=tuple(name for d in plan.documents for name in d.rule.volatile),
        absent=(*_absent(view, plan, path, documents), *cut) if good else (),
    )
    return _judged(reading, raw, plan, view) if good else reading


def json_of(raw: RawPage, text: str) -> tuple[bool, object]:
    """Whether the answer is JSON, and its value (`None` where it should be and is not)."""
    declared = raw.header(b"content-type").partition(";")[0].strip().lower()
    says_json = declared.endswith(("/json", "+json")) and raw.via == "http"
    if not says_json and (declared.endswith("html") or not text.lstrip().startswith(("{", "["))):
        return False, None
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return says_json, None


def _path(url: str, plan: Plan) -> str:
    try:
        return path_of(canonical(url, plan.addresses))
    except Invalid:
        return "/"


def _marked(view: View, plan: Plan, path: str) -> OutcomeHint | None:
    if _any(plan.blocked, view, path):
        return "blocked"
    if _any(plan.logged_out, view, path):
        return "logged_out"
    return "gone" if _any(plan.removed, view, path) else None


def _any(markers: tuple[MarkerPlan, ...], view: View, path: str) -> bool:
    return any(_is_there(plan, view, path) for plan in markers)


def _is_there(plan: MarkerPlan, view: View, path: str) -> bool:
    marker = plan.marker
    if marker.text is not None:
        # The bytes first: the text of the page is made only where the marker may be in it.
        there = (not view.html or marker.text in view.html) and marker.text in view.text
    elif marker.css is not None:
        there = view.tree.css_first(marker.css) is not None
    else:
        there = plan.url.match(view.url, path)
    return there and (marker.below is None or len(view.text) < marker.below)


def _judged(reading: Reading, raw: RawPage, plan: Plan, view: View) -> Reading:
    """The reading with what its scarcity means: browser, second reader, or an empty page."""
    browser = plan.profile.browser
    if raw.via == "http" and (
        browser == "yes"
        or (plan.steps and plan.steps_on(view.url, _path(view.url, plan)))
        or (browser == "if-missing" and _is_missing(reading, view))
    ):
        reading = replace(reading, needs_browser=True)
    if not reading.text:
        reading = replace(reading, unreadable=unreadable("empty", _what(raw)))
    if len(reading.text) < LITTLE and len(view.html) > LARGE and _is_suspicious(view):
        reading = replace(reading, second_look=True)
    return reading


def _absent(
    view: View, plan: Plan, path: str, documents: tuple[ReadDocument, ...]
) -> tuple[str, ...]:
    """The kinds of documents that pages of this address carry alone and this one does not."""
    there = {document.kind for document in documents}
    expected = [r.rule.kind for r in rules_for(plan, view.url, path) if r.pages and not r.rule.each]
    return tuple(dict.fromkeys(kind for kind in expected if kind not in there))


def _is_missing(reading: Reading, view: View) -> bool:
    """Whether a page lacks what pages of its kind have, or is a shell that a script fills."""
    if reading.absent or any(document.missing for document in reading.documents):
        return True
    if len(reading.text) < LITTLE and not reading.links and "<script" in view.html:
        return True
    return not reading.documents and not any(link.role in CONTENT_ROLES for link in reading.links)


def _is_suspicious(view: View) -> bool:
    """Whether much markup, scripts left out, holds hardly any text."""
    scripts = sum(len(node.text(deep=True)) for node in view.tree.css("script, style"))
    return len(view.text) < LITTLE and len(view.html) - scripts > LARGE
