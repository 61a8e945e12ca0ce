"""What a crawl hands in: one visit for each request that it made. Picklable."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lantian.browser.visit import Part
from lantian.reading import Reading
from lantian.reading.page import Via
from lantian.store.frontier import Planned

Outcome = Literal["seen", "unchanged", "gone", "blocked", "logged_out", "failed"]
Purpose = Literal["crawl", "evidence", "recheck", "pictures"]
LASTING = frozenset({"crawl", "pictures"})
"""Purposes whose visits say what a page is from now on; the others look at it once more."""

_OVERHEAD = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request's one visit.

    `row_id` is the fingerprint of its frontier row and `url` the canonical address that was
    asked for; `final_url` answered, after redirects. `at` is domain time, `real_at` real time.
    `outcome` is what the fetch says; intake itself finds that a page is unchanged by its digest,
    or unreadable. `raw_head` is the status line with the headers, `body` what came after it, as
    received (from a browser: as it decoded it). `dom` is the rendered HTML from which `reading`
    was read, `screenshot` a PNG of the full page, `pdf` it on paper and `parts` all
    that it loaded. `links` are the rows that are new to this crawl's frontier, as the spider found
    them. What was handed in (`via`) may have no HTTP answer:
    its `status` is 0, `raw_head` empty and `media_type` says what `body` is; `at` is then when
    somebody else saw it, and `notes` say whence it came. `role` and `depth` are those of its row.
    `raw_request` is the request line with the headers, as they were sent to `final_url` (empty:
    not known), and `how` says more of the fetch, in fields that its metadata record tells.
    """

    row_id: str
    url: str
    final_url: str
    at: datetime
    real_at: datetime
    outcome: Outcome
    status: int | None = None
    raw_head: bytes = b""
    body: bytes = b""
    via: Via | Literal["handed"] = "http"
    dom: bytes | None = None
    screenshot: bytes | None = None
    pdf: bytes | None = None
    parts: tuple[Part, ...] = ()
    reading: Reading | None = None
    links: tuple[Planned, ...] = ()
    purpose: Purpose = "crawl"
    detail: str = ""
    remote_ip: str | None = None
    media_type: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    role: str = "page"
    depth: int = 0
    raw_request: bytes = b""
    how: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        """About how many bytes it has: batches are cut by it."""
        pictures = (self.dom or b"", self.screenshot or b"", self.pdf or b"")
        parts = (self.raw_request, self.raw_head, self.body, *pictures)
        text = len(self.reading.text) if self.reading else 0
        loaded = sum(part.size for part in self.parts)
        return sum(map(len, parts)) + loaded + 3 * text + _OVERHEAD


def header(raw_head: bytes, name: str) -> str | None:
    """The first header of that name in a raw head; none where there is none.

    `name` in lower case. Header bytes are read as Latin-1 (RFC 9110, 5.5).
    """
    wanted = name.encode()
    for line in raw_head.split(b"\n")[1:]:
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() == wanted:
            return value.strip(b" \t\r\0").decode("latin-1").replace("\0", "")
    return None
