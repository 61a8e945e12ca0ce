"""The queue and the clue: list, facets, one clue, and the decisions on it."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboards.dossier import dossier
from dashboards.facets import facet_lists
from dashboards.filters import Filter, query_of, read_filter
from dashboards.listing import Listing, listing, rows_of
from dashboards.people import Acting, Signed, Visitor
from dashboards.pictures import picture_bytes
from dashboards.rendering import page
from dashboards.wording import WORDS, claim_words
from lantian.clues.decide import BatchOutcome, decide, decide_many, undo
from lantian.clues.leases import LEASE, hold, lease, release
from lantian.clues.likeness import Group, group_members, groups_of
from lantian.clues.reasons import REASONS, reason_by_key
from lantian.errors import Conflict, IndexUnavailable, Invalid, LantianError, NotFound
from lantian.evidence.bundle.printed import printed
from lantian.model import Artifact, Clue
from lantian.search.query import Query

router = APIRouter()
MOST_AT_ONCE = 1_000
MOST_ALIKE = 200
"""Clues of one text that are listed, those with the very same letters first."""
RENEWED_AFTER = timedelta(minutes=1)
_ALONE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400",
}
"""A picture may do nothing, whatever a browser takes it for."""


class Batch(BaseModel):
    """What is decided for several clues at once."""

    verdict: str
    scope: Literal["ticked", "all"] = "ticked"
    reason: int = 0
    expected: int = 0
    """How many clues the person was shown under the filter."""
    clue: list[int] = Field(default_factory=list)
    token: str = ""


@router.get("/clues", response_class=HTMLResponse)
def queue(request: Request, visitor: Signed) -> HTMLResponse:
    """The list with its first clue open."""
    return _page(request, visitor, None)


@router.get("/clues/facets", response_class=HTMLResponse)
def facets(request: Request, visitor: Signed) -> HTMLResponse:
    """The counts beside the filter values: a request of their own, so the list never waits."""
    wanted = read_filter(request.query_params)
    with visitor.parts.store.glance() as session:
        lists = facet_lists(visitor.parts, session, wanted)
        words = _words(visitor, session)
    whole = "hx-request" not in request.headers
    context = {"lists": lists, "wanted": wanted, "whole": whole, **words}
    return page(request, "facets.html", context, visitor=visitor)


@router.get("/clues/{clue_id}", response_class=HTMLResponse)
def clue(request: Request, visitor: Signed, clue_id: int) -> HTMLResponse:
    """The list with this clue open."""
    return _page(request, visitor, clue_id)


@router.get("/clues/{clue_id}/alike", response_class=HTMLResponse)
def alike(request: Request, visitor: Signed, clue_id: int) -> HTMLResponse:
    """The clues of the same or nearly the same text, to decide them together."""
    wanted = read_filter(request.query_params)
    with visitor.parts.store.read() as session:
        if session.get(Clue, clue_id) is None:
            raise NotFound(f"there is no clue {clue_id}.", hint="Go back to the list.")
        members = group_members(session, clue_id, limit=MOST_ALIKE) or {clue_id: True}
        rows = rows_of(session, list(members), now=visitor.at.now)
        group = groups_of(session, [clue_id]).get(clue_id) or Group(1, 1)
        words = _words(visitor, session)
    context = {
        "wanted": wanted,
        "clue_id": clue_id,
        "rows": rows,
        "same": members,
        "group": group,
        "reasons": REASONS,
        **words,
    }
    return page(request, "alike.html", context, visitor=visitor)


@router.post("/clues/{clue_id}/confirm")
def confirm_one(
    request: Request, visitor: Acting, clue_id: int, revision: Annotated[int, Form()]
) -> Response:
    """Confirm, and go on to the next clue."""
    return _decide(request, visitor, _Act(clue_id, revision, "confirmed", None))


@router.post("/clues/{clue_id}/dismiss/{key}")
def dismiss_one(
    request: Request, visitor: Acting, clue_id: int, key: int, revision: Annotated[int, Form()]
) -> Response:
    """Dismiss for the reason under `key`, from 1 to 9, and go on to the next clue."""
    reason = reason_by_key(key).code
    return _decide(request, visitor, _Act(clue_id, revision, "dismissed", reason))


@dataclass(frozen=True, slots=True)
class _Act:
    clue_id: int
    revision: int
    verdict: str
    reason: str | None


def _decide(request: Request, visitor: Visitor, act: _Act) -> Response:
    wanted = read_filter(request.query_params)
    following = _following(visitor, wanted, act.clue_id)
    at = visitor.at
    with visitor.parts.store.write() as session:
        decide(
            session,
            act.clue_id,
            verdict=act.verdict,
            user=visitor.user,
            now=at.now,
            real_now=at.real,
            reason=act.reason,
            expected_revision=act.revision,
        )
    return _go(wanted, following, f"{act.verdict}-{act.clue_id}")


@router.post("/clues/{clue_id}/hold")
def hold_one(request: Request, visitor: Acting, clue_id: int) -> Response:
    """Put the clue aside for this person, and go on."""
    wanted = read_filter(request.query_params)
    following = _following(visitor, wanted, clue_id)
    with visitor.parts.store.write() as session:
        hold(session, clue_id, user=visitor.user, now=visitor.at.now)
    return _go(wanted, following, f"held-{clue_id}")


@router.post("/clues/{clue_id}/release")
def release_one(request: Request, visitor: Acting, clue_id: int) -> Response:
    """Let others have the clue again."""
    with visitor.parts.store.write() as session:
        release(session, clue_id, user=visitor.user)
    return _go(read_filter(request.query_params), clue_id, "")


@router.post("/undo")
def undo_last(request: Request, visitor: Acting) -> Response:
    """Take this person's latest step back, and show its clue."""
    at = visitor.at
    with visitor.parts.store.write() as session:
        taken_back = undo(session, user=visitor.user, now=at.now, real_now=at.real)
    wanted = read_filter(request.query_params)
    return _go(wanted, taken_back.clue_id, f"undone-{taken_back.clue_id}")


