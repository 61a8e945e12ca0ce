"""Loopback servers, hostile spellings, and names that answer as told."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lantian.egress.resolver import Lookup
from tests.services import web

HOSTS = Path(__file__).with_name("hostile-hosts.txt")
URLS = Path(__file__).with_name("hostile-urls.txt")


def _lines(path: Path) -> list[str]:
    """The entries of a table; `#` begins a remark, escapes are Python's."""
    lines = (line.partition("  #")[0] for line in path.read_text("utf-8").splitlines())
    return [
        line.encode("ascii", "backslashreplace").decode("unicode_escape")
        for line in lines
        if line.strip() and not line.startswith("#")
    ]


@pytest.fixture(scope="session")
def hostile_hosts() -> list[str]:
    """Spellings of hosts that lead to this machine; IPv6 in brackets."""
    return _lines(HOSTS)


@pytest.fixture(scope="session")
def hostile_urls() -> list[str]:
    """Spellings of addresses that lead to this machine, or do so for some client."""
    return _lines(URLS)


@pytest.fixture
def canary() -> Iterator[web.Canary]:
    """A listener that no client of ours may reach."""
    with web.canary() as found:
        yield found


@pytest.fixture
def site() -> Iterator[web.StartSite]:
    """Starts a site on a loopback address from its pages."""
    with web.sites() as start:
        yield start


@pytest.fixture
def names() -> Callable[[dict[str, list[str] | tuple[list[str], ...]]], Lookup]:
    """Makes a look-up from name to addresses, or to several answers, one a question."""

    def make(table: dict[str, list[str] | tuple[list[str], ...]]) -> Lookup:
        asked: dict[str, int] = {}

        def look_up(host: str, port: int) -> list[str]:
            if host not in table:
                raise socket.gaierror(f"{host} is unknown")
            answers = table[host]
            if isinstance(answers, list):
                return answers
            turn = asked.get(host, 0)
            asked[host] = turn + 1
            return answers[min(turn, len(answers) - 1)]

        return look_up

    return make
