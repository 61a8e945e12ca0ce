"""Whole crawls over small sites, by the command."""

from collections.abc import Callable
from pathlib import Path

from tests.services.loopback import Installation, Page, Site

CLAIM = "专利申请包授权，不授权全额退款，三个月下证"
PLAIN = "专利申请代理服务，费用与周期以合同为准"

SHOP = """
name: shop-under-test
kind: shop
hosts: [127.0.0.1]
start: ["http://PLACE/"]
manners: {delay: 0, concurrency: 4}
links:
  - {role: page, css: "nav a"}
  - {role: listing, css: a.goods}
  - {role: next, css: a.next}
documents:
  - kind: listing
    pages: ["/goods/*"]
    key: main::attr(data-id)
    title: h1
    text: .detail
    price: {css: .price, clean: [price]}
    seller: {key: a.shop::attr(data-shop), name: a.shop}
    required: [key, title, text]
markers:
  removed:
    - {css: .off}
healthy: {pages: 3, documents: 2}
"""


def goods(number: int, text: str) -> Page:
    return Page(
        f"<title>商品{number}</title><main data-id='T{number}'><h1>商品{number}</h1>"
        f"<p class=price>¥{number}00</p><div class=detail>{text}</div>"
        f"<a class=shop data-shop=S1 href='/shop/1'>诚信知产</a></main>"
    )


def shop_pages() -> dict[str, Page]:
    return {
        "/robots.txt": Page("User-agent: *\nDisallow: /goods/4\n", media_type="text/plain"),
        "/": Page("<nav><a href='/list?page=1'>专利</a></nav>"),
        "/list?page=1": Page(
            "<a class=goods href='/goods/1'>1</a><a class=goods href='/goods/2?utm_source=x'>2</a>"
            "<a class=next href='/list?page=2'>2</a>"
        ),
        "/list?page=2": Page(
            "<a class=goods href='/goods/3'>3</a><a class=goods href='/goods/4'>4</a>"
            "<a class=goods href='/goods/5'>5</a><a class=goods href='/goods/1'>1</a>"
        ),
        "/goods/1": goods(1, CLAIM),
        "/goods/2": goods(2, PLAIN),
        "/goods/3": Page("<p class=off>该商品已下架</p>"),
        "/goods/5": goods(5, CLAIM),
    }


ROLES = (
    "select role, count(*) from artifact"
    " where coalesce(json_extract(notes, '$.url'), '') not like '%/favicon.ico'"
    " group by role order by role"
)
"""How many artifacts of each role there are, but for the icon, which a browser asks for once."""


def with_profile(installation: Installation, profile: str, site: Site) -> str:
    name = profile.split("name: ")[1].split(maxsplit=1)[0]
    text = profile.replace("PLACE", site.place)
    (installation.profiles / f"{name}.yaml").write_text(text, "utf-8")
    return name


def test_a_shop_becomes_pages_documents_and_clues_with_pictures(
    installation: Installation, site: Callable[..., Site], chromium_path: Path
) -> None:
    assert chromium_path.exists()
    shop = site(shop_pages())
    installation.more["LANTIAN_CONTACT"] = "monitor@office.example"
    name = with_profile(installation, SHOP, shop)

    summary = installation.crawl(name, "--allow", shop.place, "--why", "test")

    assert summary["state"] == "finished", summary
    assert installation.outcomes() == {
        "/": ("seen", ""),
        "/list?page=1": ("seen", ""),
        "/list?page=2": ("seen", ""),
        "/goods/1": ("unchanged", ""),
        "/goods/2": ("seen", ""),
        "/goods/3": ("gone", ""),
        "/goods/4": ("blocked", "robots"),
        "/goods/5": ("unchanged", ""),
    }
    assert (summary["planned"], summary["seen"], summary["gone"], summary["blocked"]) == (
        8,
        6,
        1,
        1,
    )
    assert summary["clues"] == {"guaranteed_grant": 2}
    assert "/goods/4" not in shop.asked
    assert installation.rows("select posting_key, title, price from document order by 1") == [
        ("listing:T1", "商品1", "100"),
        ("listing:T2", "商品2", "200"),
        ("listing:T5", "商品5", "500"),
    ]
    assert installation.rows("select key, name from seller") == [("S1", "诚信知产")]
    assert installation.rows(ROLES) == [
        ("dom", 2),
        ("metadata", 8 - 1 + 2),
        ("payload", 8 - 1 + 2),
        ("pdf", 2),
        ("request", 8 - 1 + 2),
        ("screenshot", 2),
    ]
    assert installation.rows("select distinct state from job") == [("done",)]
    assert installation.rows("select host, granted_by is not null, reason from permission") == [
        ("127.0.0.1", 1, "test")
    ]
    assert all("Lantian/" in agent for agent in shop.agents)
    assert any("monitor@office.example" in agent for agent in shop.agents)


