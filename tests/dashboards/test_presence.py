"""What the pages tell of postings that went and came back, and of pages that were left out."""

from datetime import timedelta

from sqlalchemy import select, update

from lantian.evidence.finding import Finding
from lantian.evidence.nightly import record_check, told_of
from lantian.model import Clue, Crawl, Document, PostingEvent
from tests.dashboards.conftest import MORNING, Office


def test_a_clue_tells_when_its_posting_went_and_came_back(office: Office) -> None:
    clue_id, other_id = (office.market.posting(office.platform_id) for _ in range(2))
    with office.parts.store.write() as session:
        clue = session.get_one(Clue, clue_id)
        crawl_id = session.get_one(Document, clue.document_id).last_crawl_id
        for hours, what, detail in (
            (0, "gone", "status 404"),
            (30, "back", "it was seen again"),
            (60, "gone", "absent from two complete crawls"),
        ):
            at = MORNING + timedelta(hours=hours)
            session.add(
                PostingEvent(
                    platform_id=clue.platform_id,
                    posting_key=clue.posting_key,
                    document_id=clue.document_id,
                    crawl_id=crawl_id,
                    what=what,
                    detail=detail,
                    at=at,
                    recorded_at=at,
                )
            )
    office.index_all()
    client = office.client()

    text = client.get(f"/clues/{clue_id}").text
    moves = text.partition('id="moves"')[2].partition("</ul>")[0]
    # Newest first, in the time of Shanghai.
    places = [
        moves.index(line)
        for line in (
            "2026-11-26 21:00 Gone · absent from two complete crawls",
            "2026-11-25 15:00 Came back · it was seen again",
            "2026-11-24 09:00 Gone · status 404",
        )
    ]
    assert places == sorted(places)
    assert 'id="moves"' not in client.get(f"/clues/{other_id}").text
    chinese = client.get(f"/clues/{clue_id}", headers={"Accept-Language": "zh"}).text
    assert "重新出现 · 再次看到" in chinese


def test_administration_tells_what_verifying_the_evidence_found(office: Office) -> None:
    def page() -> str:
        text = office.client("administrator").get("/admin").text
        return text.partition('<section id="evidence">')[2].partition("</section>")[0]

    assert "Not verified yet" in page()
    for findings in ([], [Finding("changed", "warc/x.warc.gz", "its bytes were changed.", 7)]):
        at = office.market.now
        with office.parts.store.write() as session:
            record_check(session, told_of(12, 4711, findings), now=at, real_now=at)
        assert ("nothing is missing or changed" in page()) is not bool(findings)
    assert 'class="late"' in page()
    assert "changed: warc/x.warc.gz (capture 7)" in page()


def test_administration_tells_what_rested_and_what_was_over_the_budget(office: Office) -> None:
    office.market.posting(office.platform_id)
    with office.parts.store.write() as session:
        newest = select(Crawl.id).where(Crawl.purpose == "crawl").order_by(Crawl.id.desc())
        crawl_id = session.scalars(newest.limit(1)).one()
        session.execute(
            update(Crawl).where(Crawl.id == crawl_id).values(left_out=41, failed=1, rested=77)
        )
    text = office.client("administrator").get("/admin").text
    assert '<td class="number">42 (41 over the budget)</td><td class="number">77</td>' in text
