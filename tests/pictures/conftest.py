"""A shop whose listings carry their text in pictures, and an installation that crawled it."""

from collections.abc import Iterator

import pytest

from lantian.store.engine import Store
from tests.pictures.drawing import GUARANTEE, drawn
from tests.pictures.shop import PROFILE, crawled, goods
from tests.services.loopback import Installation, Site, serving
from tests.services.loopback import Page as Served


@pytest.fixture(scope="session")
def shop() -> Iterator[Site]:
    red = drawn([GUARANTEE])
    pages = {
        "/": Served("".join(f'<a class=goods href="/goods/{n}.html">{n}</a>' for n in range(1, 6))),
        "/robots.txt": Served("User-agent: *\nDisallow: /private/\n", media_type="text/plain"),
        "/goods/1.html": goods(1, "/img/red.png", "/img/tiny.png"),
        "/goods/2.html": goods(2, "/img/the-same.png?v=2"),
        "/goods/3.html": goods(3, "/img/page.png", "/img/cut.png", "/private/red.png"),
        "/goods/4.html": goods(4, "/img/clean.png"),
        "/goods/5.html": goods(5),
        "/img/red.png": Served(red, media_type="image/png"),
        "/img/the-same.png?v=2": Served(red, media_type="image/png"),
        "/img/tiny.png": Served(drawn([], size=(60, 60)), media_type="image/png"),
        "/img/page.png": Served("<html><script>alert(1)</script></html>", media_type="image/png"),
        "/img/cut.png": Served(red[: len(red) // 2], media_type="image/png"),
        "/private/red.png": Served(red, media_type="image/png"),
        "/img/clean.png": Served(drawn(["专利查询服务"]), media_type="image/png"),
    }
    with serving(pages) as served:
        yield served


@pytest.fixture(scope="session")
def installed(shop: Site, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that has crawled the shop, with all that followed."""
    folder = tmp_path_factory.mktemp("pictures")
    # One process loads the models once, and no browser is started: both take long here.
    more = {
        "LANTIAN_PICTURE_PROCESSES": "1",
        "LANTIAN_WRITER": "inline",
        "LANTIAN_CHROMIUM": str(folder / "no-chromium"),
    }
    installation = Installation(folder, more=more)
    installation.profiles.mkdir(parents=True, exist_ok=True)
    profile = PROFILE.replace("127.0.0.1/", f"{shop.place}/")
    (installation.profiles / "pictured.yaml").write_text(profile)
    summary = crawled(installation, shop)
    assert summary["state"] == "finished", summary["said"]
    return installation


@pytest.fixture
def store(installed: Installation) -> Iterator[Store]:
    """The store of that installation."""
    opened = installed.store()
    yield opened
    opened.close()
