"""An evidence visit keeps all that the page loaded, and the page on paper."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.browser.conftest import LIMITS, PIXEL

if TYPE_CHECKING:
    from tests.browser.conftest import Browsing


def test_all_that_a_page_loaded_is_kept_with_its_heads(browser: "Browsing") -> None:
    visit = browser.visit("/evidence", evidence=True)
    here = len(browser.site.url)
    parts = {part.url[here:]: part for part in visit.parts}
    assert {
        "/style.css",
        "/script.js",
        "/led-on.png",
        "/pixel.png",
        "/inner?a=1",
        "/innermost",
        "/not-there.png",
    } == set(parts) - {"/favicon.ico"}
    assert parts["/style.css"].body.decode() == ".a {color: red} /* 红 */"
    assert parts["/script.js"].body.decode("gbk") == "document.body.append('脚本写的')"
    assert b"Content-Encoding: gzip" in parts["/script.js"].raw_head
    assert parts["/pixel.png"].body == PIXEL
    assert parts["/pixel.png"].remote_ip == browser.site.ip
    assert (parts["/led-on.png"].status, parts["/led-on.png"].body) == (302, b"")
    assert b"Location: /pixel.png" in parts["/led-on.png"].raw_head
    assert parts["/not-there.png"].status == 404
    assert not any(part.recoded for part in visit.parts)
    assert visit.missing == ()


def test_the_page_is_printed(browser: "Browsing") -> None:
    visit = browser.visit("/evidence", evidence=True)
    assert visit.pdf is not None
    assert visit.pdf.startswith(b"%PDF-")


def test_an_ordinary_visit_keeps_nothing_of_it(browser: "Browsing") -> None:
    visit = browser.visit("/evidence")
    assert visit.parts == ()
    assert visit.pdf is None


def test_what_is_too_much_is_left_out_and_counted(browser: "Browsing") -> None:
    limits = replace(LIMITS, parts_bytes=900_000)
    visit = browser.visit("/heavy", evidence=True, limits=limits)
    assert len([part for part in visit.parts if "/big.png" in part.url]) == 2
    assert visit.missing == ("1 of what it loaded could not be kept",)
