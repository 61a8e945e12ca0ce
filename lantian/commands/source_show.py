"""Tables of `lantian source`: pages, fields, sources."""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.clock import SHANGHAI
from lantian.model import Crawl, Source
from lantian.reading import ReadDocument, SiteProfile
from lantian.reading.address import origin_of
from lantian.reading.tour import Seen, Tour

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 120
"""Characters of a line, where nobody says how wide the terminal is."""
LONGEST = 40
HINTS = {"gone": "gone", "logged_out": "wants a log-in", "blocked": "blocked"}
FIELDS = ("key", "url", "title", "text", "price", "posted_at", "seller_name", "seller_key")


def say(line: str) -> None:
    """Print a line as it is, made harmless for terminals."""
    _console().print(_plain(line), markup=False, highlight=False, soft_wrap=True)


def show_pages(tour: Tour, pictures: Mapping[str, Path]) -> None:
    """Print the pages that were looked at, with what each was read as."""
    rows = []
    site = origin_of(tour.first)
    for number, page in enumerate(tour.pages, start=1):
        links = Counter(link.role for link in page.reading.links) if page.reading else Counter()
        row = [
            str(number),
            page.url.removeprefix(site) or "/",
            answered(page),
            str(len(page.reading.documents)) if page.reading else "-",
            ", ".join(f"{role} {count}" for role, count in links.items()) or "-",
        ]
        if pictures:
            row.append(str(pictures.get(page.url, "-")))
        rows.append(row)
    header = ["", "page", "answer", "documents", "links"]
    table(f"Pages of {site}", [*header, "picture"] if pictures else header, rows)


def answered(page: Seen) -> str:
    """What came of a page, in few words."""
    if page.raw is None or page.reading is None:
        return page.fault or "not opened"
    reading = page.reading
    words = [str(page.raw.status)]
    if page.raw.via == "browser":
        words.append("in the browser")
    if reading.outcome_hint is not None:
        words.append(
            {"logged_out": "wants a log-in"}.get(reading.outcome_hint, reading.outcome_hint)
        )
    elif reading.unreadable is not None:
        words.append(reading.unreadable)
    elif reading.needs_browser and page.raw.via == "http":
        words.append("needs a browser")
    return ", ".join(filter(None, [*words, page.note, page.fault]))


def show_fields(profile: SiteProfile, tour: Tour) -> None:
    """Print for each kind of document its fields: required, found in how many, an example."""
    documents = [d for page in tour.pages if page.reading for d in page.reading.documents]
    for kind in dict.fromkeys(document.kind for document in documents):
        of_kind = list({d.posting_key: d for d in documents if d.kind == kind}.values())
        required = {
            name for rule in profile.documents if rule.kind == kind for name in rule.required
        }
        rows = [
            [
                name,
                "required" if name in required else "",
                _share(sum(map(bool, values)), len(values), needed=name in required),
                next((_short(value) for value in values if value), "-"),
            ]
            for name, values in fields_of(of_kind, required).items()
        ]
        table(f"{kind}: {len(of_kind)}", ["field", "", "found", "for example"], rows)


def fields_of(documents: Sequence[ReadDocument], required: set[str]) -> dict[str, list[str]]:
    """The values of each field, document by document; those that no document has are left out."""
    extra = sorted({name for document in documents for name in document.fields})
    found = {name: [_value(document, name) for document in documents] for name in (*FIELDS, *extra)}
    return {
        name: values
        for name, values in found.items()
        if any(values) or name in required or name in {"title", "text"}
    }


def show_notes(missing: str, wrong: Sequence[str], pages: int) -> None:
    """Print whether what was seen is healthy, and what stands in the way."""
    if missing:
        say(f"No browser: {missing}")
    if wrong:
        say("Not healthy:")
        for sentence in wrong:
            say(f"  - {sentence}")
    else:
        say(f"Healthy, as far as {pages} {'page tells' if pages == 1 else 'pages tell'}.")


def show_cure(tour: Tour, path: Path) -> None:
    """Print what to do about fields that were not found: which, on which page, in which file."""
    for page in tour.pages:
        lacking = (
            [name for d in page.reading.documents for name in d.missing] if page.reading else []
        )
        if lacking:
            names = ", ".join(dict.fromkeys(lacking))
            say(f"To mend: open {page.url}, look where {names} stands, and write it into")
            say(f"  {path}   (docs/sources.md, “When a field is missing”)")
            return


def listed(session: Session) -> list[dict[str, Any]]:
    """The sources with their last crawl, by name."""
    rows = []
    for source in session.scalars(select(Source).order_by(Source.name)):
        newest = select(Crawl).where(Crawl.source_id == source.id, Crawl.purpose == "crawl")
        crawl = session.scalar(newest.order_by(Crawl.id.desc()).limit(1))
        rows.append(
            {
                "name": source.name,
                "kind": source.kind,
                "profile": source.profile,
                "title": source.title,
                "schedule": source.schedule,
                "enabled": source.enabled,
                "last_crawl": crawl.started_at.isoformat() if crawl else None,
                "state": crawl.state if crawl else None,
                "documents": crawl.documents if crawl else None,
                "alarms": list(crawl.alarms) if crawl else [],
            }
        )
    return rows


def show_sources(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the sources as a table."""
    from datetime import datetime

    if not rows:
        say("No source yet: lantian source add URL")
        return
    shown = []
    for row in rows:
        at = row["last_crawl"]
        when = f"{datetime.fromisoformat(at).astimezone(SHANGHAI):%F %R}" if at else "never"
        state = f"{row['state']}, {row['documents']} documents" if at else ""
        health = " ".join(row["alarms"]) or ("healthy" if row["state"] == "finished" else "")
        schedule = row["schedule"] or "by hand" if row["enabled"] else "off"
        shown.append([row["name"], row["kind"], row["title"], schedule, when, state, health])
    header = ["source", "kind", "title", "schedule", "last crawl", "", "health"]
    table("Sources", header, shown)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; what is too long is folded, never cut."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in header:
        drawn.add_column(Text(name), overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_plain(cell)) for cell in row))
    _console().print(drawn)


def _console() -> "Console":
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(width=width, highlight=False)


def _value(document: ReadDocument, name: str) -> str:
    if name in document.missing:
        return ""
    if name == "key":
        return document.posting_key
    if name == "posted_at":
        at = document.posted_at
        return f"{at.astimezone(SHANGHAI):%F %R}" if at else ""
    if name in document.fields:
        return document.fields[name]
    return str(getattr(document, name, "") or "")


def _share(found: int, of: int, *, needed: bool) -> str:
    if needed and found < of:
        return f"{found} of {of}: MISSING in {of - found}"
    return f"{found} of {of}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _plain(text: str) -> str:
    """What a stranger says must not steer the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
