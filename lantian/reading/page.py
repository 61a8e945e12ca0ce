"""The nouns of reading: what came in, and what was read from it. All picklable."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

DocumentKind = Literal["listing", "post", "reply", "result", "page"]
LinkRole = Literal["listing", "thread", "next", "sitemap", "seller", "result", "landing", "page"]
OutcomeHint = Literal["gone", "blocked", "logged_out"]
Via = Literal["http", "browser"]


@dataclass(frozen=True, slots=True)
class RawPage:
    """One answer as it was received, after content decoding (gzip and the like).

    `url` is the address that answered, after redirects. For `via="browser"`, `body` is the
    rendered DOM in UTF-8.
    """

    url: str
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    via: Via = "http"

    def header(self, name: bytes) -> str:
        """The first header of that name (lower case), else an empty string."""
        for key, value in self.headers:
            if key.lower() == name:
                return value.decode("latin-1").strip()
        return ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link worth following or keeping; `url` is canonical.

    In a sitemap or feed, `text` is when its page last changed, if that is told (ISO 8601).
    """

    url: str
    role: LinkRole
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """One posting as read from one page.

    `text` begins with the title where it does not hold it already, so that everything a matcher
    should see is in it. `missing` names what the profile requires and the page did not give.
    `pictures` are the canonical addresses of the pictures that it shows, each once, in order.
    """

    posting_key: str
    kind: DocumentKind
    url: str
    title: str
    text: str
    seller_key: str = ""
    seller_name: str = ""
    seller_url: str = ""
    price: str | None = None
    posted_at: datetime | None = None
    fields: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one page says, read under one profile.

    `text` is the documents' texts one after the other or, where there is no document, the text
    of the page. `unreadable` is a reason ("code: sentence", see `UNREADABLE`); such a page is
    never clean. `second_look` says that the first reader found suspiciously little text:
    `read_guarded` reads it with the second. `volatile` names fields that change by themselves;
    they take no part in the digest. `absent` names the kinds of documents that a page of this
    address carries by the profile and did not, or of which it had too many.
    """

    kind: str
    title: str
    text: str
    charset: str
    documents: tuple[ReadDocument, ...] = ()
    links: tuple[Link, ...] = ()
    outcome_hint: OutcomeHint | None = None
    unreadable: str | None = None
    needs_browser: bool = False
    second_look: bool = False
    volatile: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


UNREADABLE = {
    "empty": "the page holds no text",
    "binary": "the answer is no text",
    "charset": "no character set gives sensible text",
    "json": "the answer should be JSON and is not",
    "xml": "a sitemap or feed is not as it should be",
    "readers": "two readers disagree on what the page says",
    "time": "reading took longer than allowed",
    "memory": "reading took more memory than allowed",
    "crash": "the reader died on it",
}
"""The codes with which `Reading.unreadable` begins."""


def unreadable(code: str, detail: str) -> str:
    """The reason in the form "code: sentence"; the code must be one of `UNREADABLE`."""
    return f"{code}: {detail or UNREADABLE[code]}"
