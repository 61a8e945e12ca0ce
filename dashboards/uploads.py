"""Lists that others hand over, uploaded in the dashboard: looked at first, then taken in."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import select

from dashboards.people import Acting, Signed, Visitor
from dashboards.rendering import page
from lantian.errors import Invalid
from lantian.intake.handover import uploads
from lantian.intake.handover.columns import parse_map
from lantian.model import Handover, Job

router = APIRouter(prefix="/imports")
ROWS = 50


@router.get("", response_class=HTMLResponse)
def imports(request: Request, visitor: Signed) -> HTMLResponse:
    """What was handed over, newest first; what waits for the worker; and the form."""
    return _page(request, visitor, {"preview": None})


@router.post("", response_class=HTMLResponse)
def upload(
    request: Request,
    visitor: Acting,
    file: UploadFile,
    collection: Annotated[str, Form()] = "import",
    by: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Keep the file and show what would be taken of it; nothing is taken yet."""
    folder = visitor.parts.settings.uploads_dir
    found = uploads.keep(folder, file.file, file.filename or "")
    try:
        told = uploads.preview(found, parse_map(""), now=visitor.at.now)
    except Invalid:
        uploads.forget_file(folder, found.digest)
        raise
    return _page(request, visitor, {"preview": told, "collection": collection, "by": by})


@router.post("/take")
def take(
    visitor: Acting,
    digest: Annotated[str, Form()],
    name: Annotated[str, Form()] = "",
    collection: Annotated[str, Form()] = "import",
    by: Annotated[str, Form()] = "",
) -> Response:
    """Let the worker take the file in."""
    found = uploads.kept(visitor.parts.settings.uploads_dir, digest, name)
    at = visitor.at
    with visitor.parts.store.write() as session:
        uploads.ask_to_take(
            session,
            found,
            collection=collection,
            by=by,
            actor=f"user:{visitor.user.name}",
            now=at.now,
            real_now=at.real,
        )
    return RedirectResponse("/imports", 303)


def _page(request: Request, visitor: Visitor, context: dict[str, Any]) -> HTMLResponse:
    with visitor.parts.store.read() as session:
        rows = session.scalars(select(Handover).order_by(Handover.id.desc()).limit(ROWS)).all()
        waiting = session.scalars(
            select(Job)
            .where(Job.kind == uploads.KIND, Job.state != "done")
            .order_by(Job.id.desc())
            .limit(ROWS)
        ).all()
    return page(
        request, "imports.html", {**context, "rows": rows, "waiting": waiting}, visitor=visitor
    )