def test_a_second_crawl_asks_whether_pages_changed_and_still_follows_their_links(
    installation: Installation, site: Callable[..., Site]
) -> None:
    pages = shop_pages()
    for number, page in enumerate(pages.values()):
        page.headers = {"ETag": f'"v{number}"'}
    shop = site(pages)
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    name = with_profile(installation, SHOP, shop)
    installation.crawl(name, "--allow", shop.place)

    pages["/goods/2"] = goods(2, CLAIM)
    shop.pages["/goods/2"] = pages["/goods/2"]
    shop.pages["/goods/6"] = goods(6, PLAIN)
    shop.pages["/list?page=2"] = Page(
        pages["/list?page=2"].data + b"<a class=goods href=/goods/6>6"
    )
    del shop.pages["/goods/5"]
    summary = installation.crawl(name)

    assert summary["state"] == "finished", summary
    statuses = dict(
        installation.rows(
            "select page.url, observation.status from observation join page on page.id = page_id"
            " join crawl on crawl.id = crawl_id where purpose = 'crawl' order by observation.id"
        )
    )
    by_path = {url.removeprefix(f"http://{shop.place}"): status for url, status in statuses.items()}
    assert by_path["/"] == by_path["/list?page=1"] == by_path["/goods/1"] == 304
    assert by_path["/goods/2"] == by_path["/goods/6"] == by_path["/list?page=2"] == 200
    assert by_path["/goods/5"] == 404
    assert summary["seen"] == 3  # goods/2, goods/6 and the list
    assert summary["gone"] == 2
    assert installation.rows(
        "select posting_key, count(*) from document group by 1 order by 1"
    ) == [("listing:T1", 1), ("listing:T2", 2), ("listing:T5", 1), ("listing:T6", 1)]
    assert installation.rows("select count(*) from clue") == [(3,)]


def test_without_a_browser_the_evidence_visit_says_why_there_is_no_picture(
    installation: Installation, site: Callable[..., Site]
) -> None:
    shop = site({"/": Page(f"<h1>代理</h1><p>{CLAIM}</p>")})
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"

    summary = installation.crawl(shop.url(), "--allow", shop.place)

    assert summary["state"] == "finished", summary
    ((detail,),) = installation.rows(
        "select detail from observation join crawl on crawl.id = crawl_id"
        " where purpose = 'evidence'"
    )
    assert detail.startswith("no picture: ")
    assert "/nowhere/chromium" in detail
    assert installation.rows("select purpose, hits_stood from capture order by id") == [
        ("crawl", None),
        ("evidence", 1),
    ]


def test_any_address_is_crawled_two_links_deep_within_its_site(
    installation: Installation, site: Callable[..., Site]
) -> None:
    other = site({"/": Page("<p>another site</p>")}, "127.0.0.2")
    here = site(
        {
            "/": Page(f"<h1>first</h1><a href=/a>a</a><a href='{other.url()}'>other</a>"),
            "/a": Page("<h1>second</h1><a href=/b>b</a><a href=/out>out</a>"),
            "/b": Page("<h1>third</h1><a href=/c>c</a>"),
            "/c": Page("<h1>too deep</h1>"),
            "/out": Page("", 302, headers={"Location": other.url()}),
        }
    )

    summary = installation.crawl(here.url(), "--allow", here.place, "--allow", other.place)

    assert summary["state"] == "finished", summary
    assert summary["reason"] == "the budget of the site was used up"
    outcomes = installation.outcomes()
    assert set(outcomes) == {"/", "/a", "/b", "/out"}
    assert outcomes["/out"] == ("failed", "redirected to another site, 127.0.0.2")
    assert other.asked == []


