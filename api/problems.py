"""Errors as `application/problem+json` (RFC 9457): the only place that chooses HTTP statuses."""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.catalogue import BY_STATUS, KINDS, Kind
from lantian import errors
from lantian.clock import SHANGHAI, as_utc
from lantian.takedowns.issue import Fault, NotReady

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("lantian.api")

CODES: tuple[tuple[type[Exception], str], ...] = (
    (errors.NotFound, "not-found"),
    (errors.Forbidden, "forbidden"),
    (errors.Unauthorised, "unauthorised"),
    (errors.Invalid, "invalid"),
    (errors.Stale, "stale"),
    (errors.PreconditionMissing, "precondition-missing"),
    (errors.KeyReused, "key-reused"),
    (errors.Conflict, "conflict"),
    (errors.EvidenceDamaged, "evidence-damaged"),
    (errors.EvidenceDeleted, "evidence-deleted"),
    (errors.IndexUnavailable, "index-unavailable"),
    (errors.ServiceUnavailable, "unavailable"),
    (errors.StoreError, "unavailable"),
    (OperationalError, "unavailable"),
    (PoolTimeout, "unavailable"),
)
FAULTS_ZH = {
    "unknown_clue": "没有线索 {clue_id}。",
    "not_confirmed": "线索 {clue_id} 未被确认。",
    "already_notified": "线索 {clue_id} 已在尚未办结的通知中。",
    "decision_too_young": "线索 {clue_id} 的决定尚可撤销，{time} 之后可以通知。",
}


class RequestRunning(errors.Conflict):
    """A request with the same idempotency key has not ended yet."""


class WrongMediaType(errors.Invalid):
    """A body that is no JSON by its own word."""


class TooManyRequests(errors.LantianError):
    """A key asks more than it may; `left` is the time until it may ask again."""

    def __init__(self, message: str, *, left: timedelta) -> None:
        super().__init__(message, hint="Ask less often, or for larger pages.")
        self.left = left


@dataclass(frozen=True, slots=True)
class Problem:
    """What an answer says of an error: its kind, the details, and what else belongs to it."""

    kind: Kind
    detail_zh: str
    detail_en: str
    hint: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status


Page = Callable[[Request, Problem], Response]
"""How a problem is shown to a person's browser; the dashboards may set `app.state.problem_page`."""


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(errors.LantianError, _answer)
    app.add_exception_handler(OperationalError, _answer)
    app.add_exception_handler(PoolTimeout, _answer)
    app.add_exception_handler(Exception, _answer)


def problem_of(error: Exception, now: datetime) -> Problem:
    """The problem that an error is to the asker."""
    if isinstance(error, RequestValidationError):
        return _validation(error)
    if isinstance(error, HTTPException):
        return _framework(error)
    if isinstance(error, NotReady):
        return _not_ready(error, now)
    if isinstance(error, RequestRunning):
        return _plain("request-running", error, headers={"Retry-After": "1"})
    if isinstance(error, TooManyRequests):
        wait = str(max(1, math.ceil(error.left.total_seconds())))
        return _plain("too-many-requests", error, headers={"Retry-After": wait})
    if isinstance(error, WrongMediaType):
        return _plain("unsupported-media-type", error)
    code = next((code for kind, code in CODES if isinstance(error, kind)), "internal")
    headers = _headers(code, error, now)
    if isinstance(error, errors.LantianError):
        at = error.retry_at if isinstance(error, errors.Conflict) else None
        extra = {"retry_at": _time(at)} if at is not None else {}
        return _plain(code, error, headers=headers, extra=extra)
    kind = KINDS[code]
    return Problem(kind, kind.meaning_zh, kind.meaning_en, headers=headers)


def response_of(problem: Problem, request: Request) -> Response:
    """The problem as a response: a page where a person's browser asked and there is one."""
    page: Page | None = getattr(request.app.state, "problem_page", None)
    if page is not None and _by_a_person(request):
        try:
            return page(request, problem)
        except Exception:
            # The page may need what just failed, such as the store: say it plainly then.
            log.exception("the page for %s could not be drawn", problem.kind.code)
    return json_response(problem, base_url=_base_url(request), instance=request.url.path)


def json_response(problem: Problem, *, base_url: str, instance: str) -> Response:
    """The problem as JSON."""
    body = {
        "type": type_of(problem.kind, base_url),
        "code": problem.kind.code,
        "title": problem.kind.title_zh,
        "title_en": problem.kind.title_en,
        "status": problem.status,
        "detail": problem.detail_zh,
        "detail_en": problem.detail_en,
        "instance": instance,
        **({"hint": problem.hint} if problem.hint else {}),
        **problem.extra,
    }
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    headers = {"Content-Language": "zh-CN, en", **problem.headers}
    return Response(text, problem.status, headers, MEDIA_TYPE)


