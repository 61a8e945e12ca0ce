"""The project is a Scrapy project: its commands work as its users expect."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.services.loopback import Installation, Page, Site

CLAIM = "专利申请包授权，不授权全额退款"


def scrapy(installation: Installation, *arguments: str) -> tuple[int, str, str]:
    done = installation.command(*arguments, module="scrapy")
    return done.returncode, done.stdout, done.stderr


def test_the_spiders_are_listed_and_checked(installation: Installation) -> None:
    status, listed, _ = scrapy(installation, "list")
    assert (status, listed.split()) == (0, ["forum", "recheck", "search", "shop", "site"])

    status, _, said = scrapy(installation, "check")
    assert (status, "OK" in said) == (0, True)


def test_parse_and_shell_show_a_page_and_store_nothing(
    installation: Installation, site: Callable[..., Site]
) -> None:
    page = site({"/": Page(f"<h1>代理</h1><p>{CLAIM}</p><a href=/b>b</a>")})
    installation.crawl(page.url(), "--allow", page.place)
    name = installation.rows("select name from source")[0][0]
    tables = ("observation", "capture", "document", "frontier_row", "job")
    before = [installation.rows(f"select count(*) from {table}") for table in tables]  # noqa: S608

    _, parsed, said = scrapy(
        installation, "parse", "--spider=site", "-a", f"source={name}", page.url()
    )
    assert CLAIM in parsed, said
    assert f"<GET {page.url('/b')}>" in parsed
    _, shown, said = scrapy(installation, "shell", "--spider=site", page.url(), "-c", "response")
    assert "None" in shown or "is not connected to" in said

    assert before == [installation.rows(f"select count(*) from {table}") for table in tables]  # noqa: S608


def test_scrapy_crawl_records_its_crawl_and_feeds_its_documents(
    installation: Installation, site: Callable[..., Site], tmp_path: Path
) -> None:
    page = site({"/": Page(f"<h1>代理</h1><p>{CLAIM}</p>")})
    installation.crawl(page.url(), "--allow", page.place)
    name = installation.rows("select name from source")[0][0]
    feed = tmp_path / "documents.jsonl"

    status, _, said = scrapy(installation, "crawl", "site", "-a", f"source={name}", "-O", str(feed))

    assert status == 0, said
    (line,) = feed.read_text("utf-8").splitlines()
    assert CLAIM in json.loads(line)["text"]
    crawls = installation.rows("select state, complete from crawl where purpose='crawl'")
    assert crawls == [("finished", 1), ("finished", 1)]
    assert installation.rows("select distinct state from job where kind='crawl'") == [("done",)]


def test_scrapy_crawl_refuses_the_wrong_spider_by_name(
    installation: Installation, site: Callable[..., Site]
) -> None:
    page = site({"/": Page("<h1>x</h1>")})
    installation.crawl(page.url(), "--allow", page.place)
    name = installation.rows("select name from source")[0][0]

    status, _, said = scrapy(installation, "crawl", "shop", "-a", f"source={name}")

    assert status == 2
    assert f"source {name} is crawled by the spider site" in said
