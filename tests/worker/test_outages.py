"""The database is gone for a while: the work waits, and nothing is lost.

Each ends with the counts of an undisturbed run.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from lantian.store.engine import Store
from tests.services.faulty import Way, way_to
from tests.services.loopback import Installation, Site
from tests.worker.test_kill import (
    CLAIM,
    PAGES,
    SETTINGS,
    counts,
    end,
    is_over,
    prepare,
    shop,
    slow_site,
    start,
    visits,
    wait_for,
)

CLAIMS = sum(CLAIM in page.data.decode() for page in shop().values())
"""Pages of the site on which something stands."""
EXPECTED = {
    **dict.fromkeys(("pages", "observed", "captures", "seen"), PAGES),
    "documents": PAGES - 1,
    **dict.fromkeys(("hits", "clues", "evidence"), CLAIMS),
    "crawls": 1,
    **dict.fromkeys(("open", "running", "unfinished"), 0),
}


def kept(store: Store) -> dict[str, int]:
    """The counts that say whether anything was lost or stands twice."""
    found = counts(store)
    return {name: found[name] for name in EXPECTED}


@pytest.fixture
def site() -> Iterator[Site]:
    with slow_site() as found:
        yield found


def is_gone(way: Way, _: Store) -> None:
    way.cut()


def hangs(way: Way, store: Store) -> None:
    """Nobody gets an answer until all who ask have come to stand."""
    way.hang()
    unchanged, last = 0, -1
    while unchanged < 20:
        unchanged, last = (unchanged + 1, last) if visits(store) == last else (0, visits(store))
        time.sleep(0.05)


@pytest.mark.postgres
@pytest.mark.parametrize("outage", [is_gone, hangs])
def test_a_crawl_whose_database_is_gone_for_a_while_ends_as_if_nothing_had_been(
    outage: Callable[[Way, Store], None], tmp_path: Path, postgres_store_url: str, site: Site
) -> None:
    url = make_url(postgres_store_url)
    with ExitStack() as stack:
        way = stack.enter_context(way_to(url.host or "", url.port or 5432))
        faulty = url.set(host="127.0.0.1", port=way.port).render_as_string(hide_password=False)
        installation = Installation(tmp_path, store_url=postgres_store_url, more=SETTINGS)
        store = stack.enter_context(closing(prepare(installation, site)))
        installation.store_url = faulty
        worker = start(installation)
        stack.callback(worker.wait)
        stack.callback(worker.kill)
        wait_for(lambda: visits(store) > 0)

        outage(way, store)
        if outage is not hangs:
            wait_for(lambda: bool(re.search("no look for work|no heartbeat", said(installation))))
        assert kept(store)["open"] > 0, "the outage came after the last commit"
        way.mend()

        wait_for(lambda: is_over(store))
        assert kept(store) == EXPECTED
        end(worker)


def said(installation: Installation) -> str:
    """What the worker and its crawls tell of."""
    return (installation.folder / "started.log").read_text(errors="replace")
