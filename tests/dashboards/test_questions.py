"""How often a page asks the store: it waits for every answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.dashboards.conftest import Office

MOST = {"/clues": 6, "/clues/1": 6, "/clues/facets": 5}
"""Questions of a page; one for the session, one for the pack and its words in each."""


@contextmanager
def questions(office: Office) -> Iterator[list[str]]:
    """What is asked meanwhile, the beginning of a transaction aside."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = office.parts.store.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
        asked[:] = [one for one in asked if not one.startswith("BEGIN")]


def test_a_page_asks_no_oftener_the_longer_the_list(office: Office) -> None:
    client = office.client()
    for clues in (1, 7):
        for _ in range(clues):
            office.market.posting(office.platform_id)
        office.index_all()
        for path, most in MOST.items():
            client.get(path)
            with questions(office) as asked:
                assert client.get(path).status_code == 200
            assert len(asked) <= most, "\n".join(asked)


def test_only_the_first_look_at_a_clue_writes(small_office: Office) -> None:
    small_office.market.posting(small_office.platform_id)
    small_office.index_all()
    client = small_office.client()
    client.get("/clues")
    with questions(small_office) as asked:
        for path in MOST:
            client.get(path)
    assert all(one.startswith("SELECT") for one in asked), "\n".join(asked)
