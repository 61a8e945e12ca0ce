"""Who looks at a page: the session behind the cookie, the role, the language, the form token."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Request

from lantian.access import sessions
from lantian.access.users import Moment
from lantian.errors import Forbidden
from lantian.model import User, UserSession
from lantian.wiring import Parts

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SAME = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a live session."""

    user: User
    session: UserSession
    parts: Parts

    @property
    def at(self) -> Moment:
        """The present, in domain time and in real time."""
        return self.parts.moment()

    @property
    def form_token(self) -> str:
        """The token that this person's forms carry."""
        return sessions.form_token(self.session)

    @property
    def administers(self) -> bool:
        """Whether this person is an administrator."""
        return self.user.role == "administrator"


def parts_of(request: Request) -> Parts:
    """The parts of this process."""
    parts: Parts = request.app.state.parts
    return parts


def cookie_name(parts: Parts) -> str:
    """The cookie's name; with the prefix that binds it to this host wherever HTTPS is used."""
    return "__Host-lantian" if parts.settings.cookies_over_https else "lantian"


def signed_in(request: Request) -> Visitor:
    """The person behind the request; raises `Unauthorised` without a live session."""
    parts = parts_of(request)
    secret = request.cookies.get(cookie_name(parts), "")
    at = parts.moment()
    with parts.store.glance() as session:
        row = sessions.find_session(session, secret, limits=parts.session_limits, real_now=at.real)
        user = row.user
    if sessions.needs_touch(row, real_now=at.real):
        with parts.store.write() as session:
            session.get_one(UserSession, row.id).seen_at = at.real
    return Visitor(user=user, session=row, parts=parts)


def administrator(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """The person, if an administrator; raises `Forbidden` otherwise."""
    if not visitor.administers:
        raise Forbidden("this page is for administrators.", hint="Ask one of them.")
    return visitor


def require_same_origin(request: Request) -> None:
    """Nothing, if a change comes from our own pages; raises `Forbidden` otherwise.

    Browsers tell by Sec-Fetch-Site; where that is missing, Origin must be ours.
    """
    if request.method not in UNSAFE:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site in _SAME
    else:
        origin = request.headers.get("origin", "")
        host = request.headers.get("host", "")
        ours = origin in {f"http://{host}", f"https://{host}"}
    if not ours:
        raise Forbidden(
            "this change was not sent from a page of ours.", hint="Use the page itself."
        )


def acting(
    visitor: Annotated[Visitor, Depends(signed_in)], token: Annotated[str, Form()] = ""
) -> Visitor:
    """The person, if the form is of this session; raises `Forbidden` otherwise."""
    sessions.require_form_token(visitor.session, token)
    return visitor


def acting_administrator(
    visitor: Annotated[Visitor, Depends(administrator)], token: Annotated[str, Form()] = ""
) -> Visitor:
    """The administrator, if the form is of this session; raises `Forbidden` otherwise."""
    sessions.require_form_token(visitor.session, token)
    return visitor


Signed = Annotated[Visitor, Depends(signed_in)]
Acting = Annotated[Visitor, Depends(acting)]
Administrator = Annotated[Visitor, Depends(administrator)]
ActingAdministrator = Annotated[Visitor, Depends(acting_administrator)]
