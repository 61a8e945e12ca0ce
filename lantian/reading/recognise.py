"""What kind of site a page belongs to, and which family of profiles reads it: `recognise`.

A family is a shipped profile (`crawler/sites/family-*.yaml`) from which others begin. Each has its
signs with a weight; the heaviest sum wins if it is heavy enough, else the page is of any site.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lantian.reading.page import RawPage
from lantian.reading.signs import Signs, signs_of

ENOUGH = 3.0
"""Sum of weights from which a page counts as of a family: one sure sign, or several weak ones."""
ANY = "site"
"""The family of what nothing is known of."""

Sign = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Recognition:
    """The family that fits a page, the signs that say so, and how heavy each family's were."""

    family: str
    why: tuple[str, ...]
    weights: tuple[tuple[str, float], ...] = ()


def recognise(raw: RawPage) -> Recognition:
    """The family of the site to which a page belongs. Pure; raises nothing, whatever the bytes."""
    try:
        signs = signs_of(raw)
        found = {name: list(look(signs)) for name, look in FAMILIES.items()} if signs else {}
    except RecursionError:
        found = {}
    if not found:
        return Recognition(ANY, ("the answer is no page that can be looked at quickly",))
    weights = {name: sum(weight for weight, _ in of) for name, of in found.items()}
    ranked = sorted(weights.items(), key=lambda pair: -pair[1])
    best, weight = ranked[0]
    told = tuple(pair for pair in ranked if pair[1])
    if weight < ENOUGH:
        return Recognition(ANY, ("nothing on it tells a kind of site that is known",), told)
    why = sorted(found[best], key=lambda sign: -sign[0])
    return Recognition(best, tuple(text for _, text in why), told)


def _discuz(signs: Signs) -> Iterator[Sign]:
    if signs.generator.startswith("discuz"):
        yield 5, f"its generator tag says {signs.generator}"
    if re.search(r"\bdiscuz_uid\b", signs.view.html):
        yield 3, "a script sets discuz_uid"
    if signs.linked(r"/forum\.php\?.*mod=(?:viewthread|forumdisplay)"):
        yield 3, "links lead to forum.php?mod=viewthread or forumdisplay"
    elif signs.linked(r"/(?:thread-\d+-\d+-\d+|forum-\d+-\d+)\.html"):
        yield 3, "links have the form thread-1-1-1.html or forum-1-1.html"
    if signs.has('#postlist > [id^="post_"]') or signs.has('tbody[id^="normalthread_"]'):
        yield 2, "its floors or threads are marked up as Discuz! does"


def _tieba(signs: Signs) -> Iterator[Sign]:
    if signs.has(".l_post[data-field]"):
        yield 4, "its floors carry JSON in data-field"
    if signs.has(".j_thread_list[data-field]"):
        yield 4, "its threads carry JSON in data-field"
    if signs.json("$.data.comment_list"):
        yield 4, "the answer is a list of comments below floors"
    if signs.linked(r"^/f\?(?:.*&)?kw="):
        yield 2, "links lead to a bar by its word (/f?kw=)"
    if re.search(r"\bPageData\s*[=.]", signs.view.html):
        yield 1, "a script sets PageData"


def _nodebb(signs: Signs) -> Iterator[Sign]:
    if signs.has("script#ajaxify-data"):
        yield 4, "its data stand in script#ajaxify-data"
    if signs.raw.header(b"x-powered-by").lower() == "nodebb":
        yield 3, "the server says that it is NodeBB"
    if signs.has('[component^="topic"], [component^="category/"], [component^="categories/"]'):
        yield 2, "its parts are called as in NodeBB (component=…)"


def _flarum(signs: Signs) -> Iterator[Sign]:
    if signs.has("script#flarum-json-payload"):
        yield 5, "its data stand in script#flarum-json-payload"
    if signs.json("$.data[?@.type == 'discussions']"):
        yield 4, "the answer lists discussions as JSON:API"


def _shop(signs: Signs) -> Iterator[Sign]:
    if signs.types & {"Product", "ProductGroup", "og:product", "og:product.item"}:
        yield 4, "its structured data name a product"
    if len(signs.priced) >= 2:
        yield 3, f"{len(signs.priced)} links stand in blocks that name a price"
    if signs.json("$.data.items[?@.price]") or signs.json("$.items[?@.price]"):
        yield 4, "the answer lists items with prices"
    if signs.says("加入购物车", "立即购买", "加入购物袋"):
        yield 2, "one can buy on it"
    elif signs.says("购物车"):
        yield 1, "it has a shopping cart"
    if signs.says("商品已下架", "宝贝不存在", "该商品不存在"):
        yield 2, "it says that a listing is gone"
    if signs.search is not None and signs.linked(r"^/(?:shop|store|seller)/"):
        yield 1, "it can be searched and leads to shops"


def _search(signs: Signs) -> Iterator[Sign]:
    if signs.has('link[rel="search"][type*="opensearch"]'):
        yield 1, "it offers itself as a search engine"
    if not signs.asked:
        return
    out, whole = signs.led_out
    if out and out * 2 > whole:
        yield 3, f"it answers a search, and {out} of {whole} headings lead to other sites"
    if signs.says("相关搜索"):
        yield 1, "it proposes further searches"


def _qa(signs: Signs) -> Iterator[Sign]:
    if signs.types & {"QAPage", "Question", "Answer"}:
        yield 4, "its structured data name a question or answers"
    if signs.linked(r"^/(?:question|questions|wenda)/\d+"):
        yield 3, "links lead to numbered questions"
    if signs.json("$.data[?@.question && @.content]"):
        yield 4, "the answer lists answers to a question"


def _articles(signs: Signs) -> Iterator[Sign]:
    if signs.types & {"Article", "NewsArticle", "BlogPosting", "og:article"}:
        yield 4, "its structured data name an article"
    dated = signs.linked(r"/(?:19|20)\d{2}[-/]?\d{2}(?:[-/]?\d{2})?/[^/]+")
    if dated >= 2:
        yield 3, f"{dated} links have a date in their address"
    elif dated:
        yield 1, "a link has a date in its address"
    if signs.says("文章不存在", "您访问的文章"):
        yield 3, "it says that an article is gone"


_TRADE = ("商标注册", "专利申请", "知识产权代理", "代理机构", "版权登记", "专利代理")
_NAV = ("服务项目", "业务范围", "关于我们", "联系我们", "公司简介", "成功案例", "新闻动态")


def _agency(signs: Signs) -> Iterator[Sign]:
    texts = {text for _, text in signs.links}
    if sum(word in texts for word in _NAV) >= 2:
        yield 1, "its navigation is that of a company (services, about, contact)"
    if signs.icp:
        yield 1, f"an ICP record number stands on it ({signs.icp})"
    head = " ".join((signs.view.title, signs.meta('meta[name="keywords"]'), signs.view.text))
    trades = sum(word in head for word in _TRADE)
    if trades >= 2:
        yield 1.5, "it speaks of trade marks, patents or their agents"
    if re.search(r"(?:知识产权|商标|专利)[^\n]{0,12}(?:公司|事务所)", signs.view.title):
        yield 2, "its title names a company for intellectual property"


FAMILIES: dict[str, Callable[[Signs], Iterator[Sign]]] = {
    "family-discuz": _discuz,
    "family-tieba": _tieba,
    "family-nodebb": _nodebb,
    "family-flarum": _flarum,
    "family-shop": _shop,
    "family-search": _search,
    "family-qa": _qa,
    "family-articles": _articles,
    "family-agency": _agency,
}
"""The families, and how each is recognised. Of two that weigh the same the first one wins."""
