"""`lantian source`: from an address to a tested profile, on sites of this test's own."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from lantian.reading import load_profile
from tests.crawler.families import engine, save, shop
from tests.services.loopback import Installation, Page, Site, serving

Sites = Callable[..., Site]
START = {
    "family-articles": "/channel/ip/",
    "family-search": f"/s?wd={engine.QUERY}",
    "family-tieba": "/f?kw=%E4%B8%93%E5%88%A9",
}


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path, more={"LANTIAN_CHROMIUM": "/nowhere/chromium"})


@pytest.fixture
def site() -> Iterator[Sites]:
    with ExitStack() as stack:

        def make(pages: dict[str, Page], ip: str = "127.0.0.1") -> Site:
            return stack.enter_context(serving(pages, ip))

        yield make


def family_site(site: Sites, family: str) -> Site:
    """A site of the family on loopback."""
    place = site({})
    module = save.module_of(family)
    place.pages.update(module.pages(place.place) if family == "family-search" else module.pages())
    return place


def add(installation: Installation, url: str, *arguments: str) -> str:
    """What `source add --yes` said, if it went well."""
    done = installation.command("source", "add", url, "--yes", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def quick(installation: Installation, name: str) -> None:
    """Let the profile of a source ask for no patience with a site on loopback."""
    path = installation.profiles / f"{name}.yaml"
    path.write_text(re.sub(r"delay: [\d.]+", "delay: 0.0", path.read_text("utf-8")), "utf-8")


def nothing_kept(installation: Installation) -> None:
    """Looking leaves no page, capture or job behind."""
    for table in ("page", "observation", "capture", "document", "job", "frontier_row"):
        assert installation.rows(f"select count(*) from {table}") == [(0,)]  # noqa: S608


@pytest.mark.parametrize("family", sorted(save.FAMILIES))
def test_a_site_of_each_family_is_recognised_and_read_without_anything_missing(
    installation: Installation, site: Sites, family: str
) -> None:
    place = family_site(site, family)
    said = add(
        installation, place.url(START.get(family, "/")), "--allow", place.place, "--name", "new"
    )

    assert f"This looks like: {family.removeprefix('family-')} (" in said
    assert "Healthy, as far as" in said
    assert "MISSING" not in said
    profile = load_profile(installation.profiles / "new.yaml")
    assert profile.hosts == ("127.0.0.1",)
    assert all(url.startswith(f"http://{place.place}/") for url in profile.starts())
    assert installation.rows("select name, profile, kind from source") == [
        ("new", "new", profile.kind)
    ]
    assert installation.rows("select host, port from permission") == [
        ("127.0.0.1", int(place.place.rpartition(":")[2]))
    ]
    nothing_kept(installation)


def test_what_was_added_is_crawled_and_listed_with_how_it_went(
    installation: Installation, site: Sites
) -> None:
    place = family_site(site, "family-shop")
    add(installation, place.url("/item/1002.html"), "--allow", place.place, "--words", "专利，")
    quick(installation, "127-0-0-1")
    profile = load_profile(installation.profiles / "127-0-0-1.yaml")
    assert profile.start == (place.url(),)
    assert profile.starts()[1:] == (f"http://{place.place}/search?keyword={shop.WORDS}",)

    summary = installation.crawl("127-0-0-1")
    assert (summary["state"], summary["clues"]) == (
        "finished",
        {"green_channel": 1, "guaranteed_grant": 2, "official_impersonation": 1},
    )
    listed = installation.command("source", "list")
    assert "finished, 4 documents" in listed.stdout, listed.stdout
    (row,) = map(json.loads, installation.command("source", "list", "--json").stdout.splitlines())
    assert (row["name"], row["state"], row["kind"]) == ("127-0-0-1", "finished", "shop")
    audit = "select detail from audit_event where action = 'source.add'"
    assert place.place in installation.rows(audit)[0][0]


def test_nothing_is_written_without_a_yes(installation: Installation, site: Sites) -> None:
    place = family_site(site, "family-qa")
    done = installation.command("source", "add", place.url(), "--allow", place.place)
    assert done.returncode == 1
    assert "This looks like: qa" in done.stdout
    assert list(installation.profiles.iterdir()) == []
    assert installation.rows("select count(*) from source") == [(0,)]


def test_no_address_is_opened_without_permission_and_none_that_robots_forbid(
    installation: Installation, site: Sites
) -> None:
    place = family_site(site, "family-qa")
    refused = installation.command("source", "add", place.url(), "--yes")
    assert refused.returncode == 1
    assert f"give it the permission {place.place}" in refused.stderr
    assert place.asked == []

    place.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /", media_type="text/plain")
    forbidden = installation.command("source", "add", place.url(), "--yes", "--allow", place.place)
    assert forbidden.returncode == 1
    assert "robots.txt of the site says so" in forbidden.stderr
    assert set(place.asked) == {"/robots.txt"}
    assert list(installation.profiles.iterdir()) == []


def test_what_a_person_answers_for_is_tested_although_robots_forbid_it(
    installation: Installation, site: Sites
) -> None:
    place = family_site(site, "family-shop")
    add(installation, place.url("/item/1002.html"), "--allow", place.place)
    quick(installation, "127-0-0-1")
    place.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /item/", media_type="text/plain")
    page = place.url("/item/1002.html")
    test = ("source", "test", page, "--pages", "1")
    assert "robots" in installation.command(*test).stdout

    allowed = ("--except", "/item/", "--by", "张三", "--why", "站方书面同意")
    assert installation.command("source", "robots", "127-0-0-1", *allowed).returncode == 0
    done = installation.command(*test)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "opened under exception 1 of 张三" in done.stdout
    assert "站方书面同意" in done.stdout


def test_a_redirect_to_another_private_address_is_refused(
    installation: Installation, site: Sites
) -> None:
    hidden = site({"/": Page("<p>secret")}, ip="127.0.0.3")
    place = site({"/": Page("", 302, headers={"Location": hidden.url()})})
    done = installation.command("source", "add", place.url(), "--yes", "--allow", place.place)
    assert done.returncode == 1
    assert f"{hidden.place} is not connected to" in done.stderr
    assert hidden.asked == []


@pytest.mark.parametrize(
    "page, said",
    [
        pytest.param(Page("gone", 404), "answers with status 404", id="not-there"),
        pytest.param(Page("<p>请先登录</p>"), "wants a log-in", id="log-in"),
        pytest.param(Page("<div id=captcha>x</div>"), "check for robots", id="captcha"),
    ],
)
def test_a_page_that_tells_nothing_is_refused_with_its_reason(
    installation: Installation, site: Sites, page: Page, said: str
) -> None:
    place = site({"/": page})
    done = installation.command("source", "add", place.url(), "--yes", "--allow", place.place)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_a_site_that_only_says_what_it_is_becomes_any_site(
    installation: Installation, site: Sites
) -> None:
    place = site(
        {
            "/": Page(
                "<title>\x1b]0;x\x07旧论坛</title><meta name=generator content='Discuz! 5'>"
                "<h1>旧论坛</h1><a href=/old/1>帖子</a>"
            ),
            "/old/1": Page("<h1>帖子</h1><p>正文</p>"),
        }
    )
    said = add(installation, place.url(), "--allow", place.place, "--name", "old")
    assert "This looks like: any site" in said
    assert "its generator tag says discuz! 5" in said
    assert "nothing could be read from" in said
    assert "\x1b" not in said
    profile = load_profile(installation.profiles / "old.yaml")
    assert (profile.kind, profile.start, profile.browser) == ("site", (place.url(),), "if-missing")
    again = installation.command("source", "add", place.url(), "--name", "old", "--yes")
    assert "source or profile 'old' already" in again.stderr


def test_a_site_is_not_watched_twice_by_mistake_and_can_be_put_aside(
    installation: Installation, site: Sites
) -> None:
    place = family_site(site, "family-nodebb")
    add(installation, place.url(), "--allow", place.place, "--name", "first", "--pages", "2")
    asked = len(place.asked)
    again = installation.command("source", "add", place.url("/category/2/patents"), "--yes")
    assert again.returncode == 1
    assert "the source first watches this site already" in again.stderr
    assert len(place.asked) == asked

    assert installation.command("source", "off", "first").stdout == "first is off.\n"
    assert installation.rows("select enabled from source") == [(0,)]
    assert re.search(r"first\s+forum.*\boff\b", installation.command("source", "list").stdout)
    assert installation.command("source", "on", "first").returncode == 0
    assert installation.rows("select enabled from source") == [(1,)]
    actions = installation.rows("select action from audit_event order by id")
    assert actions == [("source.add",), ("source.off",), ("source.on",)]


def test_the_family_can_be_named(installation: Installation, site: Sites) -> None:
    place = family_site(site, "family-search")
    said = add(
        installation, place.url(f"/s?wd={engine.QUERY}"), "--as", "site", "--allow", place.place
    )
    assert "you named the family" in said
    unknown = installation.command("source", "add", place.url(), "--as", "bbs", "--yes")
    assert "Families: agency, articles, discuz" in unknown.stderr


def test_a_test_names_the_field_that_went_missing_and_fails(
    installation: Installation, site: Sites
) -> None:
    place = family_site(site, "family-discuz")
    add(installation, place.url(), "--allow", place.place, "--name", "board")
    quick(installation, "board")
    healthy = installation.command("source", "test", "board")
    assert (healthy.returncode, "Healthy" in healthy.stdout) == (0, True), healthy.stdout

    for at, page in list(place.pages.items()):
        place.pages[at] = Page(
            page.data.replace(b"authorposton", b"when"), media_type=page.media_type
        )
    broken = installation.command("source", "test", "board")
    assert broken.returncode == 1
    assert re.search(r"posted_at\s+required\s+0 of 1: MISSING in 1", broken.stdout), broken.stdout
    assert "Not healthy:" in broken.stdout
    assert f"To mend: open {place.url('/forum.php?mod=viewthread&tid=7')}" in broken.stdout
    assert str(installation.profiles / "board.yaml") in broken.stdout

    path = installation.profiles / "board.yaml"
    path.write_text(path.read_text("utf-8").replace("authorposton", "when"), "utf-8")
    mended = installation.command("source", "test", "board")
    assert mended.returncode == 0, mended.stdout
    nothing_kept(installation)


def test_one_page_is_tested_by_its_address_and_an_unknown_site_is_told(
    installation: Installation, site: Sites
) -> None:
    place = family_site(site, "family-nodebb")
    add(installation, place.url(), "--allow", place.place, "--name", "paths")
    quick(installation, "paths")
    done = installation.command("source", "test", place.url("/topic/302/topic-302"), "--pages", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "post:9010" in done.stdout
    unknown = installation.command("source", "test", "http://nobody.example/")
    assert "no source watches nobody.example" in unknown.stderr


def test_pictures_are_taken_by_the_browser(
    installation: Installation, site: Sites, chromium_path: Path, tmp_path: Path
) -> None:
    installation.more["LANTIAN_CHROMIUM"] = str(chromium_path)
    place = family_site(site, "family-agency")
    add(installation, place.url(), "--allow", place.place, "--name", "own")
    quick(installation, "own")
    folder = tmp_path / "pictures"
    done = installation.command(
        "source", "test", "own", "--pages", "2", "--screenshots", str(folder)
    )
    assert done.returncode == 0, done.stdout
    pictures = sorted(folder.iterdir())
    assert [path.name for path in pictures] == ["01-start.png", "02-page.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert "01-start.png" in done.stdout


SCRIPT = """
fetch('/data.json').then(r => r.json()).then(all => {
  const at = location.pathname.match(/item.(\\d+)/);
  document.getElementById('app').innerHTML = at
    ? `<main><h1>${all[at[1]].title}</h1><p class="price">¥${all[at[1]].price}</p>
       <div class="detail">${all[at[1]].text}</div><button>立即购买</button>
       <a href="/shop/5">明理知产</a></main>`
    : '<ul>' + Object.keys(all).map(n => `<li class="g"><a href="/item/${n}">${all[n].title}</a>
       <b>¥${all[n].price}</b></li>`).join('') + '</ul>';
});
"""


def test_a_shop_drawn_by_scripts_is_recognised_in_the_browser_and_watched_with_it(
    installation: Installation, site: Sites, chromium_path: Path
) -> None:
    installation.more["LANTIAN_CHROMIUM"] = str(chromium_path)
    goods = {
        str(n): {"title": f"专利申请 {n}", "price": "680.00", "text": "包授权，不过退款"}
        for n in (71, 72, 73)
    }
    shell = Page("<title>快购</title><div id=app></div><script src=/app.js></script>")
    place = site(
        {
            "/": shell,
            "/app.js": Page(SCRIPT, media_type="text/javascript; charset=utf-8"),
            "/data.json": Page(json.dumps(goods), media_type="application/json"),
            **{f"/item/{n}": shell for n in goods},
        }
    )
    said = add(installation, place.url(), "--allow", place.place, "--name", "drawn")
    assert "This looks like: shop" in said
    assert "opened in the browser" in said
    assert "listing:71" in said
    assert "Healthy" in said
    model = yaml.safe_load((installation.profiles / "drawn.yaml").read_text("utf-8"))
    assert model["browser"] == "yes"


def test_a_shop_of_unknown_markup_is_read_at_guessed_places(
    installation: Installation, site: Sites
) -> None:
    def goods(number: int, title: str, price: str) -> Page:
        return Page(
            f"<title>{title}_本地通</title><div class=xq><div class=bt>{title}</div>"
            f"<div class=jg>价格：<b>{price}</b></div><div class=ms>包授权，不过全退</div>"
            f"<div class=dpk>店铺：<a href=/dp/{number}/>速成代理</a></div></div>"
        )

    rows = "".join(
        f"<dl class=xx><dt><a href=/sp/{n}.htm>{n}</a></dt><dd>{n}元</dd></dl>" for n in (901, 902)
    )
    place = site(
        {
            "/fw/": Page(f"<title>服务_本地通</title>{rows}<a href=/fw/p2/>下页</a>"),
            "/fw/p2/": Page("<title>服务_本地通</title><p>完</p>"),
            "/sp/901.htm": goods(1, "专利代理", "980元"),
            "/sp/902.htm": goods(2, "商标注册", "199元起"),
            "/more/": Page(f"<title>更多_本地通</title>{rows}"),
        }
    )
    said = add(
        installation,
        place.url("/fw/"),
        "--allow",
        place.place,
        "--name",
        "local",
        "--start",
        place.url("/more/"),
    )
    assert "its price seems to stand at .jg b" in said
    assert re.search(r"seller_name\s+required\s+2 of 2\s+速成代理", said), said
    assert "Healthy" in said
    profile = load_profile(installation.profiles / "local.yaml")
    assert profile.start == (place.url("/fw/"), place.url("/more/"))
    assert {"/fw/", "/fw/p2/", "/more/", "/sp/901.htm", "/sp/902.htm"} <= set(place.asked)
