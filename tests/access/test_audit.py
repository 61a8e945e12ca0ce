"""The audit chain: whatever is changed or taken away shows."""

import threading

import pytest
from sqlalchemy import text

from lantian.access import audit
from lantian.model import AuditEvent
from lantian.store.engine import Store
from tests.access.conftest import NOW


def write(store: Store, number: int) -> None:
    with store.write() as session:
        audit.record(
            session,
            actor="user:li",
            action="clue.decide",
            subject=f"clue:{number}",
            detail={"verdict": "confirmed", "次": number},
            now=NOW,
            real_now=NOW,
        )


def faults(store: Store) -> list[str]:
    with store.read() as session:
        return list(audit.broken_links(session))


def test_an_untouched_chain_is_whole(store: Store) -> None:
    for number in range(5):
        write(store, number)
    assert faults(store) == []


@pytest.mark.parametrize(
    "change, fault",
    [
        ("update audit_event set actor = 'user:other' where id = 3", "audit event 3"),
        ("update audit_event set detail = '{}' where id = 3", "audit event 3"),
        ("delete from audit_event where id = 3", "audit event 4"),
        ("delete from audit_event where id = 1", "audit event 2"),
    ],
)
def test_each_change_is_named(store: Store, change: str, fault: str) -> None:
    for number in range(5):
        write(store, number)
    with store.write() as session:
        session.execute(text(change))
    assert any(one.startswith(fault) for one in faults(store))


def test_many_writers_make_one_chain(store: Store) -> None:
    def write_some() -> None:
        for number in range(5):
            write(store, number)

    threads = [threading.Thread(target=write_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert session.query(AuditEvent).count() == 20
    assert faults(store) == []
