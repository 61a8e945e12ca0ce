"""PostgreSQL: a cluster of our own in UTF-8, on a free port of loopback."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.services.container import container
from tests.services.folders import give, readable_by_all, service_user
from tests.services.processes import Child, clean_environment, free_port, run_as
from tests.services.source import (
    Container,
    Given,
    Installed,
    Missing,
    Source,
    compose_answers,
    given,
)

VARIABLE = "LANTIAN_TEST_POSTGRES_URL"
PACKAGES = ("postgresql",)

# What a test needs no disk for; figures are measured with `durable`.
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def find() -> Source:
    """Where PostgreSQL comes from on this machine."""
    url = given(VARIABLE)
    if url is not None:
        return url
    programs = _programs()
    if programs is not None:
        return Installed(programs)
    if compose_answers():
        return Container()
    return Missing(f"no PostgreSQL programs; run `make test` as root on Debian or set {VARIABLE}")


@contextmanager
def running(source: Source, run: Path, *, durable: bool = False) -> Iterator[str]:
    """The SQLAlchemy address of a server on which databases may be made."""
    match source:
        case Given(url):
            yield re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql+psycopg:", url)
        case Container():
            with container("postgres", 5432) as place:
                yield f"postgresql+psycopg://postgres@{place}/postgres"
        case Installed(home):
            with _cluster(home, run, durable=durable) as port:
                yield f"postgresql+psycopg://lantian@127.0.0.1:{port}/postgres"
        case Missing(why):
            raise RuntimeError(why)


@contextmanager
def database(server: str, template: str = "template0") -> Iterator[str]:
    """The address of a fresh database on `server`, dropped afterwards."""
    name = f"lantian_test_{uuid4().hex[:16]}"
    plain = server.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
    try:
        yield _with_database(server, name)
    finally:
        with psycopg.connect(plain, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _with_database(url: str, name: str) -> str:
    address, mark, options = url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{options}"


def _programs() -> Path | None:
    """The folder of the newest `initdb` and `postgres` here."""
    program = shutil.which("initdb")
    folders = [] if program is None else [Path(program).resolve().parent]
    places = (
        ("/usr/lib/postgresql", "*/bin"),
        ("/usr", "pgsql-*/bin"),
        ("/usr/local", "pgsql/bin"),
        ("/opt/homebrew/opt", "postgresql@*/bin"),
    )
    for top, pattern in places:
        folders += sorted(Path(top).glob(pattern), key=_version, reverse=True)
    for folder in folders:
        whole = all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))
        if whole and (os.getuid() != 0 or readable_by_all(folder)):
            return folder
    return None


def _version(folder: Path) -> float:
    found = re.search(r"\d+(\.\d+)?", str(folder))
    return float(found.group()) if found else 0.0


@contextmanager
def _cluster(home: Path, run: Path, *, durable: bool) -> Iterator[int]:
    user = service_user("postgres")
    folder = give(run / "postgres", user)
    environment = clean_environment(folder)
    options = ["--encoding=UTF8", "--locale=C.UTF-8", "--username=lantian", "--auth=trust"]
    if not durable:
        options.append("--no-sync")
    data = folder / "data"
    run_as(user, [str(home / "initdb"), f"--pgdata={data}", *options], environment)

    port = free_port()
    settings = [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={folder}",
        "max_connections=200",
        "timezone=UTC",
        *(() if durable else HASTY),
    ]
    flags = [flag for setting in settings for flag in ("-c", setting)]
    command = [str(home / "postgres"), "-D", str(data), *flags]
    child = Child("postgres", command, run=run, user=user, environment=environment)
    try:
        child.wait_until(lambda: _answers(port), 60)
        yield port
    finally:
        child.end(signal.SIGINT)  # a fast shutdown: sessions are cut off


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://lantian@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
