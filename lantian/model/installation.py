"""What this store is: a real installation or a demonstration, and where its clock stands."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from lantian.model.column import Entity


class Installation(Entity):
    """The one row about the store itself.

    A demo store is born demo and never changes. Its clock stands in `clock_at` or, where that
    is empty, runs `clock_offset_seconds` beside real time, so that child processes share it.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    demo: Mapped[bool] = mapped_column(default=False)
    clock_at: Mapped[datetime | None]
    clock_offset_seconds: Mapped[int] = mapped_column(default=0)
