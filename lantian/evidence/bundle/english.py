"""The words of the extraction record in English: what was done, in order, and what was kept.

The Chinese page is the official form; this one says the same for readers of English.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lantian.clock import SHANGHAI

ROLES = {
    "payload": "body of the server's answer",
    "dom": "page as the browser rendered it (DOM)",
    "screenshot": "screenshot of the whole page",
    "pdf": "page as PDF",
    "part": "something that the page loaded",
    "request": "request that was sent",
    "metadata": "how it was collected",
    "revisit": "answer of another visit (content unchanged)",
}
_PURPOSES = {
    "crawl": "routine monitoring",
    "evidence": "evidence visit",
    "recheck": "re-check",
    "pictures": "pictures of a page",
}
_WRITTEN = "into the WARC file, with its SHA-256"
_KEPT_HTTP = (
    "Status line, headers (case and order of the fields, and the transfer coding, are rebuilt) and "
    f"the body as received were written {_WRITTEN}."
)
_KEPT_BROWSER = (
    "Status line and headers as the browser tells them, and the body as it decoded it, were "
    f"written {_WRITTEN}."
)
_KEPT_HANDED = f"What was handed in was written byte by byte (resource record) {_WRITTEN}."
_KEPT_HANDED_ANSWER = (
    "The server's answer that stands in the file that was handed in (status line, headers, body) "
    f"was written {_WRITTEN}."
)
_KEPT_FILE = (
    f"The page that a person had saved was written byte by byte (resource record) {_WRITTEN}."
)


def beijing(utc: str | None) -> str:
    """An instant in Beijing time; empty for none."""
    if not utc:
        return ""
    return f"{datetime.fromisoformat(utc).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def steps_of(told: Mapping[str, Any]) -> list[str]:
    """What was done, in order: it follows from the fields, as the Chinese steps do."""
    if told["person"] is not None:
        return _person_steps(told)
    if told["target"]["via"] == "handed":
        return _handed_steps(told)
    target, browser = told["target"], told["target"]["via"] == "browser"
    purpose = _PURPOSES.get(told["case"]["purpose"], told["case"]["purpose"])
    how = "opened it in a browser (Chromium)" if browser else "sent an HTTP request to it"
    task = f"For the task “{told['case']['task']}” ({purpose})"
    steps = [f"{task}, the program took the address {target['url']} and {how}."]
    if target["final_url"] != target["url"]:
        steps.append(f"The server led on to {target['final_url']}.")
    whence = f" at the IP address {target['remote_ip']}" if target["remote_ip"] else ""
    steps.append(f"The server{whence} answered with the HTTP status {target['status']}.")
    steps.append(_KEPT_BROWSER if browser else _KEPT_HTTP)
    kept = {one["role"] for one in told["obtained"]}
    for there, what in (
        ("dom" in kept, "Once the page was rendered, its DOM was written"),
        (bool(told["screenshots"]), "A picture of the whole page was taken and written"),
        ("pdf" in kept, "The page was put on paper as it showed (PDF) and written"),
        ("part" in kept, "Pictures, styles, scripts and frames that it loaded were written"),
    ):
        if there:
            steps.append(f"{what} {_WRITTEN}.")
    if told["unreadable"]:
        steps.append(f"The answer could not be read: {told['unreadable']}")
    if told["hits_stood"] is not None:
        stood = "still stood there" if told["hits_stood"] else "stood there no more"
        steps.append(f"The text was matched again: what had been found before {stood}.")
    return steps


def _person_steps(told: Mapping[str, Any]) -> list[str]:
    """What a person captured: a log-in or a check stood before it."""
    target = told["target"]
    handed, browser = target["via"] == "handed", target["via"] == "browser"
    at = beijing(told["time"]["captured"])
    steps = [
        f"The address {target['url']} asks for a log-in or for a person: none was evaded.",
        f"A person captured it: {told['person']}.",
        f"It was captured at {at}. Passwords and cookies are not kept.",
        _KEPT_HANDED_ANSWER if handed and target["status"] else "",
        _KEPT_FILE if handed and not target["status"] else "",
        _KEPT_BROWSER if browser else "",
    ]
    if told["screenshots"]:
        steps.append(f"The page (DOM) and a picture of all of it were written {_WRITTEN}.")
    return [step for step in steps if step]


def _handed_steps(told: Mapping[str, Any]) -> list[str]:
    """What others handed in: nothing was fetched, and the times seen are theirs."""
    target, at = told["target"], beijing(told["time"]["captured"])
    steps = [
        f"By the task “{told['case']['task']}” something was taken in that others handed over.",
        f"They name the address {target['url']}.",
        "The program did not visit that address in this step.",
        f"They saw it at {at} (where they do not say: when it came in).",
        _KEPT_HANDED_ANSWER if target["status"] else _KEPT_HANDED,
    ]
    if told["unreadable"]:
        steps.append(f"It could not be read: {told['unreadable']}")
    return steps
