"""Cookies, judged by the list of public suffixes that comes with the program."""

from scrapy.downloadermiddlewares import cookies
from tldextract import TLDExtract

# Scrapy's own would fetch the list from the web at the first cookie.
cookies._split_domain = TLDExtract(  # noqa: SLF001
    suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None
)


class CookiesMiddleware(cookies.CookiesMiddleware):
    """Scrapy's own, which asks nobody on the web."""
