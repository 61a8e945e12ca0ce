"""`lantian rules draft|list|test|release|rollback`: a pack's way to the live stream and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.model import RulePack
    from lantian.rulebook.content import Content
    from lantian.rulebook.packs import Act
    from lantian.wiring import Parts

Hash = Annotated[str, typer.Argument(metavar="HASH", help="The pack's hash, or how it begins.")]
By = Annotated[str, typer.Option("--by", metavar="USER", help="The administrator who does it.")]


def add(rules: typer.Typer) -> None:
    """Add the commands to `lantian rules`."""
    rules.command("draft")(draft)
    rules.command("list")(show)
    rules.command("test")(run_examples)
    rules.command("release")(release)
    rules.command("rollback")(rollback)


def draft(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the pack.")],
    note: Annotated[str, typer.Option(help="What changes, and why.")],
    by: Annotated[str, typer.Option("--by", metavar="USER", help="Who wrote it.")] = "",
) -> None:
    """Check a folder of rules and keep it in the store, as a draft that never changes."""
    from lantian.rulebook.content import read_folder
    from lantian.rulebook.packs import make_draft, short

    content = read_folder(folder)
    with opened() as parts:
        act = act_of(parts, by)
        with parts.store.write() as session:
            pack = make_draft(session, content, note=note, act=act)
    rules = sum(1 for _ in content.pack.rules())
    typer.echo(
        f"{short(pack.hash)}: draft of {len(content.pack.claims)} claims and {rules} rules is kept."
    )


def show() -> None:
    """List the packs: hash, state, since when and by whom, note. The first line says what runs."""
    from lantian.rulebook.packs import every, released, short

    with opened() as parts, parts.store.read() as session:
        present = released(session)
        folder = parts.settings.pack_dir or "the shipped folder"
        runs = f"pack {short(present.hash)}" if present else f"{folder}, as no pack is released"
        typer.echo(f"runs: {runs}")
        for pack in every(session):
            typer.echo(line_of(session, pack))


def run_examples(
    pack: Annotated[
        str,
        typer.Option("--pack", metavar="DIR|HASH", help="The pack; left out: the one that runs."),
    ] = "",
) -> None:
    """Run every example of every rule: what must hit, and what all rules must spare."""
    from lantian.rulebook.compiled import compiled
    from lantian.rulebook.examples import examples, failures

    with opened() as parts:
        content = content_named(parts, pack)
        matcher = compiled(content.pack, parts.settings.cache_dir)
    failed = list(failures(content.pack, matcher))
    for one in failed:
        typer.echo(str(one))
    rules = sum(1 for _ in content.pack.rules())
    typer.echo(f"{examples(content.pack)} examples of {rules} rules: {len(failed)} fail.")
    if failed:
        raise typer.Exit(1)


def release(pack: Hash, by: By) -> None:
    """Propose a pack for release; the same by another administrator releases it."""
    from lantian.rulebook import release as releasing
    from lantian.rulebook.packs import short

    with opened() as parts:
        done = releasing.release(
            parts.store,
            pack,
            act=act_of(parts, by),
            pack_dir=parts.settings.pack_dir,
            cache_dir=parts.settings.cache_dir,
        )
    name = short(done.pack.hash)
    if done.step == "proposed":
        typer.echo(f"{name} is proposed. Another administrator releases it by the same command.")
    else:
        typer.echo(f"{name} is released. Crawls that begin from now on use it.")
        typer.echo("A job for `lantian worker` matches kept documents with it.")


def rollback(
    by: By,
    to: Annotated[
        str,
        typer.Option(metavar="HASH|folder", help="A pack that ran; left out: the one before."),
    ] = "",
) -> None:
    """Let the pack run again that was released before the present one."""
    from lantian.rulebook import release as releasing
    from lantian.rulebook.packs import short

    with opened() as parts:
        pack = releasing.rollback(
            parts.store,
            act=act_of(parts, by),
            pack_dir=parts.settings.pack_dir,
            cache_dir=parts.settings.cache_dir,
            to=to,
        )
    name = short(pack.hash) if pack else "the folder's pack"
    typer.echo(f"{name} runs again. A job for `lantian worker` matches kept documents with it.")


@contextmanager
def opened() -> "Iterator[Parts]":
    """The parts of this process, closed when the block ends."""
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        yield parts
    finally:
        parts.close()


def act_of(parts: "Parts", user: str) -> "Act":
    """An act of this user, who must exist; of the command line itself where none is named."""
    from lantian.access.users import find_user
    from lantian.rulebook.packs import Act

    if not user:
        return Act("process:cli", parts.moment())
    with parts.store.read() as session:
        return Act(f"user:{find_user(session, user).name}", parts.moment())


def content_named(parts: "Parts", name: str) -> "Content":
    """The pack in a folder of that name, or the kept one whose hash it is; none: what runs."""
    from lantian.rulebook.content import read_folder
    from lantian.rulebook.packs import content_of, find, released

    if name and Path(name).is_dir():
        return read_folder(Path(name))
    with parts.store.read() as session:
        pack = find(session, name) if name else released(session)
        if pack is None:
            return read_folder(parts.settings.pack_dir)
        return content_of(session, pack)


def line_of(session: "Session", pack: "RulePack") -> str:
    """A pack as `list` shows it, its parts apart by tabs."""
    from lantian.clock import SHANGHAI
    from lantian.model import User
    from lantian.rulebook.packs import short

    parts = [
        short(pack.hash),
        pack.state,
        f"{pack.changed_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        pack.changed_by,
        pack.note,
    ]
    if pack.proposed_by is not None:
        parts.append(f"proposed by {session.get_one(User, pack.proposed_by).name}")
    if pack.fault:
        parts.append(f"its shadow run was stopped: {pack.fault}")
    return "\t".join(parts)
