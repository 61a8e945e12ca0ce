"""Puts the pages into the application."""

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from dashboards import (
    administration,
    login,
    notices,
    overview,
    review,
    rules,
    second,
    tasks,
    uploads,
)
from dashboards.people import require_same_origin
from dashboards.problems import problem_page
from dashboards.rendering import STATIC
from lantian.wiring import Parts

_FOREVER = "public, max-age=31536000, immutable"


class _Kept(StaticFiles):
    """Static files that browsers keep: an address with a digest never changes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        kept = b"v=" in scope.get("query_string", b"")
        answer.headers["Cache-Control"] = _FOREVER if kept else "no-cache"
        return answer


def mount(app: FastAPI, parts: Parts) -> None:
    """Add the pages at `/`, for people; the API stays under `/api/v1`."""
    app.state.parts = parts
    app.state.problem_page = problem_page
    app.mount("/static", _Kept(directory=STATIC), name="static")
    pages = (overview, login, review, notices, administration, rules, second, tasks, uploads)
    for module in pages:
        app.include_router(
            module.router, include_in_schema=False, dependencies=[Depends(require_same_origin)]
        )
