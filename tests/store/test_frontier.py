"""The frontier of a crawl, on SQLite and on PostgreSQL."""

from lantian.store import frontier
from lantian.store.engine import Store
from lantian.store.frontier import Planned


def _plan(store: Store, crawl_id: int, *names: str) -> int:
    rows = [Planned(name, f"https://x.example/{name}", "page", 1, {"n": name}) for name in names]
    with store.write() as session:
        return frontier.plan(session, crawl_id, rows)


def test_a_known_address_is_planned_once_and_left_as_it_stands(store: Store, crawl_id: int) -> None:
    assert _plan(store, crawl_id, "a", "b") == 2
    with store.write() as session:
        frontier.mark_done(session, crawl_id, {"a": "seen"})
    assert _plan(store, crawl_id, "a", "b", "c", "c") == 1
    with store.read() as session:
        still_open = frontier.open_rows(session, crawl_id)
        assert [row.fingerprint for row in still_open] == ["b", "c"]
        assert still_open[0].meta == {"n": "b"}
        assert set(frontier.fingerprints(session, crawl_id)) == {"a", "b", "c"}
        assert frontier.tally(session, crawl_id) == {"seen": 1, "open": 2}


def test_thousands_of_links_are_planned_at_once(store: Store, crawl_id: int) -> None:
    names = [str(number) for number in range(3_000)]
    assert _plan(store, crawl_id, *names) == 3_000
    assert _plan(store, crawl_id, *names, "new") == 1
    with store.read() as session:
        assert [row.fingerprint for row in frontier.open_rows(session, crawl_id)][:3] == [
            "0",
            "1",
            "2",
        ]


def test_nothing_to_plan_is_nothing(store: Store, crawl_id: int) -> None:
    assert _plan(store, crawl_id) == 0
    with store.write() as session:
        frontier.mark_done(session, crawl_id, {})
        assert frontier.tally(session, crawl_id) == {}


def test_outcomes_close_the_rows_of_this_crawl_only(store: Store, crawl_id: int) -> None:
    _plan(store, crawl_id, "a", "b", "c")
    with store.write() as session:
        frontier.mark_done(session, crawl_id, {"a": "seen", "b": "gone", "unknown": "seen"})
        frontier.mark_done(session, crawl_id + 1, {"c": "seen"})
    with store.read() as session:
        assert frontier.tally(session, crawl_id) == {"seen": 1, "gone": 1, "open": 1}
