"""An empty store into which others hand their lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lantian.clock import FixedClock
from lantian.evidence.archive import Archive
from lantian.intake.handover.importing import Giving, Importing, Tally, begin
from lantian.intake.handover.opened import look, open_table
from lantian.intake.handover.rows import Fault
from lantian.intake.handover.saved import pages_of
from lantian.intake.handover.taking import Desk, Taking
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from matchers.scan import Matcher

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
REAL = NOW + timedelta(minutes=5)
CLAIM = "商标注册包授权，不授权全额退款，联系微信办理。"


@dataclass
class Counter:
    """Where lists are handed in; `faults` are those of the last one."""

    desk: Desk
    folder: Path
    faults: list[Fault] = field(default_factory=list)

    def hand_in(self, text: str, name: str = "a.csv", collection: str = "某局") -> Tally:
        """Take in a table of that text."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        file = look(path)
        giving = Giving(collection=collection, handed_by="某市监局", actor="process:test")
        self.faults = []
        handover_id, claim = begin(self.desk, file, giving)
        with Taking(self.desk, claim, collection) as taking:
            importing = Importing(self.desk, file, giving, handover_id, taking)
            rows = open_table(file, {}).rows(now=self.desk.clock.now())
            return importing.rows(rows, fault=self.faults.append)

    def hand_in_pages(self, path: Path, url: str = "", collection: str = "某局") -> Tally:
        """Take in a file of saved pages."""
        file = look(path)
        giving = Giving(collection=collection, handed_by="某市监局", actor="process:test")
        self.faults = []
        handover_id, claim = begin(self.desk, file, giving)
        with Taking(self.desk, claim, collection) as taking:
            importing = Importing(self.desk, file, giving, handover_id, taking)
            pages = pages_of(file, url=url, now=self.desk.clock.now())
            return importing.pages(pages, fault=self.faults.append)

    def rows(self, entity: Any) -> Sequence[Any]:
        """All rows of an entity."""
        with self.desk.store.read() as session:
            return list(session.scalars(select(entity)))


@pytest.fixture
def counter(store_url: str, matcher: Matcher, tmp_path: Path) -> Iterator[Counter]:
    store = Store(store_url)
    upgrade(store)
    desk = Desk(
        store=store,
        archive=Archive(tmp_path / "evidence"),
        matcher=matcher,
        clock=FixedClock(NOW),
        real_clock=FixedClock(REAL),
        tool_version="lantian test",
    )
    yield Counter(desk, tmp_path)
    store.close()
