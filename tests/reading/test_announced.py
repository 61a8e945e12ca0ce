"""Sitemaps, feeds and robots.txt: the addresses that they tell, and what they must not do."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.errors import ConfigError
from lantian.reading import (
    RawPage,
    Reading,
    SiteProfile,
    content_digest,
    parse_profile,
    read_guarded,
    read_page,
)
from lantian.reading.announced import changed_at

PROFILE = parse_profile("""
name: announcing
kind: site
hosts: [a.example]
discovery: {robots: true, role: listing, deny: ["/private/*"], most: 4}
""")
SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


def read(
    body: bytes | str,
    url: str = "https://a.example/sitemap.xml",
    media_type: bytes = b"application/xml",
    profile: SiteProfile = PROFILE,
) -> Reading:
    data = body.encode() if isinstance(body, str) else body
    return read_page(RawPage(url, 200, ((b"content-type", media_type),), data), profile)


def told(reading: Reading) -> list[tuple[str, str]]:
    assert reading.unreadable is None, reading.unreadable
    return [(link.role, link.url.removeprefix("https://a.example")) for link in reading.links]


def test_a_sitemap_tells_addresses_of_its_site_each_once_with_their_last_change() -> None:
    page = "<url><loc> https://a.example{} </loc><lastmod>{}</lastmod></url>"
    reading = read(
        SITEMAP.format(
            page.format("/1?utm_source=x", "2026-11-27")
            + page.format("/1", "2026-11-28")
            + page.format("/private/2", "")
            + page.format("/3", "2026-11-27T10:00:00+08:00")
            + "<url><loc>https://b.example/4</loc></url><url><loc>ftp://a.example/5</loc></url>"
            + f"<url><loc>https://a.example/{'6' * 3_000}</loc></url><url/>"
        )
    )
    assert (reading.kind, told(reading)) == ("sitemap", [("listing", "/1"), ("listing", "/3")])
    # A day ends at its end, in Shanghai.
    assert [changed_at(link) for link in reading.links] == [
        datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 11, 27, 2, tzinfo=UTC),
    ]


def test_an_index_tells_sitemaps_also_packed() -> None:
    index = "<sitemapindex><sitemap><loc>/s1.xml.gz</loc></sitemap></sitemapindex>"
    packed = gzip.compress(index.encode())
    assert told(read(packed, media_type=b"application/gzip")) == [("sitemap", "/s1.xml.gz")]


def test_robots_txt_tells_sitemaps() -> None:
    text = "User-agent: *\nDisallow: /x\nSitemap: /s1.xml\n sitemap:https://a.example/s2.xml\n"
    reading = read(text, "https://a.example/robots.txt", b"text/plain")
    assert told(reading) == [("sitemap", "/s1.xml"), ("sitemap", "/s2.xml")]


@pytest.mark.parametrize("charset", ["utf-8", "gb2312"])
def test_an_rss_feed_tells_its_items_in_any_character_set(charset: str) -> None:
    feed = f"""<?xml version="1.0" encoding="{charset}"?>
    <!-- <urlset> --><rss version="2.0"><channel><title>专利资讯</title>
    <link>https://a.example/</link>
    <item><title>包授权</title><link>/1</link>
    <pubDate>Sat, 28 Nov 2026 08:00:00 GMT</pubDate></item>
    <item><guid>https://a.example/2</guid><pubDate>gestern</pubDate></item>
    <item><guid isPermaLink="false">https://a.example/3</guid></item></channel></rss>"""
    reading = read(feed.encode(charset), media_type=b"text/xml")
    assert (reading.kind, told(reading)) == ("feed", [("listing", "/1"), ("listing", "/2")])
    times = [changed_at(link) for link in reading.links]
    assert times == [datetime(2026, 11, 28, 8, tzinfo=UTC), None]


def test_an_atom_feed_tells_its_entries() -> None:
    reading = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/no"/><entry>'
        '<link rel="self" href="/api/1"/><link href="/1"/><updated>2026-11-28T01:00:00Z</updated>'
        "</entry></feed>"
    )
    assert told(reading) == [("listing", "/1")]
    assert changed_at(reading.links[0]) == datetime(2026, 11, 28, 1, tzinfo=UTC)


def test_no_more_addresses_are_taken_than_the_profile_takes() -> None:
    many = "".join(f"<url><loc>/{number}</loc></url>" for number in range(9))
    assert len(read(SITEMAP.format(many)).links) == 4


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(9))


@pytest.mark.parametrize(
    "body,why",
    [
        (f"<!DOCTYPE u [{ENTITIES}]><urlset><loc>&e8;</loc></urlset>", "DTD or entities"),
        ('<!DOCTYPE u [<!ENTITY x SYSTEM "file:///x">]><urlset>&x;</urlset>', "DTD or entities"),
        ('<!DOCTYPE u SYSTEM "http://b.example/u.dtd"><urlset/>', "DTD or entities"),
        (f"<urlset>{'<a>' * 5_000}", "nested over 32 levels"),
        ("<urlset><url><loc>/1</loc>", "no well-formed XML"),
        (gzip.compress(b"<urlset>" + b" " * 60_000_000), "unpacks to more than"),
        (gzip.compress(SITEMAP.encode())[:-12], "ends in the middle"),
        (b"\x1f\x8bno gzip at all", "cannot be unpacked"),
    ],
    ids=["laughs", "outside", "dtd", "depth", "broken", "bomb", "cut", "no-gzip"],
)
def test_a_hostile_list_is_unreadable_and_never_an_empty_one(body: bytes | str, why: str) -> None:
    reading = read(body)
    assert reading.unreadable is not None
    assert reading.unreadable.startswith("xml: ")
    assert why in reading.unreadable
    assert reading.links == ()


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_comes_is_read_without_an_error(tail: bytes) -> None:
    for beginning in (b"", b"<?xml?>", b"<urlset>", b"<rss><channel><item>", b"\x1f\x8b", b"<!--"):
        assert isinstance(read(beginning + tail), Reading)


def test_what_stands_before_the_first_element_is_passed_in_linear_time() -> None:
    assert read("<?xml ?>" * 1_200 + "<urlset/>").kind != "crash"
    assert read("\ufeff <!-- x --><?y?>\n<urlset/>").kind == "sitemap"


def test_a_profile_that_asks_for_no_lists_reads_them_as_any_page() -> None:
    plain = parse_profile("name: plain\nkind: site\nhosts: [a.example]\n")
    assert read(SITEMAP.format("<url><loc>/1</loc></url>"), profile=plain).kind == "page"
    assert read("<html><p>hello", media_type=b"text/html").kind == "page"


def test_a_child_reads_a_list_as_its_parent_does() -> None:
    raw = RawPage(
        "https://a.example/s", 200, (), SITEMAP.format("<url><loc>/1</loc></url>").encode()
    )
    assert content_digest(read_guarded(raw, PROFILE)) == content_digest(read_page(raw, PROFILE))


@pytest.mark.parametrize(
    "wrong,why",
    [
        ("discovery: {}", "name robots, sitemaps or feeds"),
        ("discovery: {feeds: [/rss]}", "must begin with http"),
        ("discovery: {robots: true, most: 0}", "most"),
        ("revisit: {least_hours: 5, most_hours: 2}", "most_hours is less than least_hours"),
        ("revisit: {least_hours: 0}", "least_hours"),
        ("budget: {day_pages: 0}", "day_pages"),
    ],
)
def test_a_profile_with_impossible_limits_is_refused(wrong: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_profile(f"name: t\nkind: site\n{wrong}\n")
