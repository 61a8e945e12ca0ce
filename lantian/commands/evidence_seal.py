"""`lantian evidence seal`, and the jobs that seal a day and have it stamped."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lantian.evidence.authority import Authority
    from lantian.evidence.reply import Reply
    from lantian.evidence.sealing import Sealing
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task

ASK_AGAIN = timedelta(minutes=10)
"""After which an authority that did not answer is asked again."""


def seal(
    today: Annotated[
        bool, typer.Option("--today", help="Also seal what was recorded today so far.")
    ] = False,
) -> None:
    """Seal the days that are over, and ask the time authorities for every stamp that is missing.

    A worker does the same each night. It may be run at any time, as often as you like. Exit
    status 1 if an authority gave no stamp.
    """
    from lantian.clock import legal_day
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        at = parts.moment()
        last = legal_day(at.real) - timedelta(days=0 if today else 1)
        for made, count in sealing_of(parts).through(last, now=at.now, real_now=at.real):
            typer.echo(f"{made.day}: {count} leaves, {made.digest}")
        failed = stamp_what_waits(parts)
    finally:
        parts.close()
    if failed:
        raise typer.Exit(1)


def stamp_what_waits(parts: "Parts") -> int:
    """Ask each authority for the stamps that are missing, and tell; how many it did not give."""
    from lantian.errors import LantianError
    from lantian.evidence.stamp import unstamped

    failed = 0
    for authority in authorities(parts):
        with parts.store.read() as session:
            days = unstamped(session, authority.name)
        for number, day in enumerate(days):
            try:
                told = ask_for(parts, day, authority)
            except LantianError as error:
                # What is wrong with one day is wrong with the others: the network, a certificate.
                typer.echo(f"{day}: {error}", err=True)
                failed += len(days) - number
                break
            if told is not None:
                typer.echo(f"{day}: stamped by {authority.name} at {told.time:%Y-%m-%d %H:%M:%S}Z")
    if not authorities(parts):
        typer.echo("No time authority is asked: time_authorities names none.")
    return failed


def sealing_of(parts: "Parts") -> "Sealing":
    """How this installation seals its days."""
    from lantian.evidence.sealing import Sealing
    from lantian.evidence.signing import signing_key

    names = [one.name for one in authorities(parts)]
    return Sealing(
        parts.store,
        parts.archive,
        sm3=parts.settings.seal_sm3,
        authorities=names,
        key=lambda: signing_key(parts.settings.signing_key_path),
    )


def authorities(parts: "Parts") -> "tuple[Authority, ...]":
    """Whom this installation asks; a demonstration asks nobody."""
    from lantian.evidence.authority import authorities_of

    return () if parts.is_demo else authorities_of(parts.settings)


def ask_for(parts: "Parts", day: str, authority: "Authority") -> "Reply | None":
    """Have a day stamped; none if it was."""
    from lantian.evidence.authority import ask
    from lantian.evidence.stamp import stamp_day

    def carry(authority: "Authority", query: bytes) -> bytes:
        return ask(authority, query, parts.resolver, own_networks=parts.settings.own_networks)

    return stamp_day(
        parts.store, day, authority, carry, now=parts.clock.now, real_now=parts.real_clock.now
    )


def seal_kept(parts: "Parts", task: "Task") -> None:
    """Seal the job's day, and those before it that are not sealed."""
    import logging
    from datetime import date

    from lantian.worker.handlers import Postpone

    day = date.fromisoformat(task.claim.payload["day"])
    at = parts.moment()
    for made, count in sealing_of(parts).through(day, now=at.now, real_now=at.real):
        logging.getLogger(__name__).info("%s is sealed: %s leaves", made.day, count)
        if task.stop.is_set():
            raise Postpone(f"sealed up to {made.day}", due=parts.clock.now())


def stamp_sealed(parts: "Parts", task: "Task") -> None:
    """Have the job's day stamped by its authority; if it is away, all that waits for it waits."""
    from lantian.errors import ServiceUnavailable
    from lantian.worker.handlers import Postpone

    name, day = task.claim.payload["authority"], task.claim.payload["day"]
    authority = next((one for one in authorities(parts) if one.name == name), None)
    if authority is None:
        return  # the settings name it no more: nobody is to be asked
    try:
        ask_for(parts, day, authority)
    except ServiceUnavailable as error:
        due = parts.clock.now() + ASK_AGAIN
        put_off_stamps(parts, name)
        raise Postpone(str(error), due=due) from error


def put_off_stamps(parts: "Parts", name: str) -> None:
    """Let the other jobs of an authority that does not answer wait as long as the one that asked.

    Without it each of them would wait for the same silence in turn.
    """
    from sqlalchemy import update

    from lantian.evidence.sealing import stamp_lane
    from lantian.model import Job

    due = parts.clock.now() + ASK_AGAIN
    waiting = update(Job).where(Job.lane == stamp_lane(name), Job.state == "ready", Job.due < due)
    with parts.store.write() as session:
        session.execute(waiting.values(due=due), execution_options={"synchronize_session": False})
