"""Runs migrations on the connection that `lantian.store.migrate` hands over."""

from alembic import context

from lantian.model import Entity

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Entity.metadata,
    render_as_batch=True,
)
context.run_migrations()
