"""`lantian key`: keys of offices and platforms."""

from enum import StrEnum

import typer


class Owner(StrEnum):
    """Whose key it is."""

    OFFICE = "office"
    PLATFORM = "platform"
    TIPS = "tips"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="Keys of offices and platforms for the API.", no_args_is_help=True)
    keys.command("add")(add)
    keys.command("revoke")(revoke)
    keys.command("list")(show)
    app.add_typer(keys, name="key")


def add(
    owner: Owner,
    platform: str = typer.Option("", help="Name of the platform, for a platform's key."),
    label: str = typer.Option("", help="What the key is for."),
    days: int = typer.Option(0, min=0, help="Days after which it expires; 0: never."),
) -> None:
    """Make a key and print it, once.

    A platform's first key opens its channel: notices that waited for it are sent.
    """
    from datetime import timedelta

    from lantian.access.keys import add_key
    from lantian.settings import load_settings
    from lantian.store.installation import is_demo
    from lantian.takedowns.channel import open_channel, platform_named
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    at = parts.moment()
    with parts.store.write() as session:
        named = platform_named(session, platform) if platform else None
        key, _row = add_key(
            session,
            owner=owner.value,
            label=label or platform or owner.value,
            actor="process:cli",
            at=at,
            platform=named,
            life=timedelta(days=days) if days else None,
            test=is_demo(session),
        )
        sent = []
        if named is not None:
            sent = open_channel(
                session,
                named,
                actor="process:cli",
                now=at.now,
                real_now=at.real,
                settings=parts.settings,
            )
    typer.echo(key)
    typer.echo("This key is shown once. Keep it where only its owner reads.", err=True)
    if sent:
        typer.echo(f"{len(sent)} notices that waited for {platform} were sent.", err=True)


def revoke(key_id: str = typer.Argument(help="The eight characters after lt_live_.")) -> None:
    """Let a key open nothing any more."""
    from lantian.access.keys import revoke_key
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    with parts.store.write() as session:
        revoke_key(session, key_id, actor="process:cli", at=parts.moment())
    typer.echo(f"{key_id} is revoked.")


def show() -> None:
    """List the keys: id, owner, label, state, last use."""
    from sqlalchemy import select

    from lantian.model import ApiKey, Platform
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    now = parts.real_clock.now()
    statement = (
        select(ApiKey, Platform.name)
        .outerjoin(Platform, Platform.id == ApiKey.platform_id)
        .order_by(ApiKey.id)
    )
    with parts.store.read() as session:
        for key, platform in session.execute(statement):
            expired = key.expires_at is not None and key.expires_at <= now
            state = "revoked" if key.revoked_at else "expired" if expired else "live"
            used = f"{key.last_used_at:%F %R}" if key.last_used_at else "never used"
            typer.echo("\t".join((key.key_id, key.owner, platform or "-", key.label, state, used)))
