"""Puts the interface into the application: routes under /api/v1, /docs, problems for errors."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api import problems, schemas
from api.limits import RateLimit
from api.routes import clues, notices, service, tips

STATIC = Path(__file__).parent / "static"
PREFIX = "/api/v1"
MAX_BODY = 1024 * 1024

_STATUSES = (400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 500, 503)
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": "A problem.",
        "content": {
            problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
    for status in _STATUSES
}


def mount(app: FastAPI) -> None:
    """Add the routes; `app.state.parts` must be there when the first request comes."""
    problems.install(app)
    app.state.rate_limit = RateLimit()
    versioned = APIRouter(prefix=PREFIX, responses=RESPONSES)
    versioned.include_router(notices.router)
    versioned.include_router(clues.router)
    versioned.include_router(tips.router)
    app.include_router(versioned)
    app.include_router(service.router)
    app.mount("/static/api", StaticFiles(directory=STATIC), name="api-static")
    app.add_api_route("/docs", docs, include_in_schema=False, response_class=HTMLResponse)
    _name_the_problem(app)


def docs() -> HTMLResponse:
    """The interface to try out; everything on it comes from this server."""
    return HTMLResponse(_DOCS)


def _name_the_problem(app: FastAPI) -> None:
    """Let the description of the interface define what a problem is."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        known = app.openapi_schema is not None
        schema = describe()
        if not known:
            models = schema.setdefault("components", {}).setdefault("schemas", {})
            models["Problem"] = schemas.Problem.model_json_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                models.pop(unused, None)
        return schema

    app.openapi = described  # type: ignore[method-assign]


_DOCS = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lantian 接口文档 · API</title>
<link rel="stylesheet" href="/static/api/vendor/swagger-ui/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>此页面需要 JavaScript；接口说明见 <a href="/openapi.json">/openapi.json</a>。</noscript>
<script src="/static/api/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/static/api/docs.js"></script>
</body>
</html>
"""
