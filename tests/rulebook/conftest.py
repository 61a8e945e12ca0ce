"""A store with kept documents and two administrators, and packs to choose from."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lantian.access import users
from lantian.access.users import Moment
from lantian.clock import FixedClock
from lantian.model import RulePack
from lantian.rulebook import release as releasing
from lantian.rulebook.content import read_folder
from lantian.rulebook.packs import Act, make_draft
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from matchers.scan import Matcher
from tests.packs import FOUR, four
from tests.takedowns.market import Market

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    """A pack of rules alone, compiled."""
    return four()


@dataclass
class Office:
    """A store, its people and where packs are kept while they are written."""

    store: Store
    folder: Path
    market: Market
    cache: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def act(self, user: str = "li") -> Act:
        self.clock.advance(timedelta(seconds=1))
        return Act(f"user:{user}", Moment(self.clock.now(), self.clock.now()))

    def person(self, name: str, role: str = "administrator") -> None:
        at = Moment(NOW, NOW)
        with self.store.write() as session:
            users.add_user(session, name=name, display_name=name, role=role, actor="t", at=at)

    def pack(self, name: str, *, without: str = "", **changes: str) -> Path:
        """The shipped rules in a folder, one claim left out, words of others changed."""
        folder = self.folder / name
        shutil.copytree(FOUR, folder)
        if without:
            (folder / f"{without}.yaml").unlink()
        for claim, change in changes.items():
            file = folder / f"{claim}.yaml"
            old, new = change.split(" => ")
            text = file.read_text("utf-8")
            assert old in text
            file.write_text(text.replace(old, new, 1), "utf-8")
        return folder

    def draft(self, folder: Path) -> RulePack:
        content = read_folder(folder)
        with self.store.write() as session:
            return make_draft(session, content, note="试用", act=self.act())

    def release(self, pack: RulePack, user: str) -> releasing.Released:
        return releasing.release(
            self.store, pack.hash, act=self.act(user), pack_dir=FOUR, cache_dir=self.cache
        )

    def released(self, pack: RulePack) -> RulePack:
        """The pack after both people had their say."""
        self.release(pack, "li")
        return self.release(pack, "wang").pack

    def rollback(self, user: str = "li", to: str = "") -> RulePack | None:
        return releasing.rollback(
            self.store, act=self.act(user), pack_dir=FOUR, cache_dir=self.cache, to=to
        )

    def state(self, pack: RulePack) -> str:
        with self.store.read() as session:
            return session.get_one(RulePack, pack.id).state


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled packs, which are the same in every test."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def office(store_url: str, matcher: Matcher, tmp_path: Path, cache: Path) -> Iterator[Office]:
    store = Store(store_url)
    upgrade(store)
    clock = FixedClock(NOW)
    office = Office(store, tmp_path, Market(store, clock, matcher), cache, clock)
    for name in ("li", "wang"):
        office.person(name)
    yield office
    store.close()
