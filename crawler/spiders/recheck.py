"""Given addresses once more: for evidence, or to see whether a posting is still there."""

from scrapy import Request

from crawler.walk import SiteSpider
from lantian.store.frontier import Planned


class RecheckSpider(SiteSpider):
    """Visits the pages that a job names, and follows no link.

    An evidence visit opens the page in the browser with nothing blocked and takes a picture of
    all of it.
    """

    name = "recheck"
    follow = frozenset()
    default_profile = "site"

    def request_for(self, row: Planned, *, browser: bool | None = None) -> Request:
        """The request of a page; for evidence by the browser, where there is one."""
        evidence = row.role == "evidence"
        request = super().request_for(row, browser=True if evidence else browser)
        request.meta["evidence"] = evidence
        return request
