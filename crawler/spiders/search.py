"""Search engines: the profile's words, and their further result pages. Results are not visited."""

from crawler.walk import SiteSpider


class SearchSpider(SiteSpider):
    """Walks the results of the profile's searches."""

    name = "search"
    follow = frozenset({"next", "page"})
