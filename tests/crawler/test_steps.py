"""Crawls of sites whose lists come by clicks and scrolls, and what their evidence visits keep."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.loopback import Installation, Page, Site

CLAIM = "专利申请包授权，不授权全额退款，三个月下证"
PROFILE = """
name: steps-under-test
kind: shop
hosts: [127.0.0.1]
start: ["http://PLACE/more", "http://PLACE/scroll"]
browser: if-missing
manners: {delay: 0, concurrency: 2}
steps:
  - {pages: [/more], wait: ".goods"}
  - {pages: [/more], click: .load-more, items: .goods}
  - {pages: [/scroll], scroll: page, items: .goods, until: 8}
links:
  - {role: listing, css: a.goods}
documents:
  - kind: listing
    pages: ["/goods/*"]
    key: article::attr(data-id)
    title: h1
    text: article
    required: [key, title, text]
"""
STYLE = "<style>a {display: block; height: 500px}</style><main></main>"
LOAD = """
const main = document.querySelector("main");
let page = 0, loading = false;
async function load() {
  if (loading || page == PAGES) return;
  loading = true; page += 1;
  const goods = await (await fetch("/api/KIND/" + page)).json();
  for (const id of goods) {
    main.insertAdjacentHTML("beforeend", `<a class=goods href=/goods/${id}>${id}</a>`);
  }
  loading = false;
}
"""
MORE = (
    STYLE
    + "<button class=load-more onclick=load()>加载更多</button><script>"
    + LOAD.replace("KIND", "more").replace("PAGES", "3")
    + "load()</script>"
)
SCROLL = (
    STYLE
    + "<script>"
    + LOAD.replace("KIND", "scroll").replace("PAGES", "1000")
    + """
new IntersectionObserver((seen) => seen.at(-1).isIntersecting && load())
  .observe(document.body.appendChild(document.createElement("footer")));
</script><style>footer {height: 10px}</style>"""
)


def goods(number: int) -> Page:
    """A listing that needs no script; the first two claim what may not be claimed."""
    text = CLAIM if number in {1, 101} else "代办商标注册，资料齐全"
    more = "<img src=/big.png><link rel=stylesheet href=/style.css>" if number == 1 else ""
    return Page(f"<article data-id={number}><h1>服务{number}</h1><p>{text}</p></article>{more}")


@pytest.fixture
def shop(site: Callable[..., Site]) -> Site:
    """A shop with a list behind a button, and another that goes on as long as one scrolls."""
    return site(
        {
            "/more": Page(MORE),
            "/scroll": Page(SCROLL),
            "/style.css": Page("p {color: red}", media_type="text/css"),
            "/big.png": Page(b"\x89PNG no more", media_type="image/png"),
            **{
                f"/api/{kind}/{page}": Page(str([first + 3 * page - n for n in (2, 1, 0)]))
                for kind, first in (("more", 0), ("scroll", 100))
                for page in range(1, 30)
            },
            **{f"/goods/{first + n}": goods(first + n) for first in (0, 100) for n in range(1, 30)},
        }
    )


def test_lists_are_opened_by_steps_and_all_else_goes_over_http(
    installation: Installation, shop: Site, chromium_path: Path
) -> None:
    assert chromium_path.exists()
    text = PROFILE.replace("PLACE", shop.place)
    (installation.profiles / "steps-under-test.yaml").write_text(text, "utf-8")

    summary = installation.crawl("steps-under-test", "--allow", shop.place)

    assert summary["state"] == "finished", summary
    found = installation.rows("select posting_key from document")
    numbers = sorted(int(key.removeprefix("listing:")) for (key,) in found)
    assert numbers == [*range(1, 10), *range(101, 110)]
    assert (summary["seen"], summary["browser_pages"]) == (20, 2), installation.outcomes()
    assert summary["browser_share"] == 0.1
    # A page with steps is not asked for over HTTP first.
    assert (shop.asked.count("/more"), shop.asked.count("/scroll")) == (1, 1)

    rows = installation.rows(
        "select artifact.role, count(*) from artifact join capture on capture.id = capture_id"
        " where capture.purpose = 'evidence' and artifact.role in ('pdf', 'part', 'screenshot')"
        " and capture.url like '%/goods/%' group by 1 order by 1"
    )
    kept = dict(rows)
    assert (kept["pdf"], kept["screenshot"]) == (2, 2)
    urls = installation.rows("select json_extract(notes, '$.url') from artifact where role='part'")
    assert {shop.url("/style.css"), shop.url("/big.png")} <= {url for (url,) in urls}
    verified = installation.command("evidence", "verify", "--deep")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    (clue,) = installation.rows("select id from clue where posting_key = 'listing:1'")
    bundle = installation.folder / "bundle.wacz"
    done = installation.command("evidence", "export", str(bundle), "--clue", str(clue[0]))
    assert done.returncode == 0, done.stdout + done.stderr
    proved = installation.command("evidence", "verify", str(bundle))
    assert proved.returncode == 0, proved.stdout + proved.stderr

    # A slip in a step is told where the profile is tried.
    slip = text.replace(".load-more", ".laod-more")
    (installation.profiles / "steps-under-test.yaml").write_text(slip, "utf-8")
    tried = installation.command("source", "test", shop.url("/more"), "--pages", "1")
    assert "it has no .laod-more" in " ".join(tried.stdout.split()), tried.stdout + tried.stderr


def test_without_a_browser_a_page_with_steps_is_unknown(
    installation: Installation, shop: Site
) -> None:
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    text = PROFILE.replace("PLACE", shop.place)
    (installation.profiles / "steps-under-test.yaml").write_text(text, "utf-8")
    summary = installation.crawl("steps-under-test", "--allow", shop.place)
    assert summary["unknown"] == 2, summary
    assert installation.outcomes()["/more"][1].startswith("this page needs a browser: ")
