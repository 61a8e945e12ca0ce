"""Search engines: the profile's words, and their further result pages. Results are not visited.

What an advert leads to is, where the profile says so (role `landing`): once, on whatever site.
"""

from crawler.walk import SiteSpider


class SearchSpider(SiteSpider):
    """Walks the results of the profile's searches, and the landing pages of adverts."""

    name = "search"
    follow = frozenset({"landing", "next", "page"})
