"""`lantian privacy`: which personal data is kept, for how long; and what is forgotten."""

import getpass
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lantian.intake.forgetting import Forgotten
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task

FORGET = "privacy.forget"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    privacy = typer.Typer(
        help="Personal data: what is kept, for how long, what is forgotten.", no_args_is_help=True
    )
    privacy.command("show")(show)
    privacy.command("forget")(forget)
    app.add_typer(privacy, name="privacy")


def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Show which personal data is kept here, for how long, and how much of it is due to go."""
    from lantian.commands.source_show import say, table
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        rows = kept(parts)
    finally:
        parts.close()
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    header = ["what", "kept", "how many", "for how long", "due to go"]
    shown = [[row["what"], row["kept"], f"{row['rows']:,}", row["time"], _due(row)] for row in rows]
    table("Personal data", header, shown)
    say("The worker forgets each night what is due; `lantian privacy forget` does it now.")


def forget(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be forgotten, and forget nothing.")
    ] = False,
) -> None:
    """Forget now what is due: what was published without a claim and was not seen for long."""
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        if dry_run:
            for row in kept(parts):
                if row["due"]:
                    typer.echo(f"{row['what']}: {row['due']} would be forgotten.")
            return
        done = forget_due(parts, actor=f"process:privacy by {getpass.getuser()}")
    finally:
        parts.close()
    typer.echo(
        f"Forgotten: {done.documents} documents, {done.sellers} sellers, {done.tips} tips,"
        f" {done.notes} notes."
    )


def forget_due(
    parts: "Parts", *, actor: str = "process:worker", task: "Task | None" = None
) -> "Forgotten":
    """What was forgotten: all that is due, some at a time; and the audit chain tells how much."""
    from lantian.access import audit
    from lantian.intake.forgetting import Forgotten, forget_some

    days = parts.settings.keep_person_days
    before = parts.clock.now() - timedelta(days=days)
    done = Forgotten()
    while task is None or not task.stop.is_set():
        with parts.store.write() as session:
            some = forget_some(session, before=before, now=parts.clock.now())
        done += some
        if not some.total:
            break
    if done.total:
        at = parts.moment()
        detail = {
            "days": days,
            "documents": done.documents,
            "sellers": done.sellers,
            "tips": done.tips,
            "notes": done.notes,
        }
        with parts.store.write() as session:
            audit.record(
                session,
                actor=actor,
                action=FORGET,
                subject="privacy:persons",
                detail=detail,
                now=at.now,
                real_now=at.real,
            )
    return done


def kept(parts: "Parts") -> list[dict[str, Any]]:
    """Each kind of personal data: what of it is kept, how many rows, how long, how many are due."""
    settings = parts.settings
    before = parts.clock.now() - timedelta(days=settings.keep_person_days)
    with parts.store.read() as session:
        counts = _counts(session, before)
    after = f"{settings.keep_person_days} days after it was last seen, unless there is a claim"
    fields = ", ".join(("key", *settings.seller_fields))
    return [
        _row("sellers and authors", fields, counts["sellers"], after, None),
        _row(
            "what was published", "title, text, named fields", counts["texts"], after, counts["due"]
        ),
        _row(
            "pages as received",
            "payload in the archive",
            counts["payloads"],
            f"{settings.keep_payload_days} days, unless there is a claim or a hold",
            None,
        ),
        _row(
            "tips",
            "what they say",
            counts["tips"],
            f"{settings.keep_person_days} days after they came",
            None,
        ),
        _row(
            "senders of tips",
            "contact",
            counts["contacts"],
            f"{settings.keep_contact_days} days after they came",
            None,
        ),
    ]


def _counts(session: "Session", before: datetime) -> dict[str, int]:
    from sqlalchemy import func, select

    from lantian.intake.forgetting import may_be_forgotten
    from lantian.model import Capture, Document, Seller, Tip, TipContact

    count = select(func.count())
    due = count.select_from(Document).join(Capture, Capture.id == Document.capture_id)
    asked = {
        "sellers": count.select_from(Seller).where(Seller.forgotten_at.is_(None)),
        "texts": count.select_from(Document).where(Document.forgotten_at.is_(None)),
        "payloads": count.select_from(Capture),
        "tips": count.select_from(Tip),
        "contacts": count.select_from(TipContact),
        "due": due.where(may_be_forgotten(before)),
    }
    return {name: session.scalar(statement) or 0 for name, statement in asked.items()}


def _row(what: str, of: str, rows: int, time: str, due: int | None) -> dict[str, Any]:
    return {"what": what, "kept": of, "rows": rows, "time": time, "due": due}


def _due(row: dict[str, Any]) -> str:
    return "" if row["due"] is None else f"{row['due']:,}"
