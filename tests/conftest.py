"""What every test may ask for: real services, a place for data, no settings of the caller's.

A test needs a service if it asks for its fixture or carries its mark. Services start when the
first such test does. Where one cannot be had, its tests are deselected and counted in one line;
with `CI=true` that is a failure (but for a second version of Elasticsearch without its Java).
"""

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.services import catalogue, chromium, clustered, elastic, postgres, replay
from tests.services.folders import run_folder
from tests.services.mail import Inbox, receiving
from tests.services.processes import free_port as find_free_port
from tests.services.source import Missing

settings.register_profile("here", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "here")

FIXTURES = {
    "chromium_path": "chromium",
    "postgres_store_url": "postgres",
    "postgres_url": "postgres",
    "pywb_python": "pywb",
    "ray_python": "ray",
}
# What is imported and collected stays: looked through again and again, it costs a fifth of a run.
gc.set_threshold(5_000, 10, 5)

MARKED = ("postgres", "chromium", "compiler", "ocr", "pywb", "ray")
left_out: pytest.StashKey[Counter[Missing]] = pytest.StashKey()


@pytest.hookimpl(trylast=True)  # what -k or -m leaves out is not missing
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose services cannot be had."""
    count = config.stash.setdefault(left_out, Counter())
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        missing = next((why for why in map(catalogue.source, _services(item)) if _none(why)), None)
        if isinstance(missing, Missing):
            count[missing] += 1
            dropped.append(item)
        else:
            kept.append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over everything that was made until now."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was left out, in one line."""
    count = terminalreporter.config.stash.get(left_out, Counter())
    if count:
        reasons = "; ".join(f"{number}: {why}" for why, number in count.items())
        terminalreporter.write_line(f"{count.total()} tests left out ({reasons})", yellow=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail in CI if anything was left out."""
    count = session.config.stash.get(left_out, Counter())
    asked_for = any(not why.optional for why in count)
    if asked_for and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _services(item: pytest.Item) -> list[str]:
    """The names of the services that `item` needs, as the catalogue has them."""
    marks = {mark.name for mark in item.iter_markers()}
    asked = {FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES}
    needs = asked | {name for name in MARKED if name in marks}
    versions = [version for mark in item.iter_markers("elasticsearch") for version in mark.args]
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "elasticsearch_url" in callspec.params:
        versions.append(callspec.params["elasticsearch_url"])
    return sorted(needs | {f"elasticsearch-{version}" for version in versions})


def _none(source: object) -> bool:
    return isinstance(source, Missing)


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `LANTIAN_…` variable and no `lantian.toml` of the caller reaches a test."""
    for name in os.environ:
        if name.startswith("LANTIAN_") and not name.startswith("LANTIAN_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANTIAN_CONFIG", str(tmp_path / "no-lantian.toml"))


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """The folder of this run's services; their users can read it."""
    with run_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_url(services_folder: Path) -> Iterator[str]:
    """SQLAlchemy address of a PostgreSQL server on which databases may be made."""
    with postgres.running(catalogue.source("postgres"), services_folder) as url:
        yield url


@pytest.fixture
def postgres_store_url(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy address of an empty PostgreSQL database that is this test's own."""
    with postgres.database(postgres_url) as url:
        yield url


@pytest.fixture
def sqlite_store_url(tmp_path: Path) -> str:
    """SQLAlchemy address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'store.sqlite3'}"


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Name of a database on our server that stands at the newest version, to be copied."""
    with postgres.database(postgres_url) as url:
        _upgraded(url)
        yield url.rpartition("/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that stands at the newest version, to be copied."""
    file = tmp_path_factory.mktemp("template") / "store.sqlite3"
    _upgraded(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """SQLAlchemy address of a store without rows; the test runs on SQLite and on PostgreSQL.

    It stands at the newest version, as a copy of one that was upgraded once; with the mark
    `empty_store` nothing was made in it yet.
    """
    empty = request.node.get_closest_marker("empty_store") is not None
    if empty:
        url: str = request.getfixturevalue(f"{request.param}_store_url")
        yield url
    elif request.param == "sqlite":
        url = request.getfixturevalue("sqlite_store_url")
        shutil.copyfile(request.getfixturevalue("sqlite_template"), url.removeprefix("sqlite:///"))
        yield url
    else:
        server: str = request.getfixturevalue("postgres_url")
        template: str = request.getfixturevalue("postgres_template")
        with postgres.database(server, template) as url:
            yield url


def _upgraded(url: str) -> None:
    from lantian.store.engine import Store
    from lantian.store.migrate import upgrade

    store = Store(url)
    upgrade(store)
    if store.sqlite:
        # What is copied is one file: nothing may be left in the write-ahead log.
        with store.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    store.close()


@pytest.fixture(scope="session")
def elasticsearch_node(services_folder: Path) -> Iterator[Callable[[str], str]]:
    """The address of a node by its version; started when first asked for.

    A test that asks for nodes this way says which by its mark: `elasticsearch("8.19.7")`.
    """
    with ExitStack() as stack:

        @cache
        def node(version: str) -> str:
            source = catalogue.source(f"elasticsearch-{version}")
            return stack.enter_context(elastic.running(source, services_folder, version=version))

        yield node


@pytest.fixture(scope="session", params=elastic.VERSIONS)
def elasticsearch_url(
    request: pytest.FixtureRequest, elasticsearch_node: Callable[[str], str]
) -> str:
    """Address of an Elasticsearch node; the test runs on every version that can be had."""
    return elasticsearch_node(request.param)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The Chromium program."""
    return chromium.path_of(catalogue.source("chromium"))


@pytest.fixture(scope="session")
def pywb_python() -> Path:
    """A Python in whose environment pywb is installed, to be run as a child."""
    return replay.PYTHON


@pytest.fixture(scope="session")
def ray_python() -> Path:
    """A Python in whose environment Ray is installed, to be run as a child."""
    return clustered.PYTHON


@pytest.fixture
def smtp_server() -> Iterator[Inbox]:
    """A real SMTP server on loopback and the messages that it took."""
    with receiving() as inbox:
        yield inbox


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    return find_free_port()


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, which the settings name for as long as the test runs."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LANTIAN_DATA_DIR", str(folder))
    return folder
