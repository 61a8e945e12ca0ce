"""Any site: the pages within two links of an address."""

from crawler.walk import SiteSpider


class AnySiteSpider(SiteSpider):
    """Walks the pages of any site, within the budget of its profile."""

    name = "site"
    default_profile = "site"
