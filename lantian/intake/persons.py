"""Pages that need a person (需人工处理): noted as crawls meet them, done by a capture by hand."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import Conflict, Invalid, NotFound
from lantian.intake.context import IntakeContext
from lantian.intake.judge import Judged
from lantian.model import Page, PersonTask, Source

MOST_OPEN = 200
"""Open tasks of one source: where a whole site wants a log-in, more of them tell nothing more."""
BY_HAND = "by_hand"
"""In the notes of a visit that a person made: who, and how."""
_CHECK = re.compile(r"check for robots", re.IGNORECASE)
_OUR_OWN = ("robots", "refused:", "robots.txt")
"""What a blocked visit says where it was us who did not ask."""
_RATE = frozenset({429, 503})


def note_tasks(session: Session, judged: Sequence[Judged], ctx: IntakeContext) -> None:
    """Open a task for each page that wanted a log-in or a check; end those of pages that were seen.

    In the transaction of the visits, so that each is told once. A page that a person captured, or
    that somebody dropped, is not asked for again before it would be due again.
    """
    walls = {found.page.id: (found, kind) for found in judged if (kind := wall_kind(found))}
    seen = {
        found.page.id: found for found in judged if found.outcome in {"seen", "unchanged", "gone"}
    }
    known = {
        task.page_id: task
        for task in session.scalars(
            select(PersonTask).where(PersonTask.page_id.in_({*walls, *seen}))
        )
    }
    for page_id, found in seen.items():
        task = known.get(page_id)
        if task is not None and task.state == "open" and BY_HAND not in found.visit.notes:
            task.state, task.ended_at, task.ended_by = "passed", found.visit.at, None
            task.how = f"a visit saw it: {found.outcome}"
    new = []
    for page_id, (found, kind) in walls.items():
        task = known.get(page_id)
        if task is None:
            new.append((page_id, found, kind))
        else:
            _met_again(task, found, kind, ctx)
    _open(session, new, ctx)


def wall_kind(found: Judged) -> str:
    """What stands before a page: login, captcha or refused; nothing where no person is needed."""
    visit = found.visit
    if found.outcome == "logged_out":
        return "login"
    if found.outcome != "blocked" or visit.status in _RATE:
        return ""
    if visit.status is None or found.detail.startswith(_OUR_OWN):
        return ""
    if visit.status < 400 or _CHECK.search(found.detail):
        return "captcha"
    return "refused"


def _met_again(task: PersonTask, found: Judged, kind: str, ctx: IntakeContext) -> None:
    at = found.visit.at
    task.last_at, task.times = max(task.last_at, at), task.times + 1
    if task.state == "open":
        task.kind, task.detail = kind, found.detail[:500]
        return
    rests_until = (task.ended_at or at) + ctx.bounds.most
    if task.state == "passed" or (task.state == "done" and at >= rests_until):
        task.state, task.kind, task.detail, task.since = "open", kind, found.detail[:500], at
        task.ended_at = task.ended_by = None
        task.how = ""


def _open(session: Session, new: Sequence[tuple[int, Judged, str]], ctx: IntakeContext) -> None:
    if not new:
        return
    count = select(func.count()).where(
        PersonTask.source_id == ctx.source_id, PersonTask.state == "open"
    )
    room = MOST_OPEN - (session.scalar(count) or 0)
    for page_id, found, kind in new[: max(0, room)]:
        session.add(
            PersonTask(
                source_id=ctx.source_id,
                page_id=page_id,
                kind=kind,
                detail=found.detail[:500],
                since=found.visit.at,
                last_at=found.visit.at,
            )
        )
    session.flush()


def open_tasks(
    session: Session, source: str = "", *, limit: int = 500
) -> Sequence[tuple[PersonTask, str, Source]]:
    """The tasks that wait, each with the address of its page and its source; oldest first."""
    statement = (
        select(PersonTask, Page.url, Source)
        .join(Page, Page.id == PersonTask.page_id)
        .join(Source, Source.id == PersonTask.source_id)
        .where(PersonTask.state == "open")
    )
    if source:
        statement = statement.where(Source.name == source)
    rows = session.execute(statement.order_by(PersonTask.since, PersonTask.id).limit(limit))
    return [(task, url, of) for task, url, of in rows]


def drop_task(
    session: Session, task_id: int, *, why: str, actor: str, now: datetime, real_now: datetime
) -> PersonTask:
    """The task, dropped: nobody will capture its page, for the reason given.

    Raises `NotFound`, `Conflict` where it waits no more, `Invalid` without a reason.
    """
    task = session.get(PersonTask, task_id, with_for_update=True)
    if task is None:
        raise NotFound(f"there is no task {task_id}.", hint="`lantian source tasks`.")
    if task.state != "open":
        raise Conflict(f"task {task_id} waits no more: it is {task.state}.", hint="Load it again.")
    if not why.strip():
        raise Invalid("dropping a task needs a reason.", hint="Say why nobody needs to look.")
    task.state, task.ended_at, task.ended_by = "dropped", now, actor
    task.how = " ".join(why.split())[:500]
    _record(session, "task.drop", task, actor, {"why": task.how}, now=now, real_now=real_now)
    return task


def end_task(
    session: Session,
    page_id: int,
    *,
    capture_id: int | None,
    how: str,
    actor: str,
    now: datetime,
    real_now: datetime,
) -> None:
    """Mark the task of a page that a person captured as done; and tell of it in any case."""
    task = session.scalar(select(PersonTask).where(PersonTask.page_id == page_id))
    if task is not None:
        task.state, task.ended_at, task.ended_by = "done", now, actor
        task.how, task.capture_id = how[:500], capture_id
    audit.record(
        session,
        actor=actor,
        action="capture.by_hand",
        subject=f"page:{page_id}",
        detail={"capture": capture_id, "how": how},
        now=now,
        real_now=real_now,
    )


def _record(
    session: Session,
    action: str,
    task: PersonTask,
    actor: str,
    detail: dict[str, Any],
    *,
    now: datetime,
    real_now: datetime,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"page:{task.page_id}",
        detail=detail,
        now=now,
        real_now=real_now,
    )