FORUM = """
name: forum-under-test
kind: forum
hosts: [127.0.0.1]
start: ["http://PLACE/"]
manners: {delay: 0, concurrency: 2}
links:
  - {role: thread, css: a.thread}
  - {role: next, css: a.nxt}
documents:
  - kind: post
    pages: ["/thread/*"]
    each: .floor
    key: {attr: id, clean: [digits]}
    title: {css: h1, page: true}
    text: .message
    seller: {key: ".author::attr(data-uid)", name: .author}
    required: [key, text]
"""


def test_a_thread_is_read_over_all_its_pages_in_the_right_character_set(
    installation: Installation, site: Callable[..., Site]
) -> None:
    def thread(*floors: tuple[int, str], more: str = "") -> Page:
        html = "<h1>专利哪家好</h1>" + "".join(
            f"<div class=floor id=pid{number}><i class=author data-uid=u{number}>某</i>"
            f"<div class=message>{text}</div></div>"
            for number, text in floors
        )
        return Page((html + more).encode("gbk"), media_type="text/html")

    forum = site(
        {
            "/": Page(
                "<a class=thread href=/thread/1-1>帖</a>".encode("gbk"), media_type="text/html"
            ),
            "/thread/1-1": thread((1, PLAIN), (2, CLAIM), more="<a class=nxt href=/thread/1-2>"),
            "/thread/1-2": thread((3, "谢谢楼主，我再看看别家的报价")),
        }
    )
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    name = with_profile(installation, FORUM, forum)

    summary = installation.crawl(name, "--allow", forum.place)

    assert summary["documents"] == 3, summary
    assert installation.rows("select posting_key, text from document order by 1") == [
        ("post:1", f"专利哪家好\n{PLAIN}"),
        ("post:2", f"专利哪家好\n{CLAIM}"),
        ("post:3", "专利哪家好\n谢谢楼主，我再看看别家的报价"),
    ]
    assert installation.rows("select posting_key from clue") == [("post:2",)]


SEARCH = """
name: search-under-test
kind: search
hosts: [127.0.0.1]
manners: {delay: 0, concurrency: 1}
searches:
  template: "http://PLACE/s?q={words}"
  words: [专利 包授权, 商标]
links:
  - {role: next, css: a.next}
  - {role: result, css: a.hit, off_site: true}
documents:
  - kind: result
    pages: ["/s?**"]
    each: .result
    url: a.hit::attr(href)
    key_in_page: {css: "input[name=q]", attr: value, page: true}
    title: a.hit
    text: p
    required: [url, title, text]
"""


def test_the_results_of_each_search_are_documents_and_are_not_visited(
    installation: Installation, site: Callable[..., Site]
) -> None:
    other = site({"/page": Page("never asked for")}, "127.0.0.2")
    result = (
        f"<div class=result><a class=hit href='{other.url('/page')}'>某所</a><p>{CLAIM}</p></div>"
    )
    engine = site(
        {
            "/s?q=%E4%B8%93%E5%88%A9+%E5%8C%85%E6%8E%88%E6%9D%83": Page(
                f"<input name=q value='专利 包授权'>{result}<a class=next href='/s?p=2&q=x'>"
            ),
            "/s?p=2&q=x": Page("<input name=q value='专利 包授权'><p>没有更多</p>"),
            "/s?q=%E5%95%86%E6%A0%87": Page("<input name=q value=商标><p>没有结果</p>"),
        }
    )
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    name = with_profile(installation, SEARCH, engine)

    summary = installation.crawl(name, "--allow", engine.place)

    assert (summary["state"], summary["seen"], summary["documents"]) == ("finished", 3, 1), summary
    assert installation.rows("select kind, url from document") == [("result", other.url("/page"))]
    assert other.asked == []


SCRIPTED = """
name: scripted-under-test
kind: shop
hosts: [127.0.0.1]
start: ["http://PLACE/"]
browser: BROWSER
manners: {delay: 0, concurrency: 2}
links:
  - {role: listing, css: a.item}
documents:
  - kind: listing
    pages: ["/item/*"]
    key: article::attr(data-sku)
    title: h1
    text: article
    required: [key, title, text]
"""
SHELL = "<title>店</title><div id=app></div><script src=/app.js></script>"
APP = f"""
fetch('/api' + location.pathname).then((answer) => answer.json()).then((data) => {{
  document.getElementById('app').innerHTML = data.sku
    ? `<article data-sku="${{data.sku}}"><h1>${{data.title}}</h1><p>{CLAIM}</p></article>`
    : data.items.map((sku) => `<a class=item href="/item/${{sku}}">${{sku}}</a>`).join('');
}});
"""


