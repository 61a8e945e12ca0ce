"""Migrations: the store is brought to the version that this program needs.

Every command looks at the version, few migrate: Alembic, which takes long to import, only migrates.
"""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from lantian.errors import StoreError
from lantian.store.engine import Store

SCRIPTS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 7_140_516  # any number, as long as only upgrades take it
_REVISION = re.compile(r'^(down_)?revision\b[^=\n]*= "(\w+)"', re.MULTILINE)


def upgrade(store: Store) -> None:
    """Bring the store to the newest version; quick when it is there already."""
    if version(store) == newest():
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    # One process migrates; the others wait on the same lock and find the work done.
    with store.write() as session:
        if not store.sqlite:
            # Tables may take longer to make or change than any work of theirs may take.
            session.execute(text("SET LOCAL lock_timeout = 0"))
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")


def version(store: Store) -> str | None:
    """The version at which the store stands; none for an empty one."""
    with store.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


@cache
def newest() -> str:
    """The version that this program needs: the one script on which no other is built."""
    made: set[str] = set()
    built_on: set[str] = set()
    for script in (SCRIPTS / "versions").glob("*.py"):
        for down, revision in _REVISION.findall(script.read_text(encoding="utf-8")):
            (built_on if down else made).add(revision)
    heads = made - built_on
    if len(heads) != 1:
        raise StoreError("the migrations are not one line.", hint="Install lantian anew.")
    return heads.pop()


def require_current(store: Store) -> None:
    """Nothing, if the store stands at the newest version; raises `StoreError` otherwise."""
    found = version(store)
    if found != newest():
        raise StoreError(
            f"the store stands at version {found or 'none'}, this program needs {newest()}.",
            hint="Run `lantian upgrade`.",
        )
