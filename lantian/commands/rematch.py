"""`lantian rematch`: matches what was kept with the present rule pack."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from lantian.commands.progress import Progress

if TYPE_CHECKING:
    from lantian.wiring import Parts


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def rematch() -> None:
        """Match the newest version of each posting with the present rule pack.

        Its hits stand beside those of earlier packs, and open clues show them. Run it after a
        change of the rules; it may be broken off and run again at any time.
        """
        from lantian.settings import load_settings
        from lantian.wiring import open_parts

        parts = open_parts(load_settings())
        progress = Progress()
        try:
            before = hits_of_pack(parts)
            total = done = 0
            for done, total in match_again(parts):
                progress.show(f"{done} of {total} documents")
            progress.end()
            tell_index(parts)
            found = hits_of_pack(parts) - before
            typer.echo(f"{done} documents matched, {found} new hits under this pack.")
            visits = waiting_visits(parts)
            if visits:
                typer.echo(f"{visits} evidence visits wait for `lantian worker`.")
        finally:
            parts.close()


def match_again(parts: "Parts") -> Iterator[tuple[int, int]]:
    """Match batch after batch, each in a transaction of its own: how many are done, of how many."""
    from sqlalchemy import func, select

    from lantian.intake.again import rematch as match_batch
    from lantian.model import Document

    matcher = parts.matcher
    newest = select(func.count()).select_from(Document).where(Document.current.is_(True))
    with parts.store.read() as session:
        total = session.scalar(newest) or 0
    after = 0
    while True:
        with parts.store.write() as session:
            last = match_batch(session, matcher, now=parts.clock.now(), after_id=after)
            if last is None:
                return
            after = last
            done = session.scalar(newest.where(Document.id <= last)) or 0
        yield done, max(done, total)


def tell_index(parts: "Parts") -> None:
    """Do the index work that waits; if the index is away, a worker does it later."""
    from lantian.commands.worker import handlers_of
    from lantian.worker.loop import Worker

    Worker(parts.store, parts.clock, handlers_of(parts)).run_until_idle(kinds=("index",))


def hits_of_pack(parts: "Parts") -> int:
    """How many hits stand under the hash of the present pack."""
    from sqlalchemy import func, select

    from lantian.model import Hit

    counted = select(func.count()).where(Hit.pack_hash == parts.matcher.pack_hash)
    with parts.store.read() as session:
        return session.scalar(counted) or 0


def waiting_visits(parts: "Parts") -> int:
    """How many evidence visits are asked for and not made yet."""
    from sqlalchemy import func, select

    from lantian.model import Job

    counted = select(func.count()).where(Job.kind == "evidence", Job.state == "ready")
    with parts.store.read() as session:
        return session.scalar(counted) or 0
