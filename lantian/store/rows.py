"""Many rows of one table at once, by the table itself: for what is written for every page.

Going by way of the entities costs several times what the database does.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table, Update, bindparam, insert, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lantian.model.column import Entity

_ROW = "row_id"
_NEXT_IDS = text(
    "select nextval(pg_get_serial_sequence(:name, 'id')) from generate_series(1, :count)"
)
Rows = Sequence[Mapping[str, Any]]


def add_rows(session: Session, entity: type[Entity], rows: Rows) -> None:
    """Insert the rows, each a value by the name of its column; all have the same names."""
    if rows:
        _before(session)
        session.execute(_insert(_table(entity)), rows)


def add_with_ids(
    session: Session, entity: type[Entity], rows: Rows, *, key: tuple[str, ...]
) -> list[int]:
    """The ids of the rows, inserted, in their order.

    PostgreSQL gives ids beforehand, since it takes rows one after the other in half the time of
    one large statement. SQLite tells them afterwards, in any order: by `key`, columns of text or
    numbers, a row is known again. Where rows are alike in it, each is inserted alone.
    """
    if not rows:
        return []
    _before(session)
    table = _table(entity)
    if session.get_bind().dialect.name == "postgresql":
        asked = {"name": table.name, "count": len(rows)}
        ids = list(session.scalars(_NEXT_IDS, asked))
        session.execute(
            _insert(table), [{**row, "id": one} for row, one in zip(rows, ids, strict=True)]
        )
        return ids
    marks = [tuple(row[name] for name in key) for row in rows]
    if len(set(marks)) < len(marks):
        kept = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(session.scalars(kept, rows))
    found = {tuple(row[1:]): row[0] for row in session.execute(_insert(table, key), rows)}
    return [found[mark] for mark in marks]


def add_new_rows(
    session: Session, entity: type[Entity], rows: Rows, *, unique: tuple[str, ...], back: str = "id"
) -> list[Any]:
    """The column `back` of each row that was new; one whose `unique` is there is left as it is."""
    if not rows:
        return []
    _before(session)
    statement = _insert_new(_table(entity), session.get_bind().dialect.name, unique, back)
    return list(session.scalars(statement, rows))


def change_rows(session: Session, entity: type[Entity], rows: Rows) -> None:
    """Update the rows by their `id`; all name the same columns."""
    if rows:
        _before(session)
        changed = [
            {_ROW if name == "id" else name: value for name, value in row.items()} for row in rows
        ]
        session.execute(_update(_table(entity)), changed)


def _before(session: Session) -> None:
    """Write entities that wait to be written: they may be what the rows name."""
    if session.autoflush:
        session.flush()


def _table(entity: type[Entity]) -> Table:
    table = entity.__table__
    assert isinstance(table, Table)  # noqa: S101  (each entity has one)
    return table


# Statements are made once: what they are compiled to is found by the statement itself.


@cache
def _insert(table: Table, key: tuple[str, ...] = ()) -> Insert:
    statement = insert(table)
    return statement.returning(table.c.id, *(table.c[name] for name in key)) if key else statement


@cache
def _insert_new(table: Table, dialect: str, unique: tuple[str, ...], back: str) -> Insert:
    made = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    columns = [table.c[name] for name in unique]
    return made.on_conflict_do_nothing(index_elements=columns).returning(table.c[back])


@cache
def _update(table: Table) -> Update:
    return update(table).where(table.c.id == bindparam(_ROW))
