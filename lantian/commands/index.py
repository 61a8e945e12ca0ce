"""`lantian index rebuild`: make the search index anew from the store."""

import sys

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    indexes = typer.Typer(help="The search index.", no_args_is_help=True)
    indexes.command("rebuild")(rebuild)
    indexes.command("status")(status)
    app.add_typer(indexes, name="index")


def rebuild() -> None:
    """Build a new index from the store and swap it in; readers keep the old one until then."""
    from lantian.clues.entries import all_entries, count_clues
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    with parts.store.read() as session:
        total = count_clues(session)

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r{done} of {total} clues", err=True, nl=False)

    # A transaction of its own: it must begin after the rebuild did, or changes between are lost.
    with parts.store.read() as session:
        made = parts.index.rebuild(all_entries(session), progress=progress)
    if sys.stderr.isatty():
        typer.echo(err=True)
    typer.echo(f"The index holds {made.count} clues.")
    parts.close()


def status() -> None:
    """Whether the index can be used; exit status 1 if not."""
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    health = parts.index.health()
    typer.echo(f"{health.engine}: {health.state}, {health.count} clues. {health.detail}".rstrip())
    if health.hint:
        typer.echo(health.hint)
    parts.close()
    if health.state != "ready":
        raise typer.Exit(1)
