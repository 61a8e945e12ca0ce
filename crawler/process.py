"""One spider in this process, from start to end."""

import gc
import os
import threading
from collections.abc import Mapping

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from crawler.run import PAUSE, PAUSED, Run
from lantian.model import Crawl, Job
from lantian.store import jobs

DONE, FAILED, INTERRUPTED, LEASE_LOST = 0, 1, 75, 76
"""Exit statuses of a crawl's process; the worker knows them (`lantian.worker.child`)."""


def run_spider(run: Run, overrides: Mapping[str, str] | None = None) -> int:
    """The exit status of the run's spider; Scrapy's settings may be overridden by name."""
    if run.finished:
        return DONE
    if run.paused_until is not None:
        return put_off(run)
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.setdict(dict(overrides or {}), priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    process.crawl(run.spider, run=run)
    # From here on what is made goes again, and pages are large: the collector goes round as usual.
    gc.freeze()
    gc.set_threshold(700)
    process.start()
    return status_of(run) if run.reason != PAUSE else put_off(run)


def put_off(run: Run) -> int:
    """The exit status of a run that pauses: its job is due when it goes on, and says why."""
    assert run.paused_until is not None  # noqa: S101  (asked before)
    with run.parts.store.write() as session:
        jobs.require(session, run.claim.id, run.claim.token)
        session.get_one(Job, run.claim.id).due = run.paused_until
        session.get_one(Crawl, run.crawl_id).reason = PAUSED + run.why
    return INTERRUPTED


def status_of(run: Run) -> int:
    """The exit status of a run that has ended."""
    if run.finished:
        return DONE
    return {"lease_lost": LEASE_LOST, "shutdown": INTERRUPTED}.get(run.reason, FAILED)


def end_with_parent() -> None:
    """End this process when the other end of its standard input is gone.

    As hard as a kill: what was not stored is fetched again by whoever takes the job next, and the
    writer ends by itself when this process is gone.
    """

    def wait() -> None:
        # Below Python's own buffer, whose lock a thread must not hold when the process ends.
        while os.read(0, 1024):
            pass
        os._exit(LEASE_LOST)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
