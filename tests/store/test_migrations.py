"""Migrations bring any store to the model, and to nothing else."""

import threading
from datetime import datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from lantian.errors import StoreError
from lantian.model import Entity, Platform
from lantian.store import migrate
from lantian.store.engine import Store


@pytest.mark.empty_store
def test_the_migrations_make_what_the_model_says(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "target_metadata": Entity.metadata}
        )
        assert compare_metadata(context, Entity.metadata) == []
    assert set(inspect(store.engine).get_table_names()) == {
        *Entity.metadata.tables,
        "alembic_version",
    }


def test_a_second_upgrade_changes_nothing(store: Store, now: datetime) -> None:
    with store.write() as session:
        session.add(Platform(name="shop", created_at=now))
    migrate.upgrade(store)
    assert migrate.version(store) == migrate.newest()
    migrate.require_current(store)
    with store.read() as session:
        assert session.get(Platform, 1) is not None


@pytest.mark.empty_store
def test_an_empty_store_is_not_current(store_url: str) -> None:
    store = Store(store_url)
    with pytest.raises(StoreError, match="stands at version none") as caught:
        migrate.require_current(store)
    assert "lantian upgrade" in caught.value.hint
    store.close()


def test_a_store_of_a_version_that_is_unknown_here_is_refused(store: Store) -> None:
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999"):
        migrate.require_current(store)


@pytest.mark.empty_store
def test_processes_that_upgrade_at_once_find_the_work_done_once(store_url: str) -> None:
    stores = [Store(store_url) for _ in range(3)]
    faults: list[BaseException] = []

    def upgrade(store: Store) -> None:
        try:
            migrate.upgrade(store)
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=upgrade, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {migrate.version(store) for store in stores} == {migrate.newest()}
    for store in stores:
        store.close()