def type_of(kind: Kind, base_url: str) -> str:
    """The address that names the kind of problem, and under which it is explained."""
    return f"{base_url.rstrip('/')}/problems/{kind.code}"


def of_code(code: str, detail_en: str = "", detail_zh: str = "") -> Problem:
    """The problem of that code."""
    kind = KINDS[code]
    return Problem(kind, detail_zh or kind.meaning_zh, detail_en or kind.meaning_en)


def _answer(request: Request, error: Exception) -> Response:
    parts = request.app.state.parts
    problem = problem_of(error, parts.clock.now())
    if problem.kind.code == "internal":
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    response = response_of(problem, request)
    # The framework answers unforeseen errors outside our middleware: set the headers here, too.
    for name, value in request.app.state.security_headers.items():
        response.headers.setdefault(name, value)
    return response


def _plain(
    code: str,
    error: errors.LantianError,
    *,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Problem:
    kind = KINDS[code]
    return Problem(kind, kind.meaning_zh, error.message, error.hint, extra or {}, headers or {})


def _headers(code: str, error: Exception, now: datetime) -> dict[str, str]:
    if code == "unauthorised":
        return {"WWW-Authenticate": 'Bearer realm="lantian"'}
    if KINDS[code].status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": "5"}
    if isinstance(error, errors.Conflict) and error.retry_at is not None:
        return {"Retry-After": _seconds(error.retry_at, now)}
    return {}


def _not_ready(error: NotReady, now: datetime) -> Problem:
    young = error.retry_at is not None
    kind = KINDS["decision-too-young" if young else "clues-not-ready"]
    extra: dict[str, Any] = {"errors": [_fault(fault) for fault in error.faults]}
    headers = {}
    if error.retry_at is not None:
        extra["retry_at"] = _time(error.retry_at)
        headers["Retry-After"] = _seconds(error.retry_at, now)
    zh = "".join(_fault_zh(fault) for fault in error.faults[:5])
    return Problem(kind, zh, error.message, error.hint, extra, headers)


def _fault(fault: Fault) -> dict[str, Any]:
    told = {
        "clue_id": fault.clue_id,
        "code": fault.kind,
        "detail": _fault_zh(fault),
        "detail_en": fault.message,
    }
    return told if fault.retry_at is None else {**told, "retry_at": _time(fault.retry_at)}


def _fault_zh(fault: Fault) -> str:
    return FAULTS_ZH[fault.kind].format(clue_id=fault.clue_id, time=_time(fault.retry_at))


def _validation(error: RequestValidationError) -> Problem:
    faults: Sequence[Mapping[str, Any]] = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        reason = faults[0].get("ctx", {}).get("error", "")
        return of_code("malformed", f"the body is no JSON: {reason}.")
    told = [{"pointer": _pointer(fault["loc"]), "detail": str(fault["msg"])} for fault in faults]
    kind = KINDS["invalid"]
    text = "; ".join(f"{one['pointer']}: {one['detail']}" for one in told[:5])
    return Problem(kind, kind.meaning_zh, f"{text}.", extra={"errors": told})


def _pointer(place: Sequence[str | int]) -> str:
    """Where the fault is: `#/…` in the body (RFC 6901), else the parameter's name."""
    first, *rest = place or ("request",)
    if first == "body":
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in rest)
        return "#" + "".join(f"/{step}" for step in steps)
    return ".".join(map(str, (first, *rest)))


def _framework(error: HTTPException) -> Problem:
    code = BY_STATUS.get(error.status_code)
    if code is None:
        code = "internal" if error.status_code >= 500 else "malformed"
    kind = KINDS[code]
    # The framework's own words say less than ours ("Not Found").
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    return Problem(
        kind, kind.meaning_zh, said or kind.meaning_en, headers=dict(error.headers or {})
    )


def _by_a_person(request: Request) -> bool:
    if request.url.path.startswith("/api/"):
        return False
    return "text/html" in request.headers.get("accept", "")


def _base_url(request: Request) -> str:
    return str(request.app.state.parts.settings.base_url)


def _time(at: datetime | None) -> str:
    return "" if at is None else as_utc(at).astimezone(SHANGHAI).isoformat(timespec="seconds")


def _seconds(at: datetime, now: datetime) -> str:
    return str(max(1, math.ceil((at - now).total_seconds())))
