"""Visits with a real Chromium."""

import asyncio
import gzip
import io
import os
import signal
import struct
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from lantian.browser.visit import VisitLimits
from lantian.errors import EgressRefused, FetchFailed
from tests.browser.conftest import only_context

if TYPE_CHECKING:
    from tests.browser.conftest import Browsing


def test_a_page_is_rendered_and_its_bytes_are_kept(browser: "Browsing") -> None:
    visit = browser.visit("/plain")
    assert visit.status == 200
    assert visit.final_url == f"{browser.site.url}/plain"
    assert visit.body.decode() == "<!doctype html><title>页</title><body><p>商标注册代理</p>"
    assert not visit.recoded
    assert "<p>商标注册代理</p>" in visit.dom.decode()
    assert visit.dom.startswith(b"<!DOCTYPE html>")
    assert visit.raw_head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert visit.raw_head.endswith(b"\r\n\r\n")
    assert (b"Content-Type", b"text/html; charset=utf-8") in visit.headers
    assert visit.remote_ip == "127.0.0.2"
    assert visit.settled
    assert visit.screenshot is None


def test_listings_that_come_after_fetch_are_there(browser: "Browsing") -> None:
    visit = browser.visit("/filled")
    assert "晚到的报价：包授权" in visit.dom.decode()
    assert "晚到的报价" not in visit.body.decode()


def test_pages_in_chinese_character_sets_keep_their_bytes(browser: "Browsing") -> None:
    visit = browser.visit("/gb")
    assert visit.body == "<!doctype html><title>商标</title><body><p>商标注册，包授权</p>".encode(
        "gb18030"
    )
    assert not visit.recoded
    assert "包授权" in visit.dom.decode()


def test_malformed_bytes_are_kept(browser: "Browsing") -> None:
    visit = browser.visit("/malformed")
    assert visit.body.endswith(b"</p>\xff\xfe<p>x")
    assert not visit.recoded


def test_a_document_whose_bytes_cannot_be_had_again_is_marked(browser: "Browsing") -> None:
    visit = browser.visit("/unknown")
    assert visit.recoded
    assert visit.body.decode("utf-8") == "<p>\uf780</p>"
    assert b"\r\nContent-Type: text/html; charset=utf-8\r\n" in visit.raw_head
    assert b"X-Archive-Orig-Content-Type: text/html; charset=x-user-defined" in visit.raw_head


def test_a_packed_document_is_kept_unpacked(browser: "Browsing") -> None:
    visit = browser.visit("/gzip")
    assert visit.body == b"<p>packed</p>" * 99
    assert not visit.recoded
    assert b"Content-Encoding: gzip" in visit.raw_head


def test_json_is_kept_as_it_came(browser: "Browsing") -> None:
    assert browser.visit("/json").body == '{"a": "中"}'.encode()


def test_a_404_is_a_visit(browser: "Browsing") -> None:
    visit = browser.visit("/missing")
    assert visit.status == 404
    assert "商品已下架" in visit.dom.decode()


def test_pictures_and_fonts_are_left_out(browser: "Browsing") -> None:
    before = len(browser.site.asked)
    visit = browser.visit("/pictures")
    assert visit.blocked >= 3
    assert browser.site.paths()[before:] == ["/pictures"]


def test_an_evidence_visit_loads_everything_and_takes_a_picture(browser: "Browsing") -> None:
    browser.visit("/lazy")
    before = len(browser.site.asked)
    visit = browser.visit("/lazy", evidence=True, texts=["包授权，不成", "nowhere"])
    assert {"/lazy", "/picture.png"} <= set(browser.site.paths()[before:])
    assert visit.blocked == 0
    assert visit.screenshot is not None
    image = Image.open(io.BytesIO(visit.screenshot))
    assert image.format == "PNG"
    assert image.width == 1280
    assert image.height > 5000
    assert not visit.cut
    first, second = visit.boxes
    assert (first.text, second.text) == ("包授权，不成", "包授权，不成")
    assert 3000 < first.y < 3100
    assert second.x == pytest.approx(first.x + first.width, abs=1)
    # What comes after it is an ordinary visit again.
    assert browser.visit("/pictures").blocked >= 3


def test_a_picture_of_a_high_page_is_cut_and_says_so(browser: "Browsing") -> None:
    limits = VisitLimits(screenshot_height=4000)
    visit = browser.visit("/high", evidence=True, limits=limits)
    assert visit.cut
    assert visit.screenshot is not None
    assert struct.unpack(">II", visit.screenshot[16:24]) == (1280, 4000)


