"""A lease kept for as long as its job is worked on."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from lantian.errors import LeaseLost
from lantian.store import jobs
from lantian.store.engine import Store

logger = logging.getLogger(__name__)


@contextmanager
def held(
    store: Store,
    claim: jobs.Claim,
    *,
    lease: timedelta = jobs.LEASE,
    lost: threading.Event | None = None,
) -> Iterator[threading.Event]:
    """Prolongs the lease at each third of it; the event is set if it is lost."""
    ended, gone = threading.Event(), lost or threading.Event()

    def beat() -> None:
        while not ended.wait(lease.total_seconds() / 3):
            try:
                jobs.heartbeat(store, claim, lease=lease)
            except LeaseLost:
                gone.set()
                return
            except Exception:
                # The store may answer again before the lease is over.
                logger.exception("no heartbeat for %s", claim.key)

    thread = threading.Thread(target=beat, name=f"heart-{claim.id}", daemon=True)
    thread.start()
    try:
        yield gone
    finally:
        ended.set()
        thread.join()
