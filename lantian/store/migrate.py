"""Migrations: the store is brought to the version that this program needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from lantian.errors import StoreError
from lantian.store.engine import Store

SCRIPTS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 7_140_516  # any number, as long as only upgrades take it


def upgrade(store: Store) -> None:
    """Bring the store to the newest version; quick when it is there already."""
    if version(store) == newest():
        return
    config = _config()
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
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The version that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise StoreError("the migrations are missing.", hint="Install lantian anew.")
    return head


def require_current(store: Store) -> None:
    """Nothing, if the store stands at the newest version; raises `StoreError` otherwise."""
    found = version(store)
    if found != newest():
        raise StoreError(
            f"the store stands at version {found or 'none'}, this program needs {newest()}.",
            hint="Run `lantian upgrade`.",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
