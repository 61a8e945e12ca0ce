"""The first page: what waits, what was found, what was covered."""

from datetime import date, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboards.people import Signed
from dashboards.rendering import page
from dashboards.wording import WORDS, claim_labels
from lantian.clock import legal_day, week_bounds, week_start
from lantian.model import Clue, Decision, Notice
from lantian.reports.figures import WeekFigures, week_figures

router = APIRouter()
TREND = 12


@router.get("/", response_class=HTMLResponse)
def overview(request: Request, visitor: Signed) -> HTMLResponse:
    """The week so far, the weeks before it, and the sources' coverage."""
    now = visitor.at.now
    monday = week_start(legal_day(now))
    mondays = [monday - timedelta(days=7 * back) for back in range(TREND - 1, -1, -1)]
    with visitor.parts.store.read() as session:
        week: WeekFigures = week_figures(session, monday)
        trend = [
            (start, week.clues.now if start == monday else week_clues(session, start))
            for start in mondays
        ]
        mine = session.scalar(
            select(func.count()).where(
                Decision.user_id == visitor.user.id,
                Decision.undone_at.is_(None),
                Decision.at >= now - timedelta(days=1),
            )
        )
        waiting = session.scalar(
            select(func.count()).where(Notice.state.in_(("sent", "acknowledged")))
        )
    context = {
        "week": week,
        "trend": trend,
        "most": max((count for _monday, count in trend), default=0) or 1,
        "mine": mine or 0,
        "waiting": waiting or 0,
        "words": WORDS,
        "claims": claim_labels(visitor.parts),
    }
    return page(request, "overview.html", context, visitor=visitor)


def week_clues(session: Session, monday: date) -> int:
    """How many clues the week that begins on `monday` brought."""
    start, end = week_bounds(monday)
    counted = select(func.count()).where(Clue.first_seen_at >= start, Clue.first_seen_at < end)
    return session.scalar(counted) or 0
