"""The ASGI application: the interface under /api/v1, /docs, and the dashboards at /.

`uvicorn lantian.app:app` serves it with the settings of the environment.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import mounting, problems
from dashboards import mounting as pages
from lantian.intake.handover.uploads import LARGEST
from lantian.settings import Settings, load_settings
from lantian.wiring import Parts, open_parts

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DESCRIPTION = (
    "线索检索、处置通知与平台反馈。Search clues, issue notices, read and answer them. "
    "Errors are `application/problem+json`; see docs/platform-api.md."
)


def create_app(parts: Parts) -> FastAPI:
    """The application over `parts`, which it closes at its end."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        parts.close()

    app = FastAPI(
        title="Lantian",
        description=DESCRIPTION,
        version=version("lantian"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.parts = parts
    app.state.security_headers = security_headers(parts.settings)
    mounting.mount(app)
    pages.mount(app, parts)
    # The last one added is the outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(
        BodyLimit,
        most=mounting.MAX_BODY,
        base_url=parts.settings.base_url,
        # A list, and the fields of the form that brings it.
        larger={"/imports": LARGEST + mounting.MAX_BODY},
    )
    app.add_middleware(
        TrustedHosts, hosts=trusted_hosts(parts.settings), base_url=parts.settings.base_url
    )
    app.add_middleware(SecurityHeaders, headers=app.state.security_headers)
    return app


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of every response that does not set its own."""
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
    if settings.base_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def trusted_hosts(settings: Settings) -> frozenset[str]:
    """The host names that the server answers to: those of the settings and of `base_url`."""
    named = urlsplit(settings.base_url).hostname
    hosts = {host.lower().rstrip(".") for host in settings.trusted_hosts}
    return frozenset(hosts | ({named.lower()} if named else set()))


class SecurityHeaders:
    """Sets the headers on every response that does not set its own."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class TrustedHosts:
    """Refuses requests whose Host is not one of ours: links and cookies depend on it."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], base_url: str) -> None:
        self.app = app
        self.hosts = hosts
        self.base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request of ours on, refuse any other."""
        if scope["type"] not in {"http", "websocket"} or self._known(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        refusal = problems.json_response(
            problems.of_code("wrong-host"), base_url=self.base_url, instance=scope["path"]
        )
        await refusal(scope, receive, send)

    def _known(self, headers: Headers) -> bool:
        given = headers.getlist("host")
        if len(given) != 1:
            return False
        try:
            host = urlsplit(f"//{given[0]}").hostname or ""
        except ValueError:
            return False
        return host.rstrip(".") in self.hosts


class BodyLimit:
    """Refuses a body that is too large, by its own word or while it comes.

    The framework has a limit too, but answers it in plain text and without our headers.
    """

    def __init__(
        self, app: ASGIApp, most: int, base_url: str, larger: Mapping[str, int] | None = None
    ) -> None:
        self.app = app
        self.most = most
        self.base_url = base_url
        self.larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request of bearable size on, refuse any other."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        most = self.larger.get(scope["path"], self.most)
        said = f"the body has more than {most} bytes."
        if length.isascii() and length.isdecimal() and int(length[:19]) > most:
            problem = problems.of_code("too-large", said)
            answer = problems.json_response(problem, base_url=self.base_url, instance=scope["path"])
            await answer(scope, receive, send)
            return
        got = 0

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise HTTPException(413, said)
            return message

        await self.app(scope, counted, send)


def __getattr__(name: str) -> Any:
    """`app`, made when a server asks for it: importing this module opens nothing."""
    if name == "app":
        made = create_app(open_parts(load_settings()))
        globals()["app"] = made
        return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
