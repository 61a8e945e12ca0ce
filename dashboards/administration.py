"""Administration: people, sources with their coverage, keys, dead jobs, audit, written e-mails."""

from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboards import rules
from dashboards.people import ActingAdministrator, Administrator
from dashboards.rendering import page
from dashboards.wording import WORDS
from lantian.access import audit, users
from lantian.errors import NotFound
from lantian.evidence.nightly import last_check
from lantian.model import ApiKey, AuditEvent, Crawl, Job, Platform, Source, User

router = APIRouter(prefix="/admin")
ROWS = 100


@router.get("", response_class=HTMLResponse)
def administration(request: Request, visitor: Administrator) -> HTMLResponse:
    """Everything at one look."""
    with visitor.parts.store.read() as session:
        context: dict[str, Any] = {
            "people": session.scalars(select(User).order_by(User.name)).all(),
            "sources": _sources(session),
            "keys": session.execute(
                select(ApiKey, Platform.name)
                .outerjoin(Platform, Platform.id == ApiKey.platform_id)
                .order_by(ApiKey.id)
            ).all(),
            "packs": rules.packs(session),
            "checked": last_check(session),
            "jobs": session.execute(
                select(Job.kind, Job.state, func.count())
                .group_by(Job.kind, Job.state)
                .order_by(Job.kind, Job.state)
            ).all(),
            "dead": session.scalars(
                select(Job).where(Job.state == "dead").order_by(Job.id.desc()).limit(ROWS)
            ).all(),
            "events": session.scalars(
                select(AuditEvent).order_by(AuditEvent.id.desc()).limit(ROWS)
            ).all(),
        }
    context |= {
        "index": visitor.parts.index.health(),
        "mails": sorted(file.name for file in visitor.parts.settings.outbox_dir.glob("*.eml")),
        "link": request.query_params.get("for", ""),
        "roles": users.ROLES,
        "words": WORDS,
    }
    return page(request, "administration.html", context, visitor=visitor)


@router.post("/people", response_class=HTMLResponse)
def add_person(
    request: Request,
    visitor: ActingAdministrator,
    name: Annotated[str, Form()],
    role: Annotated[str, Form()],
    display: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Add a person, and show the one-time link once."""

    def add(session: Session) -> User:
        return users.add_user(
            session,
            name=name.strip(),
            display_name=display.strip() or name.strip(),
            role=role,
            actor=f"user:{visitor.user.name}",
            at=visitor.at,
        )

    return _linked(request, visitor, add)


@router.post("/people/{user_id}/link", response_class=HTMLResponse)
def link_person(request: Request, visitor: ActingAdministrator, user_id: int) -> HTMLResponse:
    """Show a new one-time link for the person, once."""
    return _linked(request, visitor, lambda session: _user(session, user_id))


@router.post("/people/{user_id}/disable")
def disable_person(visitor: ActingAdministrator, user_id: int) -> Response:
    """End the person's sessions and refuse new ones."""
    with visitor.parts.store.write() as session:
        users.disable_user(
            session, _user(session, user_id), actor=f"user:{visitor.user.name}", at=visitor.at
        )
    return RedirectResponse("/admin", 303)


@router.post("/jobs/{job_id}/retry")
def retry_job(visitor: ActingAdministrator, job_id: int) -> Response:
    """Let a dead job be tried again."""
    at = visitor.at
    with visitor.parts.store.write() as session:
        job = session.get(Job, job_id)
        if job is None or job.state != "dead":
            raise NotFound(f"there is no dead job {job_id}.", hint="Load the page again.")
        job.state, job.tries, job.due = "ready", 0, at.now
        audit.record(
            session,
            actor=f"user:{visitor.user.name}",
            action="job.retry",
            subject=f"job:{job_id}",
            now=at.now,
            real_now=at.real,
        )
    return RedirectResponse("/admin", 303)


@router.get("/mail/{name}", response_class=HTMLResponse)
def mail(request: Request, visitor: Administrator, name: str) -> HTMLResponse:
    """The text of an e-mail that was written because no server is set."""
    folder = visitor.parts.settings.outbox_dir
    if name not in {file.name for file in folder.glob("*.eml")}:
        raise NotFound(f"there is no e-mail {name}.")
    message = message_from_bytes((folder / name).read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    context = {
        "subject": message["Subject"],
        "to": message["To"],
        "text": body.get_content() if body else "",
    }
    return page(request, "mail.html", context, visitor=visitor)


def _linked(
    request: Request, visitor: Administrator, who: Callable[[Session], User]
) -> HTMLResponse:
    with visitor.parts.store.write() as session:
        user = who(session)
        secret = users.make_link(session, user, actor=f"user:{visitor.user.name}", at=visitor.at)
    address = f"{visitor.parts.settings.base_url.rstrip('/')}/login/{secret}"
    return page(request, "link.html", {"person": user, "address": address}, visitor=visitor)


def _user(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}.", hint="Load the page again.")
    return user


def _sources(session: Session) -> list[tuple[Source, Crawl | None]]:
    newest = (
        select(func.max(Crawl.id))
        .where(Crawl.source_id == Source.id, Crawl.purpose == "crawl")
        .correlate(Source)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Source, Crawl).outerjoin(Crawl, Crawl.id == newest).order_by(Source.name)
    )
    return [(source, crawl) for source, crawl in rows]
