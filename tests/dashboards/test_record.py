"""The extraction record of a capture, by its address in the dashboard."""

from datetime import timedelta

from sqlalchemy import select

from lantian.clock import legal_day
from lantian.evidence.retention import Retention
from lantian.evidence.sealing import Sealing
from lantian.model import Artifact, Capture
from tests.dashboards.conftest import Office
from tests.evidence.conftest import AT, PNG, Kept


def test_nobody_sees_a_record_who_is_not_logged_in(office: Office) -> None:
    answer = office.client(None).get("/evidence/captures/1")
    assert answer.status_code in {302, 303, 401}


def test_no_such_capture_is_not_found(office: Office) -> None:
    assert office.client().get("/evidence/captures/999999").status_code == 404


def test_the_record_of_a_clues_capture_is_shown_and_runs_nothing(office: Office) -> None:
    kept = Kept(office.parts.store, office.parts.archive)
    kept.begin()
    with kept.archive.writer("crawl-1", at=AT) as writer:
        capture_id = kept.capture(writer, "https://shop.example/<script>", b"<p>1")
    with office.parts.store.read() as session:
        capture = session.get_one(Capture, capture_id)
    answer = office.client().get(f"/evidence/captures/{capture.id}")
    assert answer.status_code == 200, answer.text
    assert "电子数据提取笔录" in answer.text
    assert capture.payload_digest in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "sandbox" in policy


def test_what_was_deleted_by_rule_says_so_with_its_day(office: Office) -> None:
    kept = Kept(office.parts.store, office.parts.archive)
    kept.begin()
    with kept.archive.writer("crawl-1", at=AT) as writer:
        capture_id = kept.capture(
            writer, "https://shop.example/1", b"<p>1", hit_count=0, expires_at=AT, screenshot=PNG
        )
    at = AT + timedelta(days=1)
    list(Sealing(kept.store, kept.archive).through(legal_day(at), now=at, real_now=at))
    keeping = Retention(kept.store, kept.archive, timedelta(0))
    assert len(list(keeping.expire(now=lambda: at, real_now=lambda: at))) == 1
    with kept.store.read() as session:
        picture = session.scalars(
            select(Artifact.id).where(
                Artifact.capture_id == capture_id, Artifact.role == "screenshot"
            )
        ).one()
    for address in (f"/evidence/captures/{capture_id}", f"/evidence/{picture}"):
        answer = office.client().get(address)
        assert answer.status_code == 410
        assert "deleted by retention on 2026-11-25" in answer.text
        assert "damaged" not in answer.text