def test_a_picture_of_too_many_bytes_is_taken_smaller(browser: "Browsing") -> None:
    visit = browser.visit("/noise", evidence=True, texts=["噪声里的字"])
    assert visit.scale < 1
    assert visit.screenshot is not None
    assert len(visit.screenshot) <= 1_000_000
    width, height = struct.unpack(">II", visit.screenshot[16:24])
    assert width == pytest.approx(1288 * visit.scale, abs=1)
    (box,) = visit.boxes
    assert height * 0.8 < box.y < height


def test_dialogs_are_dismissed(browser: "Browsing") -> None:
    visit = browser.visit("/dialogs")
    assert visit.dialogs == 3
    assert "有" in visit.dom.decode()


def test_a_page_of_nothing_but_dialogs_fails_by_name(browser: "Browsing") -> None:
    with pytest.raises(FetchFailed, match="one dialog after the other"):
        browser.visit("/dialogs-for-ever")
    assert browser.visit("/plain").status == 200


def test_popups_are_closed(browser: "Browsing") -> None:
    visit = browser.visit("/popups")
    assert "窗" in visit.dom.decode()
    context = only_context(browser.pool)
    assert len(context.pages) <= 2 + 1  # one may be closing


@pytest.mark.parametrize("path", ["/download", "/no-content"])
def test_a_download_is_refused(path: str, browser: "Browsing") -> None:
    with pytest.raises(FetchFailed, match="is no page but a download"):
        browser.visit(path)


def test_a_download_that_a_script_starts_leaves_the_page(browser: "Browsing") -> None:
    visit = browser.visit("/download-by-script")
    assert "留下的页面" in visit.dom.decode()
    assert visit.final_url.endswith("/download-by-script")


def test_an_endless_document_ends_with_the_visits_time(browser: "Browsing") -> None:
    with pytest.raises(FetchFailed, match=r"was not there within 1\.5 s"):
        browser.visit("/endless", limits=VisitLimits(seconds=1.5))
    assert browser.visit("/plain").status == 200


@pytest.mark.parametrize("path", ["/flood", "/bomb", "/announced"])
def test_a_document_over_the_limit_is_given_up_by_name(path: str, browser: "Browsing") -> None:
    with pytest.raises(FetchFailed, match=r"is larger than 1,000,000 bytes"):
        browser.visit(path)
    assert browser.visit("/plain").status == 200


def test_a_page_that_renders_to_more_than_the_limit_is_given_up(browser: "Browsing") -> None:
    with pytest.raises(FetchFailed, match="renders to more than"):
        browser.visit("/swelling")


def test_a_page_that_never_comes_to_rest_is_taken_as_it_is(browser: "Browsing") -> None:
    limits = VisitLimits(settle_seconds=0.8)
    for path in ("/long-poll", "/ticking"):
        visit = browser.visit(path, limits=limits)
        assert not visit.settled
        assert "<p>" in visit.dom.decode()


def test_a_page_that_spins_fails_and_its_tab_is_replaced(browser: "Browsing") -> None:
    with pytest.raises(FetchFailed):
        browser.visit("/spinning", limits=VisitLimits(seconds=1.5))
    for _ in range(3):
        assert browser.visit("/plain").status == 200


def test_a_page_that_eats_memory_fails_alone(browser: "Browsing") -> None:
    with pytest.raises(FetchFailed, match=r"crashed|was not there"):
        browser.visit("/eating")
    for _ in range(3):
        assert browser.visit("/plain").status == 200


@pytest.mark.parametrize("path", ["/moved", "/moved-by-script", "/moved-by-meta"])
def test_redirects_are_followed_and_told(path: str, browser: "Browsing") -> None:
    visit = browser.visit(path)
    assert visit.final_url == f"{browser.site.url}/plain"
    assert visit.redirects == (f"{browser.site.url}{path}",)
    assert "商标注册代理" in visit.body.decode()


@pytest.mark.parametrize("path", ["/loop", "/loop-by-script"])
def test_a_redirect_loop_ends(path: str, browser: "Browsing") -> None:
    limits = VisitLimits(seconds=90, settle_seconds=60)
    with pytest.raises(FetchFailed, match=r"leads on more than 5 times|TOO_MANY_REDIRECTS"):
        browser.visit(path, limits=limits)
    assert browser.visit("/plain").status == 200


@pytest.mark.parametrize("path", ["/to-other-port", "/to-other-port-by-script"])
def test_a_redirect_to_a_refused_address_is_refused_by_name(path: str, browser: "Browsing") -> None:
    with pytest.raises(EgressRefused, match=rf"127\.0\.0\.1:{browser.canary.port} is not"):
        browser.visit(path)
    assert browser.canary.taken == []