@router.post("/clues/batch", response_class=HTMLResponse)
def decide_batch(request: Request, visitor: Acting, batch: Annotated[Batch, Form()]) -> Response:
    """Decide the ticked clues, or all that the filter finds; the server asks the filter anew."""
    wanted = read_filter(request.query_params)
    at = visitor.at
    with visitor.parts.store.read() as session:
        ids = _chosen(visitor, session, wanted, batch)
    if not ids:
        raise Invalid("no clue is ticked.", hint="Tick clues with x, then decide.")
    with visitor.parts.store.write() as session:
        outcome = decide_many(
            session,
            ids,
            verdict=batch.verdict,
            user=visitor.user,
            now=at.now,
            real_now=at.real,
            batch=secrets.token_hex(8),
            reason=reason_by_key(batch.reason).code if batch.verdict == "dismissed" else None,
            expected=batch.expected if batch.scope == "all" else None,
        )
    return _told(request, visitor, wanted, outcome, batch.verdict)


@router.get("/evidence/{artifact_id}")
def screenshot(visitor: Signed, artifact_id: int) -> Response:
    """A screenshot, re-verified as it is read; beside pictures nothing else is shown inline."""
    with visitor.parts.store.read() as session:
        artifact = session.get(Artifact, artifact_id)
        if artifact is None or artifact.role != "screenshot":
            raise NotFound(f"there is no screenshot {artifact_id}.")
    body = visitor.parts.archive.read(artifact)
    return Response(body, media_type=artifact.media_type, headers=_ALONE)


@router.get("/evidence/pictures/{capture_id}")
def picture(visitor: Signed, capture_id: int) -> Response:
    """A picture of a posting, re-verified as it is read, under the type that its bytes have."""
    with visitor.parts.store.read() as session:
        body, media_type = picture_bytes(session, visitor.parts.archive, capture_id)
    return Response(body, media_type=media_type, headers=_ALONE)


