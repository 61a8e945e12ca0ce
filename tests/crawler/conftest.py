"""Sites and installations for crawls."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.loopback import Installation, Page, Site, serving


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation of this test's own, which writes in the spider's process."""
    return Installation(tmp_path, more={"LANTIAN_WRITER": "inline"})


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    """Makes sites that are served until the test ends."""
    with ExitStack() as stack:

        def make(pages: dict[str, Page], ip: str = "127.0.0.1") -> Site:
            return stack.enter_context(serving(pages, ip))

        yield make
