"""What a person sees when something did not work."""

from typing import Protocol

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from dashboards.people import signed_in
from dashboards.rendering import page
from lantian.errors import Unauthorised

NOT_LOGGED_IN = 401


class Problem(Protocol):
    """An error as the interface describes it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def detail_zh(self) -> str:
        """What went wrong, in Chinese."""
        ...

    @property
    def detail_en(self) -> str:
        """What went wrong, in English, naming the thing at fault."""
        ...

    @property
    def hint(self) -> str:
        """The cure."""
        ...


def problem_page(request: Request, problem: Problem) -> Response:
    """The page that names the fault and the cure; whoever is not logged in goes to the log-in."""
    if problem.status == NOT_LOGGED_IN and request.url.path != "/login":
        return RedirectResponse("/login", 303)
    try:
        visitor = signed_in(request)
    except Unauthorised:
        visitor = None
    context = {"problem": problem}
    return page(request, "problem.html", context, visitor=visitor, status=problem.status)
