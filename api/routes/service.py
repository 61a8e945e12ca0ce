"""What needs no key: whether the server lives and is ready, and what each problem means."""

import html
from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.responses import JSONResponse

from api.catalogue import KINDS
from api.security import PartsHere
from lantian.errors import NotFound
from lantian.store.engine import ping
from lantian.store.migrate import require_current

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz() -> JSONResponse:
    """Whether the process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readyz(parts: PartsHere) -> JSONResponse:
    """Whether the store answers and is at the right version; the index may lag without harm."""
    ping(parts.store)
    require_current(parts.store)
    return JSONResponse({"status": "ok", "store": "ok", "index": parts.index.health().state})


@router.get("/problems/{code}")
def problem(code: str) -> HTMLResponse:
    """The page behind a problem's `type`."""
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound(f"there is no problem {code!r}.", hint="docs/platform-api.md lists them.")
    told = {name: html.escape(str(value)) for name, value in asdict(kind).items()}
    return HTMLResponse(_PAGE.format(**told))


_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{status} {code}</title></head>
<body><h1>{status} <code>{code}</code></h1>
<h2>{title_zh}</h2><p>{meaning_zh}</p>
<h2 lang="en">{title_en}</h2><p lang="en">{meaning_en}</p></body></html>
"""