@router.get("/evidence/captures/{capture_id}", response_class=HTMLResponse)
def extraction_record(visitor: Signed, capture_id: int) -> Response:
    """The extraction record of a capture, to be printed; all of it re-verified as it is read."""
    parts = visitor.parts
    with parts.store.read() as session:
        made = printed(
            session,
            parts.archive,
            capture_id,
            office=parts.settings.organisation,
            demonstration=parts.is_demo,
        )
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox allow-modals"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "private, no-cache"}
    return Response(made.page, media_type="text/html; charset=utf-8", headers=headers)


def _page(request: Request, visitor: Visitor, clue_id: int | None) -> HTMLResponse:
    wanted = read_filter(request.query_params)
    parts, now = visitor.parts, visitor.at.now
    with parts.store.glance() as session:
        shown = listing(
            parts, session, wanted, after=request.query_params.get("after", ""), now=now
        )
        open_id = clue_id or (shown.rows[0].id if shown.rows else None)
        opened = dossier(session, open_id, shown.row(open_id)) if open_id else None
        words = _words(visitor, session)
    taken = _lease(visitor, opened.clue) if opened else ""
    context = {
        "wanted": wanted,
        "shown": shown,
        "opened": opened,
        "taken": taken,
        "done": request.query_params.get("done", ""),
        "reasons": REASONS,
        "above": shown.before(open_id) if open_id else None,
        "below": shown.after(open_id) if open_id else None,
        **words,
    }
    return page(request, "review.html", context, visitor=visitor)


def _words(visitor: Visitor, session: Session) -> dict[str, object]:
    told = claim_words(session, visitor.parts.settings.pack_dir)
    return {"words": WORDS, "claims": told.labels, "guidance": told.guidance}


def _lease(visitor: Visitor, clue: Clue) -> str:
    """Take the clue for this person while it is open; who has it, if another does."""
    if clue.state != "open":
        return ""
    until, at = clue.lease_until, visitor.at.now
    # Looking again writes nothing while nearly all of the lease is left.
    if clue.lease_user_id == visitor.user.id and until and until - at > LEASE - RENEWED_AFTER:
        return ""
    try:
        with visitor.parts.store.write() as session:
            lease(session, clue.id, user=visitor.user, now=visitor.at.now)
    except Conflict as held:
        return held.message
    return ""


def _following(visitor: Visitor, wanted: Filter, clue_id: int) -> int | None:
    with visitor.parts.store.read() as session:
        shown: Listing = listing(visitor.parts, session, wanted, now=visitor.at.now)
    return shown.after(clue_id) or shown.before(clue_id)


def _go(wanted: Filter, clue_id: int | None, done: str) -> RedirectResponse:
    pairs = [*wanted.pairs(), ("done", done)] if done else wanted.pairs()
    path = f"/clues/{clue_id}" if clue_id else "/clues"
    return RedirectResponse(f"{path}?{urlencode(pairs)}" if pairs else path, 303)


def _chosen(visitor: Visitor, session: Session, wanted: Filter, batch: Batch) -> list[int]:
    if batch.scope == "ticked":
        return batch.clue
    if batch.expected > MOST_AT_ONCE:
        raise Invalid(
            f"{batch.expected} clues are too many for one act.",
            hint=f"Narrow the filter to {MOST_AT_ONCE} or fewer.",
        )
    try:
        query: Query = query_of(session, wanted, limit=MOST_AT_ONCE)
        return list(visitor.parts.index.search(query).clue_ids)
    except IndexUnavailable as error:
        raise Conflict(
            "the index does not answer, so nobody knows which clues the filter finds.",
            hint="Tick the clues instead.",
        ) from error


def _told(
    request: Request, visitor: Visitor, wanted: Filter, outcome: BatchOutcome, verdict: str
) -> HTMLResponse:
    with visitor.parts.store.read() as session:
        titles = dict(
            session.execute(
                select(Clue.id, Clue.posting_key).where(Clue.id.in_(list(outcome.failed)))
            ).all()
        )
        words = _words(visitor, session)
    failed: dict[int, LantianError] = dict(outcome.failed)
    context = {
        "outcome": outcome,
        "verdict": verdict,
        "failed": [(clue_id, titles.get(clue_id, ""), str(why)) for clue_id, why in failed.items()],
        "back": wanted.address("/clues"),
        **words,
    }
    return page(request, "batch.html", context, visitor=visitor)
