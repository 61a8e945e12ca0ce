"""A list that was handed in lives on as crawled pages do, on either store."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from lantian.errors import Conflict, Invalid
from lantian.evidence.again import ReadAgain
from lantian.evidence.verify import verify
from lantian.intake.handover.importing import (
    BATCH,
    KEPT,
    Giving,
    Importing,
    begin,
    collection_name,
)
from lantian.intake.handover.opened import look
from lantian.intake.handover.origin import Origin, origin_of
from lantian.intake.handover.rows import Fault, Row
from lantian.intake.handover.taking import Taking
from lantian.model import (
    Artifact,
    AuditEvent,
    Capture,
    Clue,
    Crawl,
    Document,
    HandedRow,
    Handover,
    Hit,
    Job,
    Platform,
    Source,
)
from tests.intake.handover.conftest import CLAIM, NOW, REAL, Counter

LIST = f"""网址,标题,内容,店铺,发现时间,编号,备注
https://shop.example/1,商标注册,{CLAIM},甲店,2026-11-03,K-1,举报人王某
https://other.example/2,,费用以合同为准,乙店,2026-11-04,,
https://shop.example/3,,,,,,
不是网址,,内容,,,,
"""


def test_a_row_becomes_capture_document_hit_and_clue_and_a_fault_is_told(counter: Counter) -> None:
    tally = counter.hand_in(LIST)
    assert (tally.taken, tally.requested, tally.known, tally.faulty) == (2, 1, 0, 1)
    assert [(one.number, one.column) for one in counter.faults] == [(5, "网址")]

    (clue,) = counter.rows(Clue)
    document = next(one for one in counter.rows(Document) if one.id == clue.document_id)
    assert (document.title, document.text) == ("商标注册", CLAIM)
    assert document.posting_key == document.url == "https://shop.example/1"
    assert clue.first_seen_at == datetime(2026, 11, 2, 16, 0, tzinfo=UTC)
    assert all(document.text[hit.start : hit.end] == hit.text for hit in counter.rows(Hit))
    assert tally.hits == len(counter.rows(Hit)) > 0
    captures = {one.url: one for one in counter.rows(Capture)}
    seen = captures["https://shop.example/1"]
    assert (seen.via, seen.status, seen.recorded_at) == ("handed", 0, REAL)
    assert captures["https://other.example/2"].expires_at is not None
    sources = {one.name: one.platform_id for one in counter.rows(Source)}
    platforms = {one.name: one.id for one in counter.rows(Platform)}
    assert sources == {f"某局@{name}": number for name, number in platforms.items()}
    assert set(platforms) == {"shop.example", "other.example"}


def test_the_evidence_says_who_handed_it_over_and_keeps_notes_out(counter: Counter) -> None:
    counter.hand_in(LIST)
    (handover,) = counter.rows(Handover)
    artifact = next(one for one in counter.rows(Artifact) if one.notes["handed_in"]["row"] == 2)
    payload = counter.desk.archive.read(artifact)
    told = json.loads(payload)
    assert told["taken"] == {
        "url": "https://shop.example/1",
        "title": "商标注册",
        "text": CLAIM,
        "seller": "甲店",
        "seen_at": "2026-11-02T16:00:00+00:00",
    }
    origin = {"by": "某市监局", "file": handover.digest, "name": "a.csv", "row": 2}
    assert told["handed_in"] == origin == artifact.notes["handed_in"]
    assert "王某".encode() not in payload
    rows = {row.number: row for row in counter.rows(HandedRow)}
    assert (rows[2].note, rows[2].reference) == ("举报人王某", "K-1")


def test_everything_that_was_handed_in_verifies_and_reads_again(counter: Counter) -> None:
    counter.hand_in(LIST)
    counter.hand_in(f"内容\n{CLAIM}\n", "b.csv")
    with counter.desk.store.read() as session:
        assert list(verify(session, counter.desk.archive, again=ReadAgain())) == []
    with counter.desk.store.write() as session:
        session.execute(update(Capture).where(Capture.id == 1).values(status=200))
    with counter.desk.store.read() as session:
        found = [str(one) for one in verify(session, counter.desk.archive)]
    assert len(found) == 2, "a row that claims an HTTP answer differs in status and in address"


def test_a_long_list_goes_on_in_another_file_where_one_is_full(counter: Counter) -> None:
    counter.desk = replace(counter.desk, warc_max_bytes=1)
    rows = "\n".join(f"https://shop.example/{n},{CLAIM}{n}" for n in range(2 * BATCH + 1))
    counter.hand_in(f"url,text\n{rows}\n")
    with counter.desk.store.read() as session:
        files = set(session.scalars(select(Artifact.file)))
        made = select(AuditEvent.subject).where(AuditEvent.action == "evidence.file")
        assert sorted(session.scalars(made)) == sorted(f"file:{file}" for file in files)
        assert list(verify(session, counter.desk.archive)) == []
    assert len(files) == 3


def test_the_same_rows_again_add_nothing_wherever_they_stand(counter: Counter) -> None:
    counter.hand_in(LIST)
    before = [len(counter.rows(entity)) for entity in (Capture, Document, Hit, Clue, Artifact)]
    jobs = {job.key for job in counter.rows(Job) if job.kind != "import"}
    again = counter.hand_in(LIST)
    assert (again.taken, again.requested, again.known, again.faulty) == (0, 0, 3, 1)
    header, first, *others = LIST.splitlines()
    other = counter.hand_in("\n".join([header, *others, first]), "sorted.csv")
    assert (other.taken, other.known) == (0, 3)
    after = [len(counter.rows(entity)) for entity in (Capture, Document, Hit, Clue, Artifact)]
    assert after == before
    assert {job.key for job in counter.rows(Job) if job.kind != "import"} == jobs


def test_an_address_alone_becomes_the_crawl_of_it_and_nothing_is_fetched(counter: Counter) -> None:
    counter.hand_in(LIST)
    (job,) = [job for job in counter.rows(Job) if job.kind == "crawl"]
    source = next(one for one in counter.rows(Source) if one.id == job.payload["source_id"])
    assert source.name == "某局@shop.example"
    assert job.payload["urls"] == ["https://shop.example/3"]
    assert (job.state, job.lane) == ("ready", f"source:{source.id}")
    assert {capture.url for capture in counter.rows(Capture)} == {
        "https://shop.example/1",
        "https://other.example/2",
    }


def test_a_site_that_is_watched_is_visited_under_its_own_profile(counter: Counter) -> None:
    counter.hand_in(f"url,text\nhttps://shop.example/1,{CLAIM}\n")
    with counter.desk.store.write() as session:
        platform = session.scalars(select(Platform)).one()
        watched = Source(
            name="shop",
            kind="shop",
            profile="demo-shop",
            start_urls=[],
            platform_id=platform.id,
            created_at=NOW,
        )
        session.add(watched)
        session.flush()
        watched_id = watched.id
    counter.hand_in("url\nhttps://shop.example/9\n", "b.csv")
    (job,) = [job for job in counter.rows(Job) if job.kind == "crawl"]
    assert job.payload == {"source_id": watched_id, "urls": ["https://shop.example/9"]}


def test_a_claim_asks_for_a_visit_only_where_there_is_an_address(counter: Counter) -> None:
    counter.hand_in(f"网址,内容\nhttps://shop.example/1,{CLAIM}\n,专利申请{CLAIM}\n")
    assert len(counter.rows(Clue)) == 2
    (job,) = [job for job in counter.rows(Job) if job.kind == "evidence"]
    (page,) = job.payload["page_ids"]
    captured = {capture.page_id: capture.url for capture in counter.rows(Capture)}
    assert captured[page] == "https://shop.example/1"


def test_two_texts_of_one_address_are_two_postings(counter: Counter) -> None:
    rows = f"网址,内容\nhttps://shop.example/1,{CLAIM}\nhttps://shop.example/1,费用以合同为准\n"
    assert counter.hand_in(rows).taken == 2
    keys = [document.posting_key for document in counter.rows(Document)]
    assert keys[0] == "https://shop.example/1"
    assert keys[1].startswith("https://shop.example/1#")
    (clue,) = counter.rows(Clue)
    assert clue.presence == "online", "the second text says nothing of the first"


def test_a_later_list_makes_a_new_version_and_an_earlier_one_does_not(counter: Counter) -> None:
    header = "网址,内容,发现时间\nhttps://shop.example/1,"
    counter.hand_in(f"{header}{CLAIM},2026-11-10\n")
    counter.hand_in(f"{header}已改为合规内容,2026-11-20\n", "b.csv")
    (clue,) = counter.rows(Clue)
    assert clue.presence == "changed"
    late = counter.hand_in(f"{header}更早的内容,2026-11-01\n", "c.csv")
    assert (late.taken, late.faulty) == (0, 1)
    assert [(one.number, one.cause) for one in counter.faults] == [(2, KEPT)]
    texts = [(one.text, one.current) for one in counter.rows(Document)]
    assert texts == [(CLAIM, False), ("已改为合规内容", True)]


def test_a_row_never_replaces_what_a_visit_of_ours_received(counter: Counter) -> None:
    header = "网址,内容\nhttps://shop.example/1,"
    counter.hand_in(f"{header}{CLAIM}\n")
    with counter.desk.store.write() as session:
        session.execute(update(Capture).values(via="http"))
    other = counter.hand_in(f"{header}摘录\n", "b.csv")
    same = counter.hand_in(f"{header}{CLAIM[:10]}\n", "c.csv")
    assert (other.faulty, same.known) == (1, 1)
    assert [one.text for one in counter.rows(Document)] == [CLAIM]


def test_an_import_says_nothing_of_what_is_not_in_it(counter: Counter) -> None:
    counter.hand_in(LIST)
    for number in range(3):
        counter.hand_in(f"网址,内容\nhttps://shop.example/x{number},别的\n", f"{number}.csv")
    assert {document.presence for document in counter.rows(Document)} == {"online"}
    crawls = counter.rows(Crawl)
    assert {(crawl.purpose, crawl.state, crawl.complete) for crawl in crawls} == {
        ("import", "finished", False)
    }
    assert sum(crawl.seen for crawl in crawls) == 5


def test_an_import_that_was_broken_off_is_gone_on_with(counter: Counter) -> None:
    path = counter.folder / "a.csv"
    path.write_text(LIST, "utf-8")
    file = look(path)
    giving = Giving(collection="某局", handed_by="某市监局", actor="process:test")
    _, claim = begin(counter.desk, file, giving)
    with pytest.raises(Conflict, match="another process"):
        counter.hand_in(LIST)
    with counter.desk.store.write() as session:
        session.execute(
            update(Job)
            .where(Job.id == claim.id)
            .values(lease_until=datetime(2026, 1, 1, tzinfo=UTC))
        )
    assert counter.hand_in(LIST).taken == 2
    (handover,) = counter.rows(Handover)
    assert (handover.state, handover.taken, handover.faulty) == ("finished", 2, 1)
    assert [job.state for job in counter.rows(Job) if job.kind == "import"] == ["done"]


def test_hostile_cells_are_kept_as_text(counter: Counter) -> None:
    bad = f"{chr(0)}{chr(0x202E)}<script>alert(1)</script>"
    line = json.dumps({"url": "https://shop.example/1", "text": bad + CLAIM, "seller": "\ud800甲"})
    assert counter.hand_in(line, "a.jsonl").taken == 1
    (document,) = counter.rows(Document)
    assert "\0" not in document.text
    assert "<script>" in document.text


@pytest.mark.parametrize("name", ["", "a@b", "x" * 61, "a\0b"])
def test_a_name_that_cannot_name_sources_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no name of a source"):
        collection_name(name)


def test_a_reviewer_is_told_who_handed_it_in_and_what_they_noted(counter: Counter) -> None:
    counter.hand_in(LIST)
    with counter.desk.store.read() as session:
        origins = [origin_of(session, capture) for capture in session.scalars(select(Capture))]
    assert Origin("某市监局", "a.csv", 2, "K-1", "举报人王某") in origins
    with counter.desk.store.write() as session:
        session.execute(update(Capture).values(via="http"))
        assert origin_of(session, session.scalars(select(Capture)).first() or Capture()) is None


def test_a_file_that_ends_to_be_readable_keeps_what_came_before(counter: Counter) -> None:
    def rows() -> Iterator[Row | list[Fault]]:
        yield Row(number=2, url="https://shop.example/1", text=CLAIM)
        raise Invalid("a.xlsx: reading it was stopped: it takes too much time or memory.")

    path = counter.folder / "a.csv"
    path.write_text(LIST, "utf-8")
    file, giving = look(path), Giving(collection="某局", handed_by="", actor="process:test")
    handover_id, claim = begin(counter.desk, file, giving)
    faults: list[Fault] = []
    with Taking(counter.desk, claim, "某局") as taking:
        importing = Importing(counter.desk, file, giving, handover_id, taking)
        tally = importing.rows(rows(), fault=faults.append)
    assert (tally.taken, tally.faulty) == (1, 1)
    assert "stopped" in faults[0].cause
    assert {crawl.state for crawl in counter.rows(Crawl)} == {"finished"}
    assert [job.state for job in counter.rows(Job) if job.kind == "import"] == ["done"]


def test_after_a_failed_transaction_the_chain_is_told_of_the_file_once(counter: Counter) -> None:
    head = LIST.partition("\n")[0]
    path = counter.folder / "a.csv"
    path.write_text(head + "\n", "utf-8")
    file = look(path)
    giving = Giving(collection="某局", handed_by="某市监局", actor="process:test")
    handover_id, claim = begin(counter.desk, file, giving)
    with Taking(counter.desk, claim, "某局") as taking:
        importing = Importing(counter.desk, file, giving, handover_id, taking)
        for number in range(3):
            row = Row(number=number, url=f"https://shop.example/{number}", text=CLAIM)

            def refuse(_session: object) -> list[Fault]:
                raise Conflict("the store is full.", hint="Make room.")

            with pytest.raises(Conflict):
                importing._in_transaction(refuse)
            importing._take([(row, "")], lambda fault: pytest.fail(str(fault)))
    told = [one for one in counter.rows(AuditEvent) if one.action == "evidence.file"]
    assert [one.subject for one in told] == [f"file:{taking.warc.file}"]
