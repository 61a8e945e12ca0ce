"""A bundle tells of what was deleted when its time was over, and proves that it was there."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from lantian.clock import legal_day
from lantian.errors import EvidenceDeleted
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.bundle.printed import printed
from lantian.evidence.bundle.select import Asked
from lantian.evidence.retention import Retention
from lantian.evidence.sealing import Sealing
from lantian.model import Artifact, Capture
from tests.evidence.bundle.conftest import check, content, forge, told
from tests.evidence.conftest import AT

if TYPE_CHECKING:
    from tests.evidence.bundle.conftest import Case

SEALED = AT + timedelta(days=2)
OVER = AT + timedelta(days=200)


@pytest.fixture
def thinned(case: "Case") -> "Case":
    """The case, sealed; the capture without a hit was deleted."""
    list(Sealing(case.store, case.archive).through(legal_day(SEALED), now=AT, real_now=SEALED))
    with case.store.write() as session:
        session.execute(update(Capture).where(Capture.id == 1).values(expires_at=AT))
    keeping = Retention(case.store, case.archive, timedelta(0))
    (done,) = keeping.expire(now=lambda: OVER, real_now=lambda: OVER)
    assert done.records == 1
    keeping.remove(now=OVER, real_now=OVER)
    return case


def test_what_was_deleted_is_told_and_proved(thinned: "Case", tmp_path: Path) -> None:
    path = thinned.export(tmp_path / "x.wacz", Asked(captures=(1, 2))).path
    checking = BundleCheck(path)
    assert list(checking.findings()) == []
    said = told(path, layout.BUNDLE)
    assert said["captures"] == [2]
    (gone,) = said["deleted"]
    assert (gone["capture"], gone["url"]) == (1, "https://shop.example/other")
    with thinned.store.read() as session:
        artifact = session.scalars(select(Artifact).where(Artifact.capture_id == 1)).one()
    (record,) = gone["records"]
    assert record["record_digest"] == artifact.record_digest
    assert record["deleted_at"] == OVER.isoformat()
    assert artifact.record_digest in checking.proved.records
    assert "1 of the records were deleted when their time was over." in list(checking.told())
    custody = content(path)[layout.CUSTODY].decode()
    assert "evidence.expire" in custody
    assert not any(b"nothing" in data for name, data in content(path).items() if "warc" in name)


def test_the_evidence_of_a_clue_is_whole_without_it(thinned: "Case", tmp_path: Path) -> None:
    path = thinned.export(tmp_path / "x.wacz").path
    assert check(path) == []
    assert told(path, layout.BUNDLE)["deleted"] == []
    assert told(path, layout.BUNDLE)["captures"] == [2, 3, 4, 5]


def test_nothing_but_what_was_deleted_is_refused_by_its_day(
    thinned: "Case", tmp_path: Path
) -> None:
    with pytest.raises(EvidenceDeleted, match="deleted by retention on 2027-06-12"):
        thinned.export(tmp_path / "x.wacz", Asked(captures=(1,)))
    assert list(tmp_path.glob("*.wacz*")) == []
    with (
        thinned.store.read() as session,
        pytest.raises(EvidenceDeleted, match="deleted by retention on 2027-06-12"),
    ):
        printed(session, thinned.archive, 1, office="", demonstration=False)


def test_what_is_said_to_be_deleted_must_be_in_a_sealed_day(
    thinned: "Case", tmp_path: Path
) -> None:
    path = thinned.export(tmp_path / "x.wacz", Asked(captures=(1, 2))).path

    def make_up(members: dict[str, bytes]) -> None:
        import json

        bundle: dict[str, Any] = json.loads(members[layout.BUNDLE])
        bundle["deleted"][0]["records"][0]["record_digest"] = "sha256:" + "0" * 64
        members[layout.BUNDLE] = layout.readable(bundle)

    forge(path, make_up)
    assert any("no sealed day holds it" in finding.reason for finding in check(path))
