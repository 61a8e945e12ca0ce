"""`lantian rematch`: matches what was kept with the present rule pack."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.commands.progress import Progress

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.intake.ranges import Standing
    from lantian.store.jobs import Claim
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task

LOOK = 1.0
"""Seconds between two looks at ranges that others have in hand."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def rematch(
        later: Annotated[
            bool, typer.Option("--later", help="Only ask for it: the workers do it.")
        ] = False,
        status: Annotated[
            bool, typer.Option("--status", help="Tell how far the last run is, and end.")
        ] = False,
        ray: Annotated[
            str,
            typer.Option(
                metavar="ADDRESS|local",
                help="Read the archive's files on a Ray cluster instead (extra `ray`).",
            ),
        ] = "",
    ) -> None:
        """Match the newest version of each posting with the present rule pack.

        Its hits stand beside those of earlier packs, and open clues show them. Run it after a
        change of the rules; it may be broken off and run again at any time: it goes on where it
        stood. Workers that run beside it share the work.
        """
        from lantian.settings import load_settings
        from lantian.wiring import open_parts

        parts = open_parts(load_settings())
        try:
            if status:
                tell_status(parts)
            elif later:
                tell_standing(parts, ask(parts))
            else:
                match_now(parts, ray)
        finally:
            parts.close()


def match_now(parts: "Parts", ray: str) -> None:
    """Match all there is, and tell what was found."""
    progress = Progress()
    before = hits_of_pack(parts)
    total = done = 0
    if ray:
        from lantian.commands.rematch_ray import match_on_ray

        rounds = match_on_ray(parts, ray)
    else:
        rounds = match_again(parts)
    for done, total in rounds:
        progress.show(f"{done} of {total} documents")
    progress.end()
    tell_index(parts)
    found = hits_of_pack(parts) - before
    typer.echo(f"{done} documents matched, {found} new hits under this pack.")
    visits = waiting_visits(parts)
    if visits:
        typer.echo(f"{visits} evidence visits wait for `lantian worker`.")


def ask(parts: "Parts") -> str:
    """The run that goes on already under this pack, or a new one: its ranges wait for workers."""
    from lantian.intake.ranges import plan_run, unfinished_run

    now, pack = parts.clock.now(), parts.matcher.pack_hash
    with parts.store.write() as session:
        run = unfinished_run(session, pack)
        if run is None:
            run = f"rematch:{parts.real_clock.now().isoformat()}"
            plan_run(session, run, now=now, pack=pack)
    return run


def match_again(parts: "Parts") -> Iterator[tuple[int, int]]:
    """How many documents are done, of how many, range after range; others may do some of them."""
    from lantian.commands.worker import handlers_of
    from lantian.intake.ranges import KIND, standing
    from lantian.worker.loop import Worker

    run = ask(parts)
    worker = Worker(parts.store, parts.clock, handlers_of(parts))
    while True:
        worked = worker.run_one(kinds=(KIND,))
        with parts.store.read() as session:
            found = standing(session, run)
        yield found.done, found.documents
        if not found.waiting:
            return
        if not worked:
            time.sleep(LOOK)


def rematch_range(parts: "Parts", task: "Task") -> None:
    """Match one range, batch after batch, each in a transaction with how far it is."""
    from lantian.intake.ranges import match_batch
    from lantian.worker.handlers import Postpone

    # A worker that began before a folder's rules changed still runs the former.
    asked = task.claim.payload["pack"]
    matcher = (parts.matcher_of(asked) if asked else None) or parts.matcher
    more = True
    while more:
        with parts.store.write() as session:
            more = match_batch(session, task.claim, matcher, now=parts.clock.now())
        if more and task.stop.is_set():
            payload = task.claim.payload
            told = f"{payload['done']} of {payload['documents']} documents matched"
            raise Postpone(told, due=parts.clock.now())


def plan_ranges(parts: "Parts", session: "Session", claim: "Claim") -> None:
    """Ask for all ranges, in the name of the job of a release or a rollback."""
    from lantian.intake.ranges import plan_run

    plan_run(session, claim.key, now=parts.clock.now())


def tell_status(parts: "Parts") -> None:
    """Print how far the last run is."""
    from lantian.intake.ranges import last_run

    with parts.store.read() as session:
        run = last_run(session)
    if run is None:
        typer.echo("Nothing was matched again yet.")
    else:
        tell_standing(parts, run)


def tell_standing(parts: "Parts", run: str) -> None:
    """Print how far a run is."""
    from lantian.intake.ranges import standing

    with parts.store.read() as session:
        found = standing(session, run)
    typer.echo(_line(found))


def _line(found: "Standing") -> str:
    given_up = f", {found.dead} given up" if found.dead else ""
    return (
        f"{found.done} of {found.documents} documents matched,"
        f" {found.waiting} of {found.ranges} ranges to do{given_up}."
    )


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
