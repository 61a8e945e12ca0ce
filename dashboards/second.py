"""The second opinion's list: texts in which nothing was found and that may make an offer."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboards.people import Acting, Signed
from dashboards.rendering import page
from dashboards.wording import claim_labels
from lantian.second.looks import judge, likely_misses, present

router = APIRouter(prefix="/second")
BEGINNING = 300
"""Characters of a text that are shown."""


@router.get("", response_class=HTMLResponse)
def misses(request: Request, visitor: Signed) -> HTMLResponse:
    """The likely misses that nobody judged yet, the likeliest first, with what speaks for each."""
    with visitor.parts.store.read() as session:
        opinion = present(session)
        found, total = likely_misses(session) if opinion else ([], 0)
    context = {
        "opinion": opinion,
        "misses": found,
        "total": total,
        "beginning": BEGINNING,
        "claims": claim_labels(visitor.parts),
    }
    return page(request, "second.html", context, visitor=visitor)


@router.post("/{document_id}/{verdict}")
def say(visitor: Acting, document_id: int, verdict: str) -> Response:
    """Keep what the person says of a likely miss: missed or clean."""
    with visitor.parts.store.write() as session:
        judge(session, document_id, verdict, user=visitor.user, at=visitor.at)
    return RedirectResponse("/second", 303)
