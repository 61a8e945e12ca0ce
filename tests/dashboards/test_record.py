"""The extraction record of a capture, by its address in the dashboard."""

from lantian.model import Capture
from tests.dashboards.conftest import Office
from tests.evidence.conftest import AT, Kept


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
