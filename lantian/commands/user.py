"""`lantian user`: people, their roles, and one-time links by which they log in."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    users = typer.Typer(help="People and their one-time log-in links.", no_args_is_help=True)
    users.command("add")(add)
    users.command("link")(link)
    users.command("disable")(disable)
    users.command("list")(show)
    app.add_typer(users, name="user")


def add(
    name: str,
    role: str = typer.Option("reviewer", help="reviewer or administrator."),
    display: str = typer.Option("", help="The name that others see."),
) -> None:
    """Add a person and print a one-time log-in link."""
    from lantian.access import users
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    at = parts.moment()
    with parts.store.write() as session:
        user = users.add_user(
            session,
            name=name,
            display_name=display or name,
            role=role,
            actor="process:cli",
            at=at,
        )
        secret = users.make_link(session, user, actor="process:cli", at=at)
    typer.echo(login_address(parts.settings.base_url, secret))


def link(name: str) -> None:
    """Print a new one-time log-in link for a person."""
    from lantian.access import users
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    with parts.store.write() as session:
        user = users.find_user(session, name)
        secret = users.make_link(session, user, actor="process:cli", at=parts.moment())
    typer.echo(login_address(parts.settings.base_url, secret))


def disable(name: str) -> None:
    """End a person's sessions and refuse new ones."""
    from lantian.access import users
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    with parts.store.write() as session:
        user = users.find_user(session, name)
        users.disable_user(session, user, actor="process:cli", at=parts.moment())
    typer.echo(f"{name} is disabled.")


def show() -> None:
    """List the people, their roles and whether they may log in."""
    from sqlalchemy import select

    from lantian.model import User
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    with parts.store.read() as session:
        for user in session.scalars(select(User).order_by(User.name)):
            state = "disabled" if user.disabled_at else "active"
            typer.echo(f"{user.name}\t{user.role}\t{state}\t{user.display_name}")


def login_address(base_url: str, secret: str) -> str:
    """The address at which the one-time link is shown; its button uses it up."""
    return f"{base_url.rstrip('/')}/login/{secret}"
