"""Given addresses once more: for evidence, or to see whether a posting is still there."""

from collections.abc import AsyncIterator

from scrapy import Request
from scrapy.http import Response

from crawler.walk import SiteSpider
from lantian.reading import ReadDocument
from lantian.store.frontier import Planned


class RecheckSpider(SiteSpider):
    """Visits the pages that a job names, and follows no link.

    An evidence visit opens the page in the browser with nothing blocked and takes a picture of
    all of it. Pictures are fetched as pages are: with the same manners, limits and refusals.
    """

    name = "recheck"
    follow = frozenset()
    default_profile = "site"

    def request_for(self, row: Planned, *, browser: bool | None = None) -> Request:
        """The request of a page; for evidence by the browser, where there is one."""
        evidence = row.role == "evidence"
        request = super().request_for(row, browser=True if evidence else browser)
        request.meta["evidence"] = evidence
        if row.role == "picture":
            request.headers["Accept"] = "image/avif,image/webp,image/*;q=0.8"
        return request

    async def parse(self, response: Response) -> AsyncIterator[Request | ReadDocument]:
        """The page's documents; a picture is only kept, and read by another job."""
        row = response.meta.get("row")
        if isinstance(row, Planned) and row.role == "picture":
            return
        async for found in super().parse(response):
            yield found
