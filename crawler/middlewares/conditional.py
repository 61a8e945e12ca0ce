"""Asks whether a page has changed, and reads the kept bytes again where it has not."""

from dataclasses import dataclass
from typing import Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response
from sqlalchemy import exists, select

from crawler.answer import Answer, raw_page
from crawler.middlewares.compression import CompressionMiddleware
from crawler.walk import SiteSpider
from lantian.errors import EvidenceDamaged, EvidenceDeleted
from lantian.evidence.reference import RecordRef
from lantian.model import Artifact, Capture, Page
from lantian.reading import RawPage
from lantian.store.frontier import Planned


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a page's last answer."""

    etag: str | None
    last_modified: str | None
    capture_id: int
    final_url: str


class ConditionalMiddleware:
    """Sends If-None-Match and If-Modified-Since (RFC 9110, 13.1) in a crawl over HTTP.

    A 304 says that the kept payload still holds: its links are followed and its postings are
    there. The store has validators of the payload that it keeps only; where that cannot be read any
    more, the page is asked for again without condition.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._known: dict[str, Known] = {}
        self._compression = CompressionMiddleware(crawler=crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of one crawler."""
        found = cls(crawler)
        crawler.signals.connect(found.opened, signals.spider_opened)
        return found

    def opened(self, spider: SiteSpider) -> None:
        """Load what is known of the source's pages."""
        run = getattr(spider, "run", None)
        if run is None or run.purpose != "crawl":
            return
        statement = (
            select(Page.url, Page.etag, Page.last_modified, Capture.id, Capture.final_url)
            .join(Capture, Capture.id == Page.last_capture_id)
            .where(
                Page.source_id == run.source.id,
                Page.etag.is_not(None) | Page.last_modified.is_not(None),
                # What was deleted after its time is no answer to "not modified".
                exists().where(
                    Artifact.capture_id == Capture.id,
                    Artifact.role == "payload",
                    Artifact.deletion_id.is_(None),
                ),
            )
        )
        with run.parts.store.read() as session:
            for url, *known in session.execute(statement):
                self._known[url] = Known(*known)

    def process_request(self, request: Request) -> None:
        """Add the conditions, if there are any."""
        known = self._known.get(request.url)
        row = request.meta.get("row")
        if known is None or row is None or request.meta.get("browser"):
            return
        # Only the address that was asked for: another may answer after a redirect.
        if row.url != request.url:
            return
        if known.etag:
            request.headers["If-None-Match"] = known.etag
        if known.last_modified:
            request.headers["If-Modified-Since"] = known.last_modified

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """The kept page for a 304; the request without condition where it does not hold."""
        row = request.meta.get("row")
        if response.status != 304 or not isinstance(row, Planned):
            return response
        known = self._known.pop(row.url, None)
        kept = self._kept(known) if known is not None else None
        if kept is None:
            again = request.copy()
            for name in ("If-None-Match", "If-Modified-Since"):
                again.headers.pop(name, None)
            return again
        answer = request.meta.get("answer")
        if isinstance(answer, Answer):
            answer.kept = kept
        return response

    def _kept(self, known: Known) -> RawPage | None:
        """The kept page, if its bytes are whole."""
        spider = self._crawler.spider
        if not isinstance(spider, SiteSpider) or spider.run is None:
            return None
        parts = spider.run.parts
        with parts.store.read() as session:
            artifact = session.scalar(
                select(Artifact).where(
                    Artifact.capture_id == known.capture_id,
                    Artifact.role == "payload",
                    Artifact.deletion_id.is_(None),
                )
            )
        if artifact is None or artifact.notes.get("decoded_by"):
            return None
        try:
            record = parts.archive.record(RecordRef.of(artifact))
        except (EvidenceDamaged, EvidenceDeleted):
            return None
        return self._page(known.final_url, record.head, record.payload)

    def _page(self, url: str, head: bytes, payload: bytes) -> RawPage | None:
        lines = (line.partition(b":") for line in head.split(b"\r\n")[1:] if b":" in line)
        headers = Headers()
        for name, _, value in lines:
            headers.appendlist(name.strip(), value.strip())
        response = Response(url, headers=headers, body=payload)
        try:
            plain = self._compression.process_response(Request(url), response)
        except (IgnoreRequest, OSError):
            return None
        return raw_page(plain) if isinstance(plain, Response) else None
