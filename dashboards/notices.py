"""Notices from the dashboard: choose confirmed clues, see the receivers, send; then follow them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboards.listing import Row, rows_of
from dashboards.people import Acting, Signed
from dashboards.rendering import page
from dashboards.wording import WORDS, claim_labels
from lantian.errors import Invalid
from lantian.model import Clue, Notice, NoticeItem, Platform
from lantian.takedowns.issue import issue_notices
from lantian.takedowns.view import notice_view, overdue_of

router = APIRouter()
ROWS = 100


@router.get("/notices", response_class=HTMLResponse)
def notices(request: Request, visitor: Signed) -> HTMLResponse:
    """The notices, newest first, and the confirmed clues that no notice tells of yet."""
    now = visitor.at.now
    with visitor.parts.store.read() as session:
        items = (
            select(func.count())
            .where(NoticeItem.notice_id == Notice.id)
            .correlate(Notice)
            .scalar_subquery()
        )
        rows = session.execute(
            select(Notice, Platform.name, Platform.title, items)
            .join(Platform, Platform.id == Notice.platform_id)
            .order_by(Notice.id.desc())
            .limit(ROWS)
        ).all()
        ready = _ready(session, now=now)
    context = {
        "rows": [
            (notice, title or name, number, overdue_of(notice, now))
            for notice, name, title, number in rows
        ],
        "ready": ready,
        "words": WORDS,
        "claims": claim_labels(visitor.parts),
    }
    return page(request, "notices.html", context, visitor=visitor)


@router.get("/notices/{notice_id}", response_class=HTMLResponse)
def notice(request: Request, visitor: Signed, notice_id: int) -> HTMLResponse:
    """One notice: its clues, what the platform did, what the re-checks found, every step."""
    with visitor.parts.store.read() as session:
        view = notice_view(session, notice_id)
        platform = session.get_one(Platform, view.notice.platform_id)
        clues = rows_of(session, [item.clue_id for item in view.notice.items], now=visitor.at.now)
        events = list(view.notice.events)
    context = {
        "view": view,
        "notice": view.notice,
        "items": {item.clue_id: item for item in view.notice.items},
        "platform": platform,
        "rows": clues,
        "events": events,
        "late": overdue_of(view.notice, visitor.at.now),
        "words": WORDS,
        "claims": claim_labels(visitor.parts),
    }
    return page(request, "notice.html", context, visitor=visitor)


@router.post("/notices/preview", response_class=HTMLResponse)
def preview(
    request: Request, visitor: Acting, clue: Annotated[list[int] | None, Form()] = None
) -> HTMLResponse:
    """Who would get what: the page whose button sends."""
    if not clue:
        raise Invalid("no clue is ticked.", hint="Tick confirmed clues, then go on.")
    with visitor.parts.store.read() as session:
        rows = rows_of(session, clue, now=visitor.at.now)
        channels = dict(session.execute(select(Platform.title, Platform.channel)).all())
        channels |= dict(session.execute(select(Platform.name, Platform.channel)).all())
    by_platform: dict[str, list[Row]] = {}
    for row in rows:
        by_platform.setdefault(row.platform, []).append(row)
    context = {
        "by_platform": by_platform,
        "channels": channels,
        "words": WORDS,
        "claims": claim_labels(visitor.parts),
    }
    return page(request, "preview.html", context, visitor=visitor)


@router.post("/notices")
def send(visitor: Acting, clue: Annotated[list[int] | None, Form()] = None) -> Response:
    """Send the notices, one a platform."""
    if not clue:
        raise Invalid("no clue is ticked.", hint="Tick confirmed clues, then go on.")
    at = visitor.at
    with visitor.parts.store.write() as session:
        issued = issue_notices(
            session,
            clue,
            actor=f"user:{visitor.user.name}",
            now=at.now,
            real_now=at.real,
            settings=visitor.parts.settings,
        )
        ids = [one.id for one in issued]
    return RedirectResponse(f"/notices/{ids[0]}" if len(ids) == 1 else "/notices", 303)


def _ready(session: Session, *, now: datetime) -> tuple[Row, ...]:
    """Confirmed clues that no notice tells of, longest waiting first."""
    told = select(NoticeItem.clue_id)
    ids = session.scalars(
        select(Clue.id)
        .where(Clue.state == "confirmed", Clue.id.not_in(told))
        .order_by(Clue.decided_at, Clue.id)
        .limit(ROWS)
    ).all()
    return rows_of(session, ids, now=now)
