"""Pages and profiles for the tests of reading."""

from collections.abc import Callable

import pytest

from lantian.reading import RawPage, SiteProfile, parse_profile

MakePage = Callable[..., RawPage]


@pytest.fixture
def page() -> MakePage:
    """Makes the page that answered with `body`."""

    def make(
        body: str | bytes,
        *,
        url: str = "https://shop.example/",
        content_type: str = "text/html; charset=utf-8",
        status: int = 200,
        via: str = "http",
    ) -> RawPage:
        raw = body if isinstance(body, bytes) else body.encode()
        headers = ((b"Content-Type", content_type.encode()),) if content_type else ()
        assert via in {"http", "browser"}
        return RawPage(url, status, headers, raw, "browser" if via == "browser" else "http")

    return make


@pytest.fixture
def profile() -> Callable[[str], SiteProfile]:
    """Makes a profile of kind site from the YAML of its further fields."""

    def make(fields: str) -> SiteProfile:
        return parse_profile(f"name: test\nkind: site\n{fields}")

    return make
