"""`lantian upgrade`: bring the store to this program's version."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def upgrade() -> None:
        """Bring the store to the version that this program needs."""
        from lantian.settings import load_settings
        from lantian.store.engine import Store, ping
        from lantian.store.migrate import newest
        from lantian.store.migrate import upgrade as bring_forward

        store = Store(load_settings().effective_store_url)
        ping(store)
        bring_forward(store)
        typer.echo(f"The store stands at version {newest()}.")
