"""The column types and the base of all entities."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from lantian.clock import as_utc


class UtcTime(TypeDecorator[datetime]):
    """An instant in UTC; a naive value is refused.

    SQLite keeps text that sorts as time does, PostgreSQL `timestamptz`.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """`timestamptz` where there is one."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC; naive on SQLite, whose text has no zone."""
        if value is None:
            return None
        instant = as_utc(value)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The instant, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Entity(DeclarativeBase):
    """The base of all entities."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: UtcTime(),
        str: Text(),
        int: BigInteger().with_variant(Integer(), "sqlite"),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[Any]: JSON(),
    }


Id = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]
Word = Annotated[str, mapped_column(String(40))]
"""A short word of a closed list: a state, a kind, a claim."""
Digest = Annotated[str, mapped_column(String(80))]
"""A digest that names its algorithm, as in `sha256:…`."""
