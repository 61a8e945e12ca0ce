"""Pages that are visited again: revisit records, noise, when they are due, what goes and comes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from warcio.archiveiterator import ArchiveIterator

from lantian.evidence.archive import RecordRef
from lantian.evidence.verify import verify
from lantian.intake.day import spent_on
from lantian.intake.events import events_of
from lantian.intake.finish import finish_crawl
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    Crawl,
    Deletion,
    Document,
    Hit,
    Observation,
    Page,
    PostingEvent,
    Source,
    SourceDay,
)
from lantian.reading import RawPage, Reading, parse_profile, read_page

A = "https://shop.example/goods/1"
B = "https://shop.example/goods/2"
HOME = "https://shop.example/"
HOUR = timedelta(hours=1)
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
TAGGED = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "a"\r\n\r\n'


def records_of(site: Any) -> list[Any]:
    """Kind and fields of each record of the archive, as warcio reads them."""
    found = []
    for file in site.archive.files():
        with site.archive.path(file).open("rb") as handle:
            found += [
                (record.rec_type, dict(record.rec_headers.headers), record.content_stream().read())
                for record in ArchiveIterator(handle, check_digests=True)
            ]
    return [one for one in found if one[0] != "warcinfo"]


@pytest.mark.parametrize(
    "how,profile", [("304", "server-not-modified"), ("same bytes", "identical-payload-digest")]
)
def test_what_is_received_again_becomes_a_revisit_record_and_no_second_payload(
    site: Any, how: str, profile: str
) -> None:
    page = site.reading(site.document("1", site.guarantee))
    site.crawl(site.visit(A, page, raw_head=TAGGED, body=b"<p>kept", remote_ip="192.0.2.1"))
    site.clock.advance(24 * HOUR)
    again: dict[str, Any] = {"raw_head": TAGGED, "body": b"<p>kept"}
    if how == "304":
        again = {"outcome": "unchanged", "status": 304, "raw_head": NOT_MODIFIED, "body": b""}
    ending = site.crawl(site.visit(A, page, remote_ip="192.0.2.1", **again))

    assert (ending.crawl.unchanged, ending.crawl.seen) == (1, 0)
    first, second = site.rows(Observation)
    assert (second.outcome, second.capture_id) == ("unchanged", first.capture_id)
    (capture,) = site.rows(Capture)
    payload, revisit = site.rows(Artifact)
    assert [payload.role, revisit.role] == ["payload", "revisit"]
    assert revisit.capture_id == capture.id
    (_, was, body), (kind, now, nothing) = records_of(site)
    assert (kind, body, nothing) == ("revisit", b"<p>kept", b"")
    # WARC 1.1, 6.7: what a revisit record carries.
    assert now["WARC-Profile"] == f"http://netpreserve.org/warc/1.1/revisit/{profile}"
    assert now["WARC-Refers-To"] == was["WARC-Record-ID"]
    assert now["WARC-Refers-To-Target-URI"] == was["WARC-Target-URI"] == A
    assert now["WARC-Refers-To-Date"] == was["WARC-Date"] < now["WARC-Date"]
    assert now["WARC-Payload-Digest"] == was["WARC-Payload-Digest"]
    assert now["WARC-IP-Address"] == "192.0.2.1"
    assert site.archive.record(RecordRef.of(revisit)).head.startswith(b"HTTP/1.1 ")
    with site.store.read() as session:
        assert list(verify(session, site.archive)) == []


def test_other_bytes_with_the_same_words_are_no_revisit_and_their_validators_not_kept(
    site: Any,
) -> None:
    page = site.reading(site.document("1"))
    site.crawl(site.visit(A, page, raw_head=TAGGED, body=b"<p>kept"))
    other = TAGGED.replace(b'"a"', b'"b"')
    site.crawl(site.visit(A, page, raw_head=other, body=b"<p >kept"))
    assert [one.role for one in site.rows(Artifact)] == ["payload"]
    assert site.rows(Page)[0].etag == '"a"'
    # The very bytes again, under another validator: it is theirs from now on.
    site.crawl(site.visit(A, page, raw_head=other, body=b"<p>kept"))
    assert site.rows(Page)[0].etag == '"b"'


def test_what_was_deleted_after_its_time_is_repeated_by_no_record(site: Any) -> None:
    page = site.reading(site.document("1"))
    site.crawl(site.visit(A, page, raw_head=TAGGED, body=b"<p>kept"))
    now = site.clock.now()
    with site.store.write() as session:
        deletion = Deletion(
            file="f.warc.gz", records=1, digest="sha256:0", rule="test", at=now, recorded_at=now
        )
        session.add(deletion)
        session.flush()
        session.execute(update(Artifact).values(deletion_id=deletion.id))
    site.crawl(site.visit(A, page, raw_head=TAGGED, body=b"<p>kept"))
    assert [one.role for one in site.rows(Artifact)] == ["payload"]
    assert site.rows(Observation)[1].outcome == "unchanged"


def test_a_transaction_that_fails_takes_its_revisit_records_back(site: Any) -> None:
    page = site.reading(site.document("1"))
    site.crawl(site.visit(A, page, raw_head=TAGGED, body=b"<p>kept"))
    site.begin()
    before = site.warc.position
    with pytest.raises(RuntimeError, match="power"), site.warc.batch():  # noqa: PT012
        site.take(site.visit(A, page, raw_head=TAGGED, body=b"<p>kept"))
        raise RuntimeError("power")
    assert site.warc.position == before


def listing(site: Any, text: str, **fields: Any) -> Reading:
    page: Reading = site.reading(site.document("1", text, **fields))
    return page


def test_where_only_noise_changed_nothing_is_captured_matched_or_made_a_version(
    site: Any,
) -> None:
    site.crawl(site.visit(A, listing(site, f"浏览(10)\n{site.guarantee}\n3分钟前")))
    ending = site.crawl(site.visit(A, listing(site, f"浏览(11)\n{site.guarantee}\n5分钟前")))
    assert (ending.crawl.unchanged, ending.crawl.noise) == (1, 1)
    assert len(site.rows(Capture)) == len(site.rows(Document)) == 1
    assert site.rows(Observation)[1].outcome == "unchanged"
    assert "only counters" in site.rows(Observation)[1].detail
    assert site.rows(Document)[0].last_crawl_id == ending.crawl.id

    site.crawl(site.visit(A, listing(site, f"浏览(11)\n{site.guarantee}三个月下证\n5分钟前")))
    assert [one.version for one in site.rows(Document)] == [1, 2]


def test_a_claim_that_comes_in_a_list_of_recommendations_is_found(site: Any) -> None:
    site.crawl(site.visit(A, listing(site, "正文一段。\n猜你喜欢\n商标转让")))
    quiet = site.crawl(site.visit(A, listing(site, "正文一段。\n猜你喜欢\n专利年费")))
    assert (quiet.crawl.noise, len(site.rows(Document))) == (1, 1)
    hidden = site.guarantee.rstrip("。")
    site.crawl(site.visit(A, listing(site, f"正文一段。\n猜你喜欢\n{hidden}")))
    assert [one.version for one in site.rows(Document)] == [1, 2]
    assert len(site.rows(Clue)) == 1
    assert {hit.document_id for hit in site.rows(Hit)} == {site.rows(Document)[1].id}


def test_of_a_page_with_many_postings_only_the_changed_one_gets_a_version(site: Any) -> None:
    def thread(first: str, second: str) -> Any:
        return site.reading(site.document("1", first), site.document("2", second))

    site.crawl(site.visit(A, thread("甲说 1分钟前", "乙说 1分钟前")))
    site.crawl(site.visit(A, thread("甲说 3分钟前", "乙改口了 3分钟前")))
    assert [(one.posting_key, one.version) for one in site.rows(Document)] == [
        ("listing:1", 1),
        ("listing:2", 1),
        ("listing:2", 2),
    ]


def test_a_page_is_due_sooner_the_more_it_changes(site: Any) -> None:
    for day in range(6):
        site.crawl(
            site.visit(A, listing(site, f"第{'一二三四五六'[day]}次改写")),
            site.visit(B, site.reading(site.document("2", "从来不变"))),
        )
        site.clock.advance(24 * HOUR)
    lively, still = site.rows(Page)
    assert all(look == 86_400 for look in lively.looks)
    assert all(look == -86_400 for look in still.looks)
    assert lively.due_at < lively.looked_at + 24 * HOUR
    assert still.due_at == still.looked_at + 48 * HOUR


def test_a_new_page_is_due_after_the_least_time_and_a_failed_visit_leaves_it_due(site: Any) -> None:
    site.crawl(site.visit(A, listing(site, "甲")))
    (page,) = site.rows(Page)
    assert page.due_at == page.looked_at + HOUR
    due = page.due_at
    site.clock.advance(2 * HOUR)
    for outcome in ("failed", "blocked", "logged_out"):
        site.crawl(site.visit(A, None, outcome=outcome, status=None))
    (page,) = site.rows(Page)
    assert (page.due_at, page.looks, page.last_outcome) == (due, [], "logged_out")


def test_a_posting_that_goes_and_comes_back_leaves_two_events(site: Any) -> None:
    page = listing(site, site.guarantee)
    site.crawl(site.visit(A, page))
    went = site.clock.now() + 24 * HOUR
    site.clock.set(went)
    gone = site.crawl(
        site.visit(A, Reading("shop", "", "没有", "utf-8"), outcome="gone", status=404)
    )
    site.crawl(site.visit(A, Reading("shop", "", "没有", "utf-8"), outcome="gone", status=404))
    site.clock.advance(24 * HOUR)
    back = site.crawl(site.visit(A, page))

    with site.store.read() as session:
        document = session.scalars(select(Document)).one()
        events = events_of(session, document.platform_id, "listing:1")
    assert [(one.what, one.detail, one.at, one.crawl_id) for one in events] == [
        ("gone", "status 404", went, gone.crawl.id),
        ("back", "it was seen again", site.clock.now(), back.crawl.id),
    ]
    assert site.rows(Clue)[0].presence == "online"
    assert all(one.document_id == document.id for one in events)


@pytest.mark.parametrize("outcome", ["failed", "blocked", "logged_out"])
def test_what_could_not_be_seen_is_no_event(site: Any, outcome: str) -> None:
    site.crawl(site.visit(A, listing(site, site.guarantee)))
    for _ in range(3):
        site.crawl(site.visit(A, None, outcome=outcome, status=None))
    assert site.rows(PostingEvent) == []
    assert site.rows(Document)[0].presence == "online"


def test_absence_from_two_complete_crawls_is_an_event(site: Any) -> None:
    home = site.visit(HOME, site.reading())
    site.crawl(home, site.visit(A, listing(site, site.guarantee)))
    for _ in range(3):
        site.crawl(site.visit(HOME, site.reading()))
    (event,) = site.rows(PostingEvent)
    assert (event.what, event.detail) == ("gone", "absent from two complete crawls")
    assert event.crawl_id == site.rows(Crawl)[2].id


def test_crawls_of_what_is_due_find_absence_together(site: Any) -> None:
    def look(*keys: str) -> Any:
        return site.visit(B, site.reading(*(site.document(key, site.guarantee) for key in keys)))

    site.crawl(site.visit(HOME, site.reading()), look("1", "2"))
    began = site.rows(Source)[0].round_began_at
    gone = 0
    ends = []
    for number in range(1, 9):
        site.clock.advance(12 * HOUR)
        # Of the two pages one is due each time: the other rests.
        visit = look("1") if number % 2 else site.visit(HOME, site.reading())
        ending = site.crawl(visit, rested=1)
        assert not ending.crawl.complete
        gone += ending.gone
        ends.append([one.missed_crawls for one in site.rows(Document)][1])
    # Both pages were looked at since the round began: it ends, and the next one begins.
    assert ends[0] == 0
    assert ends == sorted(ends)
    assert gone == 1
    assert [one.presence for one in site.rows(Document)] == ["online", "gone"]
    assert site.rows(Source)[0].round_began_at > began


def test_a_page_that_cannot_be_seen_keeps_the_round_open(site: Any) -> None:
    site.crawl(
        site.visit(HOME, site.reading()),
        site.visit(A, listing(site, site.guarantee)),
        site.visit(B, site.reading(site.document("2", site.guarantee))),
    )
    for _ in range(6):
        site.clock.advance(12 * HOUR)
        site.crawl(site.visit(HOME, site.reading()), rested=1)
        site.crawl(site.visit(A, listing(site, site.guarantee)), rested=1)
        site.crawl(site.visit(B, None, outcome="blocked", status=403), rested=2)
    assert [one.missed_crawls for one in site.rows(Document)] == [0, 0]


def test_pages_that_rest_are_no_alarm(site: Any) -> None:
    profile = parse_profile("name: t\nkind: site\nhealthy: {pages: 2, documents: 2}\n")
    site.crawl(
        site.visit(A, listing(site, "甲")), site.visit(B, site.reading(site.document("2", "乙")))
    )
    rested = site.crawl(site.visit(A, listing(site, "甲")), rested=1, profile=profile)
    assert rested.crawl.alarms == []
    alone = site.crawl(site.visit(A, listing(site, "甲")), profile=profile)
    assert len(alone.crawl.alarms) == 2


def test_what_the_budget_left_out_is_counted_in_the_coverage(site: Any) -> None:
    site.begin()
    site.take(site.visit(A, listing(site, "甲")))
    site.plan(B, HOME)
    crawl = site.finish(spent=True, reason="the budget of the day was used up", whole=False).crawl
    assert (crawl.planned, crawl.seen, crawl.left_out, crawl.unreached) == (3, 1, 2, 0)
    assert (crawl.unknown, crawl.complete) == (2, False)


def test_all_visits_of_a_source_are_counted_on_their_day(site: Any) -> None:
    context = site.begin()
    head, body = b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100
    page = listing(site, "甲")
    site.take(
        site.visit(A, page, raw_head=head, body=body),
        site.visit(B, None, outcome="failed", status=None, raw_head=b"", body=b""),
    )
    site.finish()
    # 02:00 in Shanghai: another day there, the same in UTC.
    site.clock.advance(16 * HOUR)
    site.begin("recheck")
    site.take(site.visit(A, page, purpose="recheck", raw_head=head, body=body))
    site.take(site.visit(B, page, raw_head=head, body=body, via="handed"))
    assert _days(site) == [("2026-09-07", 2, 119), ("2026-09-08", 1, 119)]
    with site.store.read() as session:
        assert spent_on(session, context.source_id, site.clock.now().date()).pages == 2


def _days(site: Any) -> list[tuple[str, int, int]]:
    with site.store.read() as session:
        rows = session.scalars(select(SourceDay).order_by(SourceDay.day))
        return [(row.day, row.pages, row.bytes) for row in rows]


def test_a_crawl_is_ended_once_with_all_its_counts(site: Any) -> None:
    site.begin()
    site.take(site.visit(A, listing(site, "甲")))
    with site.store.write() as session:
        ending = finish_crawl(session, site.context.crawl_id, now=site.clock.now(), rested=7)
    assert (ending.crawl.rested, ending.crawl.complete) == (7, False)


def test_a_sitemap_is_read_again_as_it_was(site: Any) -> None:
    profile = parse_profile(
        "name: t\nkind: site\nhosts: [shop.example]\ndiscovery: {robots: true}\n"
    )
    body = b"<urlset><url><loc>https://shop.example/1</loc></url></urlset>"
    raw = RawPage("https://shop.example/s.xml", 200, ((b"content-type", b"application/xml"),), body)
    reading = read_page(raw, profile)
    site.crawl(site.visit(raw.url, reading, body=body))
    site.crawl(site.visit(raw.url, reading, body=body))
    assert [one.outcome for one in site.rows(Observation)] == ["seen", "unchanged"]
    assert [one.role for one in site.rows(Artifact)] == ["payload", "revisit"]
