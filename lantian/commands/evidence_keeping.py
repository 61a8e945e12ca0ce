"""`lantian evidence expire`, `hold`, `holds` and `release`: what may go, and what must not."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.evidence.hold import Kind
    from lantian.evidence.retention import Retention
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task


def expire() -> None:
    """Delete what was kept without a hit for as long as it may be (`keep_payload_days`).

    A worker does the same each night. Digests and proofs stay; nothing under a hold goes. The
    bytes leave the disk a day later, when whoever was reading them has ended.
    """
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        records = size = files = 0
        keeping = retention_of(parts)
        for done in keeping.expire(now=parts.clock.now, real_now=parts.real_clock.now):
            files, records, size = files + 1, records + done.records, size + done.bytes
        gone = keeping.remove(now=parts.clock.now(), real_now=parts.real_clock.now())
    finally:
        parts.close()
    typer.echo(f"{records} records in {files} files deleted, {size / 1e6:.1f} MB.")
    typer.echo(f"{len(gone)} files that are out of use have gone.")


def store() -> None:
    """Move complete evidence files into the storage that `evidence_store` names.

    A worker does the same each hour. Each file is read again there before it leaves this machine.
    """
    from lantian.errors import ConfigError
    from lantian.evidence.moving import move_complete
    from lantian.evidence.retention import unused_files
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    files = size = 0
    try:
        if parts.archive.depot is None:
            raise ConfigError("evidence_store is not set.", hint="Name the storage: s3://BUCKET/…")
        with parts.store.read() as session:
            unused = unused_files(session)
        for moved in move_complete(parts.store, parts.archive, unused):
            files, size = files + 1, size + moved.size
    finally:
        parts.close()
    typer.echo(f"{files} files moved, {size / 1e6:.1f} MB.")


def hold(
    reason: Annotated[str, typer.Option(help="For which case, or why.")] = "",
    capture: Annotated[int, typer.Option(help="A capture.")] = 0,
    clue: Annotated[int, typer.Option(help="A clue: all captures of its page.")] = 0,
    source: Annotated[str, typer.Option(help="The name of a source: all of it.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything that is kept.")] = False,
) -> None:
    """Let nothing of a capture, clue or source be deleted, however old, until it is released."""
    from lantian.errors import Invalid
    from lantian.evidence.hold import place_hold
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    if sum(map(bool, (capture, clue, source, everything))) != 1:
        raise Invalid(
            "it is not said what is to be held.",
            hint="Give one of --capture, --clue, --source and --all.",
        )
    parts = open_parts(load_settings())
    try:
        at = parts.moment()
        with parts.store.write() as session:
            kind, subject_id = _subject(session, capture, clue, source)
            made = place_hold(
                session, kind, subject_id, reason=reason, by=_who(), now=at.now, real_now=at.real
            )
    finally:
        parts.close()
    typer.echo(f"hold {made.id}: {made.kind} {made.subject_id or ''}".rstrip())


def _subject(session: "Session", capture: int, clue: int, source: str) -> "tuple[Kind, int | None]":
    from sqlalchemy import select

    from lantian.errors import NotFound
    from lantian.model import Clue, Document, Source

    if capture:
        return "capture", capture
    if clue:
        found = session.get(Clue, clue)
        if found is None:
            raise NotFound(f"there is no clue {clue}.", hint="The queue shows each clue's number.")
        return "page", session.get_one(Document, found.document_id).page_id
    if source:
        source_id = session.scalar(select(Source.id).where(Source.name == source))
        if source_id is None:
            raise NotFound(f"there is no source {source!r}.", hint="Give the name of a source.")
        return "source", source_id
    return "everything", None


def holds(
    lifted: Annotated[bool, typer.Option("--all", help="Also those that were lifted.")] = False,
) -> None:
    """List the holds that stand."""
    from lantian.evidence.hold import holds as standing
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            for one in standing(session, lifted=lifted):
                what = f"{one.kind} {one.subject_id}" if one.subject_id else one.kind
                over = (
                    f", lifted {one.lifted_at:%Y-%m-%d} by {one.lifted_by}" if one.lifted_at else ""
                )
                typer.echo(
                    f"{one.id}: {what}, since {one.placed_at:%Y-%m-%d} by {one.placed_by}{over}:"
                    f" {one.reason}"
                )
    finally:
        parts.close()


def release(
    number: Annotated[int, typer.Argument(metavar="HOLD", help="The number of the hold.")],
    reason: Annotated[str, typer.Option(help="Why it is over.")] = "",
) -> None:
    """Lift a hold: what it held is deleted when its time is over."""
    from lantian.evidence.hold import lift_hold
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        at = parts.moment()
        with parts.store.write() as session:
            lift_hold(session, number, reason=reason, by=_who(), now=at.now, real_now=at.real)
    finally:
        parts.close()
    typer.echo(f"hold {number} is lifted.")


def _who() -> str:
    return f"process:evidence by {getpass.getuser()}"


def retention_of(parts: "Parts") -> "Retention":
    """How this installation deletes."""
    from lantian.evidence.retention import Retention

    return Retention(parts.store, parts.archive)


def expire_kept(parts: "Parts", task: "Task") -> None:
    """Delete what may go by now, and the files that are out of use since a day."""
    import logging

    from lantian.worker.handlers import Postpone

    logger, keeping = logging.getLogger(__name__), retention_of(parts)
    for done in keeping.expire(now=parts.clock.now, real_now=parts.real_clock.now):
        logger.info("%s: %s records deleted", done.file, done.records)
        if task.stop.is_set():
            raise Postpone(f"deleted up to {done.file}", due=parts.clock.now())
    for file in keeping.remove(now=parts.clock.now(), real_now=parts.real_clock.now()):
        logger.info("%s has gone", file)


def index_kept(parts: "Parts", task: "Task") -> None:
    """Make the index of what was written since, and let complete files go into the storage."""
    import logging

    from lantian.errors import Conflict
    from lantian.evidence.indexing import index_archive
    from lantian.evidence.moving import move_complete
    from lantian.evidence.retention import unused_files
    from lantian.worker.handlers import Postpone

    logger = logging.getLogger(__name__)
    with parts.store.read() as session:
        unused = unused_files(session)
    try:
        for made in index_archive(parts.archive, unused):
            if made.damage:
                logger.error("%s: %s; what follows is not indexed", made.file, made.damage)
            if task.stop.is_set():
                raise Postpone(f"indexed up to {made.file}", due=parts.clock.now())
    except Conflict as error:
        logger.info("%s", error)  # somebody makes it by hand at this moment
        return
    for moved in move_complete(parts.store, parts.archive, unused):
        logger.info("%s is in the evidence storage: %s bytes", moved.file, moved.size)
        if task.stop.is_set():
            raise Postpone(f"stored up to {moved.file}", due=parts.clock.now())