def scripted_pages() -> dict[str, Page]:
    return {
        "/": Page(SHELL),
        "/app.js": Page(APP, media_type="text/javascript; charset=utf-8"),
        "/api/": Page('{"items": ["K1", "K2"]}', media_type="application/json"),
        **{f"/item/K{n}": Page(SHELL) for n in (1, 2)},
        **{
            f"/api/item/K{n}": Page(
                f'{{"sku": "K{n}", "title": "宝贝{n}"}}', media_type="application/json"
            )
            for n in (1, 2)
        },
    }


def test_listings_that_a_script_draws_are_read_through_the_browser(
    installation: Installation, site: Callable[..., Site], chromium_path: Path
) -> None:
    assert chromium_path.exists()
    shop = site(scripted_pages())
    name = with_profile(installation, SCRIPTED.replace("BROWSER", "'yes'"), shop)

    summary = installation.crawl(name, "--allow", shop.place)

    assert (summary["state"], summary["seen"], summary["browser_pages"]) == ("finished", 3, 3)
    assert installation.rows("select posting_key from clue order by 1") == [
        ("listing:K1",),
        ("listing:K2",),
    ]
    assert dict(installation.rows(ROLES)) == {
        **dict.fromkeys(("dom", "metadata", "payload", "request"), 5),
        **dict.fromkeys(("screenshot", "pdf"), 2),
        "part": 2 * 2,  # the script, and the answer that it asked for
    }


def test_without_a_browser_such_pages_are_unknown_and_never_clean(
    installation: Installation, site: Callable[..., Site]
) -> None:
    shop = site(scripted_pages())
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    name = with_profile(installation, SCRIPTED.replace("BROWSER", "'yes'"), shop)

    summary = installation.crawl(name, "--allow", shop.place)

    assert (summary["unknown"], summary["seen"]) == (1, 0)
    outcome, detail = installation.outcomes()["/"]
    assert outcome == "failed"
    assert detail.startswith("this page needs a browser: ")
    assert summary["alarms"]


def test_a_page_that_turns_out_to_be_empty_is_asked_for_again_in_the_browser(
    installation: Installation, site: Callable[..., Site], chromium_path: Path
) -> None:
    assert chromium_path.exists()
    pages = scripted_pages()
    pages["/"] = Page("<a class=item href=/item/K1>1</a><a class=item href=/item/S1>2</a>")
    pages["/item/S1"] = Page(f"<article data-sku=S1><h1>静态</h1><p>{PLAIN}</p></article>")
    shop = site(pages)
    name = with_profile(installation, SCRIPTED.replace("BROWSER", "if-missing"), shop)

    summary = installation.crawl(name, "--allow", shop.place)

    assert (summary["seen"], summary["browser_pages"], summary["documents"]) == (3, 1, 2), summary
    visits = installation.rows(
        "select page.url from observation join page on page.id = page_id"
        " join crawl on crawl.id = crawl_id where crawl.purpose = 'crawl'"
    )
    assert len(visits) == 3


def test_a_source_that_is_being_crawled_is_refused_by_name(
    installation: Installation, site: Callable[..., Site]
) -> None:
    shop = site(shop_pages())
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    name = with_profile(installation, SHOP, shop)
    installation.crawl(name, "--allow", shop.place)
    store = installation.store()
    from datetime import timedelta

    from sqlalchemy import select

    from lantian.model import Job
    from lantian.store.engine import database_now

    with store.write() as session:
        job = session.scalars(select(Job).where(Job.kind == "crawl")).one()
        job.state, job.lease_until = "leased", database_now(session) + timedelta(minutes=5)
        key = job.key
    store.close()

    done = installation.command("crawl", name)

    assert done.returncode == 1
    assert f"source {name} is being crawled: job {key} holds it" in done.stderr


def test_an_unknown_name_and_a_private_address_are_refused_with_the_cure(
    installation: Installation, site: Callable[..., Site]
) -> None:
    shop = site(shop_pages())
    unknown = installation.command("crawl", "no-such-source")
    private = installation.command("crawl", shop.url())

    assert unknown.returncode == private.returncode == 1
    assert "no-such-source" in unknown.stderr
    assert f"give it the permission {shop.place}" in private.stderr
    assert shop.asked == []
