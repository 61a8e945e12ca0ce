"""The way in: a one-time link whose page has a button, and the way out."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboards.people import Acting, cookie_name, parts_of
from dashboards.rendering import page
from lantian.access import sessions, users

router = APIRouter()
HOME = {"reviewer": "/clues"}
"""Where a session begins: reviewers at their queue, all others at the overview."""


@router.get("/login", response_class=HTMLResponse)
def how_to_log_in(request: Request) -> HTMLResponse:
    """Says that a link is needed and where it comes from."""
    return page(request, "login.html", {"secret": ""})


@router.get("/login/{secret}", response_class=HTMLResponse)
def ask(request: Request, secret: str) -> HTMLResponse:
    """The page with the button: a link preview that only looks uses nothing up."""
    return page(request, "login.html", {"secret": secret})


@router.post("/login")
def log_in(request: Request, secret: Annotated[str, Form()]) -> Response:
    """Use the link up and begin a session."""
    parts = parts_of(request)
    at = parts.moment()
    with parts.store.write() as session:
        user = users.use_link(session, secret, at=at)
        cookie, _row = sessions.start_session(session, user, limits=parts.session_limits, at=at)
    answer = RedirectResponse(HOME.get(user.role, "/"), 303)
    answer.set_cookie(
        cookie_name(parts),
        cookie,
        max_age=int(parts.session_limits.total.total_seconds()),
        secure=parts.settings.cookies_over_https,
        httponly=True,
        samesite="lax",
        path="/",
    )
    return answer


@router.post("/logout")
def log_out(visitor: Acting) -> Response:
    """End this session."""
    with visitor.parts.store.write() as session:
        row = session.merge(visitor.session)
        sessions.end_session(session, row, at=visitor.at)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(visitor.parts), path="/")
    return answer


@router.post("/preferences")
def prefer(
    request: Request,
    visitor: Acting,
    locale: Annotated[str, Form()] = "",
    shortcuts: Annotated[str, Form()] = "",
) -> Response:
    """Keep the person's language, or whether letter keys act."""
    with visitor.parts.store.write() as session:
        user = session.merge(visitor.user)
        if locale in {"zh_CN", "en"}:
            user.locale = locale
        if shortcuts in {"on", "off"}:
            user.shortcuts = shortcuts == "on"
    back = urlsplit(request.headers.get("referer", "/"))
    return RedirectResponse(f"/{back.path.lstrip('/')}{'?' if back.query else ''}{back.query}", 303)
