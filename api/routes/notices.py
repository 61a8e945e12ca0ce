"""`/api/v1/notices`: an office issues them, a platform reads and answers its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api import schemas
from api.idempotency import Answer, OnceOnly
from api.paging import instant, read_cursor, write_cursor
from api.preconditions import Expected, etag, unchanged
from api.security import KeyWith, PartsHere
from api.wire import detail, listed
from lantian.access import audit
from lantian.access.keys import Principal
from lantian.model import Notice, Platform
from lantian.takedowns.answer import Answer as Acted
from lantian.takedowns.answer import acknowledge, act
from lantian.takedowns.issue import issue_notices
from lantian.takedowns.proof import CHUNK, evidence_of
from lantian.takedowns.view import MOST_ROWS, list_notices, notice_view
from lantian.wiring import Parts

router = APIRouter(prefix="/notices", tags=["notices"])

Reader = Annotated[Principal, Depends(KeyWith("notices:read"))]
Office = Annotated[Principal, Depends(KeyWith("notices:write"))]
PlatformKey = Annotated[Principal, Depends(KeyWith("notices:answer"))]
NoticeId = Annotated[int, Path(ge=1, le=schemas.MOST, description="Id of the notice.")]
StateName = Literal["waiting", "sent", "acknowledged", "answered", "closed"]


@router.post("", status_code=201, response_model=schemas.NoticesIssued, summary="Issue notices")
def issue(body: schemas.IssueRequest, who: Office, parts: PartsHere, once: OnceOnly) -> Response:
    """Notify the platforms of confirmed clues: one takedown request per platform comes out.

    All of the clues or none: where one cannot go, `errors` names each and why.
    """

    def work(session: Session) -> Answer:
        at = parts.moment()
        notices = issue_notices(
            session,
            body.clue_ids,
            actor=who.actor,
            now=at.now,
            real_now=at.real,
            settings=parts.settings,
        )
        shown = schemas.NoticesIssued(notices=_listed(session, notices, at.now))
        return Answer(201, shown.model_dump_json().encode())

    return once.required().do(parts, who, work)


@router.get("", response_model=schemas.NoticesPage, summary="List notices")
def notices(
    *,
    who: Reader,
    parts: PartsHere,
    updated_since: Annotated[
        datetime | None, Query(description="RFC 3339 with offset; this moment included.")
    ] = None,
    state: Annotated[list[StateName] | None, Query(description="Any of these states.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> schemas.NoticesPage:
    """Notices, least recently changed first; a platform sees its own only.

    To follow, keep the newest `updated_at` that you have seen and ask for `updated_since` it.
    """
    with parts.store.read() as session:
        page = list_notices(
            session,
            platform_id=who.platform_id,
            states=state or (),
            updated_since=instant("updated_since", updated_since),
            after=read_cursor(cursor),
            limit=limit,
        )
        shown = _listed(session, page.notices, parts.clock.now())
    return schemas.NoticesPage(items=shown, next_cursor=write_cursor(page.next))


@router.get("/{notice_id}", response_model=schemas.NoticeTold, summary="Read a notice")
def notice(
    notice_id: NoticeId,
    who: Reader,
    parts: PartsHere,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    """One notice with its frozen content, events and re-checks; `ETag` is its version."""
    with parts.store.read() as session:
        view = notice_view(session, notice_id, platform_id=who.platform_id)
        tag = {"ETag": etag(view.notice.revision)}
        if unchanged(if_none_match, view.notice.revision):
            return Response(status_code=304, headers=tag)
        body = detail(view, parts.clock.now()).model_dump_json()
    return Response(body, headers=tag, media_type="application/json")


@router.get(
    "/{notice_id}/evidence",
    response_class=StreamingResponse,
    summary="Download the evidence",
    responses={200: {"content": {"application/zip": {}}, "description": "A ZIP file."}},
)
def evidence(notice_id: NoticeId, who: Reader, parts: PartsHere) -> Response:
    """A ZIP of what was kept, each file checked against its digest as it is read.

    `manifest.json` in it lists every file with its SHA-256.
    """
    with parts.store.read() as session:
        pack = evidence_of(session, parts.archive, notice_id, platform_id=who.platform_id)
    at = parts.moment()
    with parts.store.write() as session:
        audit.record(
            session,
            actor=who.actor,
            action="notice.evidence",
            subject=f"notice:{notice_id}",
            detail={"digest": pack.digest},
            now=at.now,
            real_now=at.real,
        )
    headers = {
        "Content-Disposition": f'attachment; filename="lantian-notice-{notice_id}.zip"',
        "Content-Length": str(pack.size),
        "Repr-Digest": f"sha-256=:{pack.digest_base64}:",
    }
    return StreamingResponse(pack.chunks(CHUNK), headers=headers, media_type="application/zip")


@router.post(
    "/{notice_id}/acknowledge", response_model=schemas.NoticeTold, summary="Acknowledge a notice"
)
def acknowledged(
    notice_id: NoticeId, who: PlatformKey, parts: PartsHere, once: OnceOnly, expected: Expected
) -> Response:
    """Say that the notice has arrived."""

    def work(session: Session) -> Answer:
        at = parts.moment()
        acknowledge(
            session,
            notice_id,
            platform_id=who.platform_id,
            actor=who.actor,
            expected_revision=expected,
            now=at.now,
            real_now=at.real,
        )
        return _told(session, notice_id, who, parts)

    return once.do(parts, who, work)


@router.post("/{notice_id}/actions", response_model=schemas.NoticeTold, summary="Answer a notice")
def actions(
    *,
    notice_id: NoticeId,
    body: schemas.ActionsRequest,
    who: PlatformKey,
    parts: PartsHere,
    once: OnceOnly,
    expected: Expected,
) -> Response:
    """Say what was done about each clue; a refusal is an answer, too, and needs a reason.

    All of the actions are taken, or none. Re-checks of the postings follow.
    """
    answers = [
        Acted(given.action, given.reason, None if given.clue_ids is None else tuple(given.clue_ids))
        for given in body.actions
    ]

    def work(session: Session) -> Answer:
        at = parts.moment()
        act(
            session,
            notice_id,
            answers,
            platform_id=who.platform_id,
            actor=who.actor,
            expected_revision=expected,
            now=at.now,
            real_now=at.real,
            settings=parts.settings,
        )
        return _told(session, notice_id, who, parts)

    return once.do(parts, who, work)


def _told(session: Session, notice_id: int, who: Principal, parts: Parts) -> Answer:
    session.flush()
    view = notice_view(session, notice_id, platform_id=who.platform_id)
    body = detail(view, parts.clock.now()).model_dump_json().encode()
    return Answer(200, body, {"ETag": etag(view.notice.revision)})


def _listed(
    session: Session, notices: Sequence[Notice], now: datetime
) -> list[schemas.NoticeListed]:
    names: dict[int, Any] = {}
    for one in notices:
        if one.platform_id not in names:
            names[one.platform_id] = session.get_one(Platform, one.platform_id).name
    return [listed(one, names[one.platform_id], now) for one in notices]
