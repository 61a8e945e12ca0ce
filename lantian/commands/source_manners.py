"""Exceptions from robots.txt, and the log of what hosts were asked, for `lantian source`."""

import getpass
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.run import exceptions_of, source_named
from lantian.access import audit
from lantian.access.users import Moment
from lantian.clock import SHANGHAI, legal_day
from lantian.commands.source_show import say, table
from lantian.errors import Invalid, NotFound
from lantian.intake.manners import asked_since
from lantian.intake.persons import drop_task, open_tasks
from lantian.model import RobotsException, Source
from lantian.wiring import Parts


def add_exceptions(
    session: Session, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The sources as they are listed, each with its exceptions from robots.txt."""
    standing = select(Source.name, RobotsException).join(
        RobotsException, RobotsException.source_id == Source.id
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for name, one in session.execute(
        standing.where(RobotsException.revoked_at.is_(None)).order_by(RobotsException.id)
    ):
        found.setdefault(name, []).append(exception_told(one))
    return [{**row, "robots_exceptions": found.get(row["name"], [])} for row in rows]


def exception_told(one: RobotsException) -> dict[str, Any]:
    """An exception as it is listed."""
    return {
        "id": one.id,
        "path": one.path,
        "granted_by": one.granted_by,
        "reason": one.reason,
        "granted_at": one.granted_at.isoformat(),
    }


def show_exceptions(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print who answers for what is opened although robots.txt forbids it, if anything is."""
    shown = [
        [
            row["name"],
            one["path"],
            one["granted_by"],
            one["reason"],
            f"{datetime.fromisoformat(one['granted_at']).astimezone(SHANGHAI):%F %R}",
        ]
        for row in rows
        for one in row["robots_exceptions"]
    ]
    if shown:
        table("Not by robots.txt", ["source", "path", "who answers", "why", "since"], shown)


def change_exceptions(
    parts: Parts, name: str, *, path: str, by: str, why: str, obey: bool
) -> Mapping[str, Any]:
    """The source's exceptions, after one was made or some were taken back; into the audit chain.

    Raises `Invalid` where person or reason is missing, `NotFound` where none is to be taken back.
    """
    at = parts.moment()
    with parts.store.write() as session:
        source = source_named(session, name)
        if obey:
            _revoke(session, source, path, at=at)
        elif path:
            _grant(session, source, path, by=by, why=why, at=at)
        standing = exceptions_of(session, source.id)
        return {"name": name, "robots_exceptions": [exception_told(one) for one in standing]}


def _grant(session: Session, source: Source, path: str, *, by: str, why: str, at: Moment) -> None:
    by, why = " ".join(by.split()), " ".join(why.split())
    if not by or not why:
        raise Invalid(
            "an exception from robots.txt needs a person who answers for it, and a reason.",
            hint="Give --by NAME and --why 'the site permitted it in writing on …'.",
        )
    if not path.startswith("/"):
        raise Invalid(f"{path!r} is no path.", hint="It begins with /, as paths in robots.txt do.")
    made = RobotsException(
        source_id=source.id, path=path, granted_by=by, reason=why, granted_at=at.now
    )
    session.add(made)
    session.flush()
    _record(
        session, source, "robots.except", at, {"path": path, "by": by, "why": why, "id": made.id}
    )


def _revoke(session: Session, source: Source, path: str, *, at: Moment) -> None:
    found = [one for one in exceptions_of(session, source.id) if path in {"", one.path}]
    if not found:
        raise NotFound(f"{source.name} has no such exception.", hint="`lantian source list`.")
    for one in found:
        one.revoked_at, one.revoked_by = at.now, getpass.getuser()
        _record(session, source, "robots.obey", at, {"path": one.path, "id": one.id})


def _record(
    session: Session, source: Source, action: str, at: Moment, detail: dict[str, Any]
) -> None:
    audit.record(
        session,
        actor=f"process:source by {getpass.getuser()}",
        action=action,
        subject=f"source:{source.id}",
        detail=detail,
        now=at.now,
        real_now=at.real,
    )


KINDS = {
    "login": "wants a log-in",
    "captcha": "asks whether a robot is there",
    "refused": "is refused to us",
}


def tasks_of(parts: Parts, name: str, *, drop: int | None, why: str) -> list[dict[str, Any]]:
    """The pages that need a person, oldest first, after one was dropped if that was asked for."""
    at = parts.moment()
    if drop is not None:
        with parts.store.write() as session:
            actor = f"process:source by {getpass.getuser()}"
            drop_task(session, drop, why=why, actor=actor, now=at.now, real_now=at.real)
    with parts.store.read() as session:
        if name:
            source_named(session, name)
        return [
            {
                "id": task.id,
                "source": source.name,
                "url": url,
                "kind": task.kind,
                "detail": task.detail,
                "since": task.since.isoformat(),
                "last_at": task.last_at.isoformat(),
                "times": task.times,
            }
            for task, url, source in open_tasks(session, name)
        ]


def show_tasks(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the pages that need a person as a table, and how they are done."""
    if not rows:
        say("No page needs a person.")
        return
    shown = [
        [
            str(row["id"]),
            row["source"],
            row["url"],
            f"{KINDS[row['kind']]} ({row['detail']})" if row["detail"] else KINDS[row["kind"]],
            f"{datetime.fromisoformat(row['since']).astimezone(SHANGHAI):%F %R}",
        ]
        for row in rows
    ]
    table("Pages that need a person", ["", "source", "address", "why", "since"], shown)
    say("Capture one: lantian capture URL          or from a file: lantian capture URL --file FILE")


def asked(parts: Parts, host: str, days: int) -> list[dict[str, Any]]:
    """What hosts were asked on the last days, newest first."""
    first = legal_day(parts.clock.now()) - timedelta(days=days - 1)
    with parts.store.read() as session:
        return [
            {
                "day": one.day,
                "host": one.host,
                "requests": one.requests,
                "bytes": one.bytes,
                "refused": one.refused,
                "longest_pause": one.longest_pause,
            }
            for one in asked_since(session, first, host)
        ]


def show_asked(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what hosts were asked as a table."""
    if not rows:
        say("Nobody was asked for anything in these days.")
        return
    shown = [
        [
            row["day"],
            row["host"],
            f"{row['requests']:,}",
            f"{row['bytes']:,}",
            str(row["refused"]),
            f"{row['longest_pause']:.0f} s" if row["longest_pause"] else "-",
        ]
        for row in rows
    ]
    header = ["day", "host", "requests", "bytes", "refused (429, 503)", "longest pause"]
    table("What hosts were asked", header, shown)
