"""Forums: boards lead to threads, and threads go over several pages."""

from crawler.walk import SiteSpider


class ForumSpider(SiteSpider):
    """Walks a forum: boards and threads, each with its further pages."""

    name = "forum"
    follow = frozenset({"next", "page", "thread"})
