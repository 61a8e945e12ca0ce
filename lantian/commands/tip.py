"""`lantian tip`: what was told by the interface, and how a sender can be reached."""

import getpass
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    tips = typer.Typer(help="Tips of platforms, hotlines and citizens.", no_args_is_help=True)
    tips.command("list")(show)
    tips.command("contact")(contact)
    app.add_typer(tips, name="tip")


def show(
    most: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
) -> None:
    """List the newest tips: receipt, time, state, key, address, note."""
    from lantian.clock import SHANGHAI
    from lantian.intake.handover.tips import newest
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            for tip in newest(session, most):
                at = f"{tip.at.astimezone(SHANGHAI):%F %R}"
                url = str(tip.content.get("url", "-"))
                line = (tip.receipt, at, tip.state, tip.key_id, url, tip.note or "-")
                typer.echo("\t".join(map(_shown, line)))
    finally:
        parts.close()


def contact(
    receipt: Annotated[str, typer.Argument(help="The receipt of the tip.")],
    why: Annotated[str, typer.Option(help="Why it is asked for; it goes into the audit chain.")],
) -> None:
    """Print how the sender of a tip can be reached; that it was read is written down."""
    from lantian.errors import Invalid
    from lantian.intake.handover.tips import contact_of
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    if not why.strip():
        raise Invalid("--why is empty.", hint="Say why the contact is needed.")
    parts = open_parts(load_settings())
    try:
        at = parts.moment()
        with parts.store.write() as session:
            found = contact_of(
                session,
                receipt,
                actor=f"process:tip by {getpass.getuser()}",
                why=why,
                now=at.now,
                real_now=at.real,
            )
    finally:
        parts.close()
    typer.echo(_shown(found))


def _shown(text: str) -> str:
    """What a stranger says must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
