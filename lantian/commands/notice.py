"""`lantian notice`: what was told to the platforms, and where it stands."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    notices = typer.Typer(help="Notices to platforms.", no_args_is_help=True)
    notices.command("list")(show)
    app.add_typer(notices, name="notice")


def show(
    state: list[str] = typer.Option(
        [], help="waiting, sent, acknowledged, answered or closed; may be repeated."
    ),
    limit: int = typer.Option(
        50, min=1, max=200, help="How many, the least recently changed first."
    ),
) -> None:
    """List notices: id, state, platform, clues, what is proved, terms."""
    from lantian.model import Platform
    from lantian.settings import load_settings
    from lantian.takedowns.view import list_notices, overdue_of
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    now = parts.clock.now()
    with parts.store.read() as session:
        page = list_notices(session, states=state, limit=limit)
        for notice in page.notices:
            platform = session.get_one(Platform, notice.platform_id).name
            proved = [item.check_result or item.action or "open" for item in notice.items]
            shown = ", ".join(f"{proved.count(word)} {word}" for word in dict.fromkeys(proved))
            overdue = overdue_of(notice, now)
            late = f"overdue: {overdue}" if overdue else ""
            typer.echo(f"{notice.id}\t{notice.state}\t{platform}\t{shown}\t{late}".rstrip())
    if page.next:
        typer.echo(f"There are more than {limit}; raise --limit.", err=True)
