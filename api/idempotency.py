"""`Idempotency-Key`: the same request again gets the same answer, and the work is done once.

Answer and effect commit together. A request that failed leaves nothing behind and may be
repeated. Answers are kept for 30 days of real time.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from api.problems import RequestRunning, WrongMediaType
from lantian.access.keys import Principal
from lantian.errors import Invalid, KeyReused
from lantian.model import IdempotencyRecord
from lantian.wiring import Parts

KEPT = timedelta(days=30)
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before it is sent, so that it can be kept."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, *, replayed: bool = False) -> Response:
        """The response."""
        headers = {**self.headers, REPLAYED: "true"} if replayed else self.headers
        return Response(self.body, self.status, headers, "application/json")


Work = Callable[[Session], Answer]


async def _digest(request: Request) -> str:
    """Digest of method, path and body: what one idempotency key stands for."""
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise WrongMediaType(
            f"the body is {kind or 'of no named type'}.",
            hint="Send Content-Type: application/json.",
        )
    head = f"{request.method} {request.url.path}\n".encode()
    return "sha256:" + hashlib.sha256(head + body).hexdigest()


def _key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="A word of your own, new for each request: a repeat gets the same answer.",
        ),
    ] = None,
) -> str | None:
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid("Idempotency-Key is not 1 to 255 visible ASCII characters.")
    return key


@dataclass(frozen=True, slots=True)
class Once:
    """What makes one request the same as another: its key, if it carries one, and its digest."""

    key: str | None
    digest: str

    def do(self, parts: Parts, principal: Principal, work: Work) -> Response:
        """The answer of `work`, done in one transaction, or the kept one of an earlier run.

        Raises `KeyReused` for a key that came with another body, `RequestRunning` while the
        first run has not ended, `Invalid`, and whatever `work` raises: then nothing is kept.
        """
        if self.key is None:
            with parts.store.write() as session:
                return work(session).response()
        who = (principal.actor, self.key)
        with _running(who), parts.store.write() as session:
            return self._kept_or_done(session, who, work, parts.real_clock.now())

    def required(self) -> "Once":
        """The same, if it carries a key; raises `Invalid` otherwise."""
        if self.key is None:
            raise Invalid(
                "Idempotency-Key is missing.",
                hint="Send a word of your own, new for each request; repeat it only on a retry.",
            )
        return self

    def _kept_or_done(
        self, session: Session, who: tuple[str, str], work: Work, now: datetime
    ) -> Response:
        _lock(session, who)
        session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < now - KEPT))
        kept = session.get(IdempotencyRecord, who)
        if kept is not None:
            if kept.request_digest != self.digest:
                raise KeyReused(
                    f"Idempotency-Key {self.key!r} came before with another request.",
                    hint="Use a new key for a new request.",
                )
            return Answer(kept.status, kept.body, dict(kept.headers)).response(replayed=True)
        answer = work(session)
        principal, key = who
        session.add(
            IdempotencyRecord(
                principal=principal,
                key=key,
                request_digest=self.digest,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                created_at=now,
            )
        )
        return answer.response()


def _once(
    key: Annotated[str | None, Depends(_key)], digest: Annotated[str, Depends(_digest)]
) -> Once:
    return Once(key, digest)


OnceOnly = Annotated[Once, Depends(_once)]
"""As an argument of a route."""

_now_running: set[tuple[str, str]] = set()
_guard = threading.Lock()


@contextmanager
def _running(who: tuple[str, str]) -> Iterator[None]:
    """Hold the key within this process; raises `RequestRunning` if another request does."""
    with _guard:
        if who in _now_running:
            raise _is_running(who)
        _now_running.add(who)
    try:
        yield
    finally:
        with _guard:
            _now_running.discard(who)


def _lock(session: Session, who: tuple[str, str]) -> None:
    """Hold the key between processes; on SQLite the write transaction does."""
    if session.get_bind().dialect.name != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256("\n".join(who).encode()).digest()[:8], signed=True)
    held = session.execute(text("select pg_try_advisory_xact_lock(:key)"), {"key": number})
    if not held.scalar_one():
        raise _is_running(who)


def _is_running(who: tuple[str, str]) -> RequestRunning:
    return RequestRunning(
        f"a request with Idempotency-Key {who[1]!r} has not ended yet.",
        hint="Repeat it in a moment, with the same body.",
    )