def test_what_a_page_loads_from_refused_addresses_is_counted(browser: "Browsing") -> None:
    visit = browser.visit("/frames-other-port", evidence=True)
    assert "框" in visit.dom.decode()
    assert visit.refused >= 2
    assert browser.canary.taken == []


def test_no_file_is_opened(browser: "Browsing") -> None:
    with pytest.raises(FetchFailed):
        browser.visit("/to-file")
    with pytest.raises(EgressRefused, match="only http and https"):
        browser.run(browser.pool.visit("file:///etc/hostname"))
    with pytest.raises(EgressRefused):
        browser.run(browser.pool.visit("chrome://crash/"))


def test_a_crashed_tab_fails_its_visit_and_is_replaced(browser: "Browsing") -> None:
    async def crash() -> None:
        context = only_context(browser.pool)
        assert context.browser is not None
        visit = asyncio.create_task(browser.pool.visit(f"{browser.site.url}/long-poll"))
        await context.wait_for_event("request", lambda asked: asked.url.endswith("/endless"))
        session = await context.browser.new_browser_cdp_session()
        told = await session.send("SystemInfo.getProcessInfo")
        for process in told["processInfo"]:
            if process["type"] == "renderer":
                os.kill(process["id"], signal.SIGKILL)
        with pytest.raises(FetchFailed, match="its tab crashed"):
            await visit

    browser.run(crash())
    for _ in range(3):
        assert browser.visit("/plain").status == 200


def test_script_errors_are_counted(browser: "Browsing") -> None:
    assert browser.visit("/errors").script_errors == 1


def test_a_page_cannot_tamper_with_what_is_read_from_it(browser: "Browsing") -> None:
    assert "<p>真</p>" in browser.visit("/tampered").dom.decode()


def test_a_lone_surrogate_is_no_error(browser: "Browsing") -> None:
    assert '<p id="p">a' in browser.visit("/surrogate").dom.decode("utf-8")


def test_the_browser_says_who_it_is(browser: "Browsing") -> None:
    dom = browser.visit("/agent").dom.decode()
    assert "Chrome/" in dom
    assert "Lantian/0.1 (+https://office.example)" in dom


def test_visits_share_tabs_and_one_bad_page_stops_nobody(browser: "Browsing") -> None:
    bad = ["/endless", "/spinning", "/dialogs-for-ever", "/download", "/loop"]
    good = ["/plain", "/filled", "/gb", "/missing", "/json", "/popups", "/dialogs"]
    paths = [path for pair in zip(good, [*bad, *good], strict=False) for path in pair]

    async def all_of_them() -> list[Any]:
        visits = [
            browser.pool.visit(
                f"{browser.site.url}{path}", limits=VisitLimits(seconds=3 if path in bad else 60)
            )
            for path in paths
        ]
        return await asyncio.gather(*visits, return_exceptions=True)

    results = browser.run(all_of_them())
    failed = {
        path: str(result)
        for path, result in zip(paths, results, strict=True)
        if isinstance(result, Exception)
    }
    assert set(failed) == set(bad), failed


def test_cookies_are_forgotten_between_sites(browser: "Browsing") -> None:
    browser.visit("/cookie")
    browser.visit("/plain")
    assert browser.site.asked[-1].fields.get("Cookie") == "name=value"
    browser.run(browser.pool.clear())
    browser.visit("/plain")
    assert "Cookie" not in browser.site.asked[-1].fields


def test_gzip_of_the_bomb_is_small() -> None:
    # so that the limit is on what is unpacked, not on what comes over the wire
    assert len(gzip.compress(b"<p>x</p>" * 4_000_000)) < 100_000


@pytest.mark.parametrize("path", ["/plain", "/moved", "/moved-by-script"])
def test_what_was_asked_is_kept_as_it_was_received(browser: "Browsing", path: str) -> None:
    browser.visit("/cookie")
    del browser.site.asked[:]
    visit = browser.visit(path, evidence=True)
    (asked,) = (one for one in browser.site.asked if one.path == "/plain")
    first, *lines = visit.raw_request.decode().rstrip("\r\n").split("\r\n")
    assert first == "GET /plain HTTP/1.1"
    assert dict(line.split(": ", 1) for line in lines) == asked.fields
    assert asked.fields["Cookie"] == "name=value"
    assert asked.fields["Host"] == f"{browser.site.ip}:{browser.site.port}"
    assert not visit.from_cache


def test_a_page_that_may_be_cached_is_asked_for_each_time(browser: "Browsing") -> None:
    first, second = browser.visit("/kept"), browser.visit("/kept")
    assert [one.path for one in browser.site.asked].count("/kept") == 2
    assert not first.from_cache
    assert not second.from_cache
