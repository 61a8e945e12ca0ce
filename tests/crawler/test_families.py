"""Every family of profiles crawls a site of its kind, by real Scrapy on loopback."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from lantian.reading.filling import Filling, families, fill
from tests.crawler.families import agency, engine, save, shop
from tests.services.loopback import Installation, Page, Site

Sites = Callable[..., Site]


@dataclass(frozen=True)
class Expected:
    """What a crawl of the family's site comes to."""

    outcomes: dict[str, int]
    """Pages by outcome."""
    postings: dict[str, str]
    """Keys, each with the name of its seller."""
    clues: int
    """Postings with a claim that the pack of the tests finds."""


EXPECTED = {
    "family-agency": Expected({"seen": 8}, dict.fromkeys(agency.pages(), agency.NAME), 3),
    "family-articles": Expected(
        {"seen": 6, "gone": 1},
        {f"/a/20261101/{name}.html": "鼎衡知产" for name in ("1", "1_2", "2")},
        2,
    ),
    "family-discuz": Expected(
        {"seen": 8, "gone": 1, "logged_out": 1},
        {
            "post:88001": "林间",
            "reply:88002": "路过的人",
            "reply:88003": "老代理",
            "post:90001": "老代理",
            "post:91001": "老代理",
        },
        4,
    ),
    "family-flarum": Expected(
        {"seen": 5},
        {
            "post:401": "新手",
            "reply:402": "鼎立代理",
            "reply:404": "新手",
            "post:410": "鼎立代理",
        },
        2,
    ),
    "family-nodebb": Expected(
        {"seen": 6},
        {
            "post:9001": "求知",
            "reply:9002": "鼎立代理",
            "reply:9004": "鼎立代理",
            "post:9010": "鼎立代理",
        },
        3,
    ),
    "family-qa": Expected(
        {"seen": 6},
        {
            "post:7": "提问的人",
            "reply:801": "鼎立代理",
            "reply:802": "热心人",
            "reply:803": "商标老王",
            "post:8": "提问的人",
            "reply:810": "鼎立代理",
        },
        3,
    ),
    "family-shop": Expected(
        {"seen": 10, "gone": 2},
        {
            "listing:1001": "明理知产",
            "listing:1002": "速达商标",
            "listing:1003": "速达商标",
            "listing:1005": "明理知产",
        },
        2,
    ),
    "family-tieba": Expected(
        {"seen": 7, "gone": 1},
        {
            "post:70001": "山里的风",
            "reply:70002": "知产小王",
            "reply:70003": "山里的风",
            "reply:71001": "知产小王",
            "post:70004": "知产小王",
        },
        3,
    ),
}


def add(
    installation: Installation, family: str, site: Site, pages: dict[str, Page], **more: object
) -> str:
    """The name of the profile that the site gets from its family; the site serves the pages."""
    site.pages.update(pages)
    name = family.removeprefix("family-") + "-under-test"
    text, _ = fill(family, Filling(name=name, url=site.url(), **more))  # type: ignore[arg-type]
    text = text.replace("delay: 1.0", "delay: 0.0").replace("delay: 1.5", "delay: 0.0")
    text = text.replace("delay: 2.0", "delay: 0.0")
    (installation.profiles / f"{name}.yaml").write_text(text, "utf-8")
    return name


def counted(installation: Installation) -> dict[str, int]:
    """Pages by their outcome in the crawl itself."""
    rows = installation.rows(
        "select outcome, count(*) from observation join crawl on crawl.id = crawl_id"
        " where purpose = 'crawl' group by outcome"
    )
    return dict(rows)


def postings(installation: Installation) -> dict[str, str]:
    """Keys of the postings, addresses without their host, with the names of their sellers."""
    rows = installation.rows(
        "select posting_key, coalesce(seller.name, '') from document"
        " left join seller on seller.id = seller_id where document.current"
    )
    return {re.sub(r"^http://[^/]+", "", key): name for key, name in rows}


@pytest.mark.parametrize("family", sorted(EXPECTED))
def test_a_site_of_the_family_is_crawled_to_its_end(
    installation: Installation, site: Sites, family: str
) -> None:
    expected = EXPECTED[family]
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    place = site({})
    more: dict[str, object] = {}
    if family == "family-shop":
        more["search"] = f"{place.url('/search')}?keyword={{words}}"
    name = add(installation, family, place, save.module_of(family).pages(), **more)

    summary = installation.crawl(name, "--allow", place.place)

    assert summary["state"] == "finished", summary
    assert counted(installation) == expected.outcomes, installation.outcomes()
    assert postings(installation) == expected.postings
    clues = installation.rows("select count(*) from clue")
    assert clues == [(expected.clues,)], installation.rows("select posting_key from clue")
    visited = [path for path in place.asked if path != "/robots.txt"]
    again = installation.rows(
        "select count(*) from observation join crawl on crawl.id = crawl_id"
        " where purpose = 'evidence'"
    )
    assert len(visited) - again[0][0] == len(set(visited)), "a page was fetched twice"
    if family == "family-shop":
        assert f"/api/search?keyword={shop.WORDS}&page=3" in place.asked


def test_adverts_of_a_search_are_followed_off_the_site_and_results_are_not(
    installation: Installation, site: Sites
) -> None:
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    away = site(
        {"/": engine.landing(), "/direct.html": engine.landing(), "/other.html": Page("<p>x")},
        ip="127.0.0.2",
    )
    place = site({})
    name = add(
        installation,
        "family-search",
        place,
        engine.pages(away.place),
        search=f"{place.url('/s')}?wd={{words}}",
        words=("专利 包授权",),
    )

    summary = installation.crawl(name, "--allow", place.place, "--allow", away.place)

    assert summary["state"] == "finished", summary
    rows = installation.rows(
        "select kind, json_extract(fields, '$.advert'), count(*) from document group by 1, 2"
        " order by 1, 2"
    )
    assert rows == [("page", None, 2), ("result", None, 3), ("result", "广告", 2)]
    assert set(away.asked) == {"/robots.txt", "/", "/direct.html"}
    assert counted(installation) == {"seen": 4}
    claims = dict(installation.rows("select claim, count(*) from clue_claim group by claim"))
    assert claims == {"green_channel": 3, "guaranteed_grant": 1}


def test_a_redirect_of_an_advert_to_a_private_address_is_refused(
    installation: Installation, site: Sites
) -> None:
    installation.more["LANTIAN_CHROMIUM"] = "/nowhere/chromium"
    away = site({"/": engine.landing()}, ip="127.0.0.2")
    place = site({})
    name = add(
        installation,
        "family-search",
        place,
        engine.pages(away.place),
        search=f"{place.url('/s')}?wd={{words}}",
        words=("专利 包授权",),
    )

    installation.crawl(name, "--allow", place.place)

    assert away.asked == []
    assert counted(installation) == {"seen": 2, "blocked": 2}


def test_every_family_is_tried() -> None:
    assert {*EXPECTED, "family-search"} == set(families()) == set(save.FAMILIES)
