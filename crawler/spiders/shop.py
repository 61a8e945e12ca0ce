"""Shops: lists lead to listings and sellers."""

from crawler.walk import SiteSpider


class ShopSpider(SiteSpider):
    """Walks a shop: pages and their successors, listings, sellers."""

    name = "shop"
    follow = frozenset({"listing", "next", "page", "seller"})
