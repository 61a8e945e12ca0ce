"""Pages that need a person: where, why, since when; and what is opened against robots.txt."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import select

from dashboards.people import Acting, Signed
from dashboards.rendering import page
from lantian.intake.persons import drop_task, open_tasks
from lantian.model import RobotsException, Source

router = APIRouter(prefix="/tasks")
KINDS = {"login": "wants a log-in", "captcha": "asks for a check", "refused": "is refused to us"}


@router.get("", response_class=HTMLResponse)
def tasks(request: Request, visitor: Signed) -> HTMLResponse:
    """The tasks that wait, oldest first, and the exceptions from robots.txt that stand."""
    with visitor.parts.store.read() as session:
        standing = session.execute(
            select(RobotsException, Source)
            .join(Source, Source.id == RobotsException.source_id)
            .where(RobotsException.revoked_at.is_(None))
            .order_by(Source.name, RobotsException.id)
        ).all()
        context = {"tasks": open_tasks(session), "exceptions": standing, "kinds": KINDS}
    return page(request, "tasks.html", context, visitor=visitor)


@router.post("/{task_id}/drop")
def drop(visitor: Acting, task_id: int, why: Annotated[str, Form()] = "") -> Response:
    """Drop a task: nobody needs to look, for the reason given."""
    actor, at = f"user:{visitor.user.name}", visitor.at
    with visitor.parts.store.write() as session:
        drop_task(session, task_id, why=why, actor=actor, now=at.now, real_now=at.real)
    return RedirectResponse("/tasks", 303)
