"""The audit chain: whatever is changed or taken away shows."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from lantian.access import audit, chain
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
        return list(chain.broken_links(session))


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


def test_a_chain_that_nobody_touched_is_hashed_as_it_stands_and_a_page_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        with store.write() as session:
            audit.record(
                session,
                actor='user:李"\\',
                action="clue.decide",
                subject=f"clue:{number}\n\x01/\x7f 😀",
                detail={
                    "次": number,
                    "b": {"z": [1.5, None], "a": '\u2028"\\\t'},
                    "10": 1,
                    "9": True,
                },
                now=NOW + timedelta(microseconds=number),
                real_now=NOW + timedelta(days=number),
            )
    exact: list[object] = []
    monkeypatch.setattr(chain, "_exactly", exact.append)
    monkeypatch.setattr(chain, "PAGE", 3)
    statements: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert faults(store) == []
    assert exact == []
    assert len([one for one in statements if one.lstrip().startswith("select id")]) == 3


def test_details_that_are_written_otherwise_are_the_same_details(store: Store) -> None:
    write(store, 1)
    write(store, 2)
    spaced = json.dumps({"次": 2, "verdict": "confirmed"}, indent=1)
    with store.write() as session:
        session.execute(text("update audit_event set detail = :it where id = 2"), {"it": spaced})
    assert faults(store) == []


def test_a_row_that_makes_the_same_bytes_of_other_values_is_changed(store: Store) -> None:
    if not store.sqlite:
        pytest.skip("PostgreSQL keeps times as times")
    with store.write() as session:
        audit.record(
            session,
            actor="user:li",
            action="clue.note",
            subject="clue:1",
            detail={"a": "x+00:00", "detail": {"y": 1}},
            now=NOW,
            real_now=NOW,
        )
    moved = {
        "at": '2026-11-24 01:00:00+00:00","detail":{"a":"x',
        "detail": '{"y":1}}',
    }
    with store.write() as session:
        session.execute(text("update audit_event set at = :at, detail = :detail"), moved)
    assert faults(store) == ["audit event 1: its content was changed."]
