"""Pages from templates, in the visitor's language, with static files under their digest."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from dashboards import languages
from dashboards.compiling import TranslatedTemplates
from dashboards.people import Visitor, parts_of
from dashboards.wording import WORDS
from lantian.clock import SHANGHAI
from lantian.store.installation import is_demo

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def environment(locale: str) -> jinja2.Environment:
    """The templates in one language."""
    catalogue = languages.translations(locale)
    made = jinja2.Environment(
        loader=TranslatedTemplates(HERE / "templates", catalogue),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static_address
    made.globals["_"] = catalogue.gettext
    made.globals["ago"] = partial(_ago, catalogue.gettext)
    made.filters["day"] = lambda at: f"{at.astimezone(SHANGHAI):%Y-%m-%d}"
    made.filters["minute"] = _minute
    made.filters["query"] = lambda pairs: urlencode(list(pairs))
    return made


@cache
def static_address(name: str) -> str:
    """The address of a static file, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def locale_of(request: Request, visitor: Visitor | None) -> str:
    """The language of this page."""
    own = visitor.user.locale if visitor else None
    default = parts_of(request).settings.locale
    return languages.chosen(own, request.headers.get("accept-language", ""), default)


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    visitor: Visitor | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The page."""
    locale = locale_of(request, visitor)
    text = (
        environment(locale)
        .get_template(template)
        .render(
            visitor=visitor,
            locale=locale,
            side=languages.side(locale),
            demo=_demo(request),
            here=request.url.path,
            now=parts_of(request).clock.now(),
            **context,
        )
    )
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def _minute(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _ago(say: Callable[[str], str], at: datetime, now: datetime) -> Markup:
    """How long ago, with the moment itself behind it; as one piece, for the sake of long lists."""
    number, unit = _age(at, now)
    told = escape(say(WORDS["unit"][unit]) % number)
    return Markup(f'<time datetime="{at.isoformat()}" title="{_minute(at)}">{told}</time>')  # noqa: S704


def _age(at: datetime, now: datetime) -> tuple[int, str]:
    """How long ago, as a number and its unit: m, h or d."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 120:
        return minutes, "m"
    if minutes < 48 * 60:
        return minutes // 60, "h"
    return minutes // (24 * 60), "d"


def _demo(request: Request) -> bool:
    state = request.app.state
    if not hasattr(state, "demo"):
        with parts_of(request).store.read() as session:
            state.demo = is_demo(session)
    return bool(state.demo)
