"""The log of days: signed when a day is sealed, proved between any two, kept by somebody else."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update

from lantian.errors import ConfigError, EvidenceDamaged, Invalid, NotFound
from lantian.evidence.daylog import DayLog, checked_consistency, key_told
from lantian.evidence.note import BadNote, Verifier
from lantian.evidence.sealing import Sealing
from lantian.evidence.signing import signing_key
from lantian.evidence.tree import BadProof
from lantian.model import AuditEvent, SealedDay
from tests.evidence.conftest import Kept, reasons
from tests.evidence.test_sealing import LATER, MONDAY, NOON, add

DAYS = 7


@pytest.fixture
def logged(kept: Kept, tmp_path: Path) -> Kept:
    """Seven sealed days; the first two before there was a key."""
    with kept.archive.writer("crawl-1", at=NOON) as writer:
        for day in range(DAYS):
            add(kept, writer, NOON + timedelta(days=day))
    key = tmp_path / "keys" / "log.pem"
    for last, signs in ((MONDAY + timedelta(days=1), False), (MONDAY + timedelta(days=6), True)):
        options: dict[str, Any] = {"key": lambda: signing_key(key)} if signs else {}
        list(Sealing(kept.store, kept.archive, **options).through(last, now=LATER, real_now=LATER))
    assert key.stat().st_mode & 0o777 == 0o600
    return kept


def verifier_of(kept: Kept) -> Verifier:
    with kept.store.read() as session:
        return Verifier.read(key_told(session, "2026-11-29"))


def proof(kept: Kept, first: str, second: str) -> Any:
    with kept.store.read() as session:
        log = DayLog(session)
        told = log.consistency(log.named(first), log.named(second))
    return json.loads(json.dumps(told))


def test_each_day_that_is_sealed_is_signed_and_all_of_it_verifies(logged: Kept) -> None:
    with logged.store.read() as session:
        log = DayLog(session)
        notes = [log.point(size).note is not None for size in range(1, log.size + 1)]
        newest = log.last()
        assert newest is not None
        assert (log.size, newest.day) == (DAYS, "2026-11-29")
        before = log.last(date(2026, 11, 27))
        assert before is not None
        assert before.day == "2026-11-26"
        assert log.last(MONDAY) is None
    assert notes == [False, False, True, True, True, True, True]
    assert logged.findings() == []


def test_between_any_two_days_there_is_a_proof_that_needs_no_store(logged: Kept) -> None:
    for first in range(1, DAYS + 1):
        for second in range(first, DAYS + 1):
            earlier, later = checked_consistency(proof(logged, str(first), str(second)))
            assert (earlier.size, later.size) == (first, second)
    told = proof(logged, "2026-11-25", "2026-11-29")
    checked_consistency(told, [verifier_of(logged)])
    with pytest.raises(BadNote, match="nobody whose key is known"):
        checked_consistency(told, [Verifier("log", bytes(32))])
    with pytest.raises(BadNote, match="is not signed"):
        checked_consistency(proof(logged, "1", "5"), [verifier_of(logged)])
    with logged.store.read() as session:
        log = DayLog(session)
        with pytest.raises(Invalid, match="later one"):
            log.consistency(log.point(3), log.point(2))
        for name in ("0", "8", "2026-12-24"):
            with pytest.raises(NotFound):
                log.named(name)


def forge_path(told: Any) -> None:
    told["path"][0] = "00" * 32


def cut_path(told: Any) -> None:
    told["path"].pop()


def forge_root(told: Any) -> None:
    told["second"]["checkpoint"] = told["first"]["checkpoint"].replace("\n3\n", "\n7\n")


def other_log(told: Any) -> None:
    told["second"]["checkpoint"] = "other" + told["second"]["checkpoint"]


@pytest.mark.parametrize("tamper", [forge_path, cut_path, forge_root, other_log])
def test_a_proof_that_was_changed_proves_nothing(tamper: Any, logged: Kept) -> None:
    told = proof(logged, "3", "7")
    tamper(told)
    with pytest.raises(BadProof):
        checked_consistency(told)
    with pytest.raises(BadNote):
        checked_consistency({**told, "format": "other"})
    with pytest.raises(BadNote):
        checked_consistency([])


def test_whoever_kept_a_checkpoint_sees_that_the_log_grew_from_it_or_did_not(logged: Kept) -> None:
    with logged.store.read() as session:
        log = DayLog(session)
        kept = log.named("2026-11-26").note or ""
        assert log.held(kept).day == "2026-11-26"
        with pytest.raises(Invalid, match="cannot be read"):
            log.held("hello")
    with logged.store.write() as session:
        session.execute(update(SealedDay).where(SealedDay.number == 2).values(leaves=77))
    with logged.store.read() as session, pytest.raises(EvidenceDamaged, match="did not grow"):
        DayLog(session).held(kept)


def test_what_is_done_to_a_checkpoint_is_named(logged: Kept) -> None:
    name = "day 2026-11-27, checkpoint"
    with logged.store.read() as session:
        day = session.scalars(select(SealedDay).where(SealedDay.number == 5)).one()
        own = day.checkpoint
        before = session.get_one(SealedDay, 4).checkpoint
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.subject == "day:2026-11-27")
        ).first()
        assert event is not None
        told = event.detail
    for value, reason in (
        (None, "it is gone: the audit chain tells of it"),
        (before, "it is not the one of which the audit chain tells"),
    ):
        with logged.store.write() as session:
            session.execute(update(SealedDay).where(SealedDay.number == 5).values(checkpoint=value))
        assert f"{name}: {reason}" in reasons(logged.findings())
    with logged.store.write() as session:
        session.execute(update(SealedDay).where(SealedDay.number == 5).values(checkpoint=own))
        other = Verifier("x", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        session.execute(
            update(AuditEvent)
            .where(AuditEvent.subject == "day:2026-11-27")
            .values(detail={**told, "key": other.told})
        )
    assert f"{name}: nobody whose key is known signed it" in reasons(logged.findings())


def test_a_day_that_was_made_anew_is_not_the_one_that_was_signed(logged: Kept) -> None:
    with logged.store.write() as session:
        session.execute(update(SealedDay).where(SealedDay.number == 4).values(leaves=99))
    found = reasons(logged.findings())
    for day in (26, 27, 28, 29):
        assert f"day 2026-11-{day}, checkpoint: its root is not that of the days" in found
    assert "day 2026-11-25, checkpoint" not in found


def test_a_key_that_is_none_is_named_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"
    first = signing_key(path)
    assert signing_key(path).private_bytes_raw() == first.private_bytes_raw()
    path.write_text("no key")
    with pytest.raises(ConfigError, match=r"log\.pem is no private key"):
        signing_key(path)
    with pytest.raises(ConfigError, match="cannot be read or made"):
        signing_key(path / "below")
