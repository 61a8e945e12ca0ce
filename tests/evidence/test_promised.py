"""Each capture has the records that belong to it; what lacks one is named."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from lantian.evidence.conditions import BROWSER_PROMISE, PROMISE, PROMISED
from lantian.model import Artifact, Capture, Crawl, Job, Observation
from tests.evidence.conftest import AT, PNG, Kept, reasons

URL = "https://shop.example/1"
ASKED = b"GET /1 HTTP/1.1\r\nCookie: a=b\r\nauthorization: Basic x\r\nHost: shop.example\r\n\r\n"


def fill(kept: Kept, *, promise: bool = True, hits: int = 0, **values: Any) -> int:
    """A capture with the request that was sent, in a file that says that each has one."""
    told: dict[str, Any] = {"asked": ASKED, "hit_count": hits} | values
    field = BROWSER_PROMISE if told.get("via") == "browser" else PROMISE
    about = {field: PROMISED} if promise else {}
    with kept.archive.writer("crawl-1", at=AT, about=about) as writer:
        return kept.capture(writer, URL, b"<p>x", **told)


def test_requests_and_metadata_are_records_without_what_logs_in(kept: Kept) -> None:
    capture_id = fill(kept)
    assert kept.findings() == []
    with kept.store.read() as session:
        records = {one.role: kept.archive.record(one) for one in session.get_one(
            Capture, capture_id).artifacts}  # fmt: skip
    asked = records["request"]
    assert asked.head == b"GET /1 HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    assert asked.fields["Lantian-Left-Out"] == "Cookie, authorization"
    assert asked.fields["WARC-Concurrent-To"] == records["payload"].fields["WARC-Record-ID"]
    assert records["metadata"].payload == b"software: lantian test\r\n"


@pytest.mark.parametrize("via", ["http", "browser"])
@pytest.mark.parametrize("role", ["request", "metadata"])
def test_a_capture_without_one_is_named_if_its_file_says_that_each_has_it(
    role: str, via: str, kept: Kept
) -> None:
    capture_id = fill(kept, via=via, dom=b"<p>" if via == "browser" else None)
    with kept.store.write() as session:
        session.execute(delete(Artifact).where(Artifact.role == role))
    found = kept.findings()
    assert f"no row names the {role} of this capture of {URL}" in reasons(found)
    assert f"no row names this {role} of {URL}" in reasons(found)
    assert {one.capture_id for one in found if one.kind == "missing"} == {capture_id}


def test_files_that_say_nothing_of_such_captures_lack_nothing(kept: Kept) -> None:
    fill(kept, promise=False, asked=None)
    fill(kept, promise=False, asked=None, via="browser", dom=b"<p>", screenshot=PNG)
    with kept.archive.writer("crawl-2", at=AT, about={PROMISE: PROMISED}) as writer:
        kept.capture(writer, URL, b"<p>y", via="browser", dom=b"<p>")
    assert kept.findings() == []


def observe(kept: Kept, *, purpose: str, days: int) -> None:
    with kept.store.write() as session:
        crawl = Crawl(source_id=1, spider="recheck", purpose=purpose, job_key=purpose, token=1,
                      started_at=AT, recorded_at=AT, alarms=[])  # fmt: skip
        session.add(crawl)
        session.flush()
        at = AT + timedelta(days=days)
        session.add(Observation(page_id=1, crawl_id=crawl.id, at=at, recorded_at=at,
                                outcome="failed", detail=""))  # fmt: skip


def job(kept: Kept, capture_id: int, state: str, why: str = "") -> None:
    with kept.store.write() as session:
        session.add(Job(kind="evidence", key=f"evidence:{capture_id}", state=state, payload={},
                        due=AT, created_at=AT, last_error=why))  # fmt: skip


def test_hits_that_nobody_went_to_see_are_named(kept: Kept) -> None:
    capture_id = fill(kept, hits=2)
    observe(kept, purpose="evidence", days=-1)
    observe(kept, purpose="crawl", days=1)
    job(kept, capture_id, "done")
    (found,) = kept.findings()
    assert (found.kind, found.capture_id) == ("missing", capture_id)
    assert "no evidence visit was made of https://shop.example/1" in found.reason


@pytest.mark.parametrize("state", ["ready", "leased", "dead"])
def test_a_visit_that_waits_is_none_that_is_missing(state: str, kept: Kept) -> None:
    job(kept, fill(kept, hits=2), state)
    assert kept.findings() == []


def test_a_visit_that_was_given_up_tells_why(kept: Kept) -> None:
    job(kept, fill(kept, hits=2), "done", "off line by then")
    assert kept.findings() == []


def test_a_visit_that_was_tried_is_enough_whatever_it_saw(kept: Kept) -> None:
    fill(kept, hits=2)
    observe(kept, purpose="recheck", days=1)
    assert kept.findings() == []


def test_a_page_from_the_browser_has_its_dom(kept: Kept) -> None:
    capture_id = fill(kept, via="browser", dom=b"<p>")
    assert kept.findings() == []
    with kept.store.write() as session:
        session.execute(update(Artifact).where(Artifact.role == "dom").values(role="screenshot"))
    found = [one for one in kept.findings() if one.kind == "missing"]
    assert [one.capture_id for one in found] == [capture_id]
    assert "no row names the rendered page" in found[0].reason
