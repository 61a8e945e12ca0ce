"""`lantian capture`: a person captures a page that a crawl cannot see."""

import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crawler.person import Taken
    from lantian.intake.handover.pages import Saved
    from lantian.model import Source
    from lantian.reading import SiteProfile
    from lantian.wiring import Parts


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def capture(  # noqa: PLR0917  (a command's options)
        url: Annotated[str, typer.Argument(metavar="URL", help="The page.")],
        file: Annotated[
            Path | None,
            typer.Option(help="What a person saved of it: HTML, MHTML, WARC or WACZ."),
        ] = None,
        source: Annotated[
            str, typer.Option(help="The source that it belongs to, where the address does not say.")
        ] = "",
        by: Annotated[
            str, typer.Option(metavar="NAME", help="Who captures it; unset: the user's name.")
        ] = "",
        note: Annotated[str, typer.Option(help="What else is to be on record.")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    ) -> None:
        """Capture a page by hand: one that wants a log-in, or asks whether a robot is there.

        Without a file a browser window is opened: log in there, pass the check, open the page, and
        press Enter here. No password and no cookie is kept. The page then lives on as any other,
        and its record says who captured it and how. It ends its task in `lantian source tasks`.
        """
        from lantian.commands.rematch import tell_index
        from lantian.settings import load_settings
        from lantian.wiring import open_parts

        parts = open_parts(load_settings())
        try:
            result = capture_page(parts, url, file=file, named=source, by=by, note=note)
            tell_index(parts)
        finally:
            parts.close()
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False))
            return
        typer.echo(
            f"Captured {result['url']} as {result['outcome']} (capture {result['capture']}, source"
            f" {result['source']}): {result['documents']} documents, {result['hits']} hits."
        )


def capture_page(
    parts: "Parts", url: str, *, file: Path | None, named: str, by: str, note: str
) -> dict[str, Any]:
    """What became of the page, from a file or from a window."""
    from crawler.person import Person, source_for, take_in
    from lantian.commands.capture_window import require_display
    from lantian.commands.source_look import watching

    if file is None:
        require_display()
    whole = url if "://" in url else f"http://{url}"
    of, profile, address = source_for(parts, whole, named, watching)
    user = getpass.getuser()
    name = " ".join(by.split())[:100] or user
    if file is not None:
        taken = taken_from_file(parts, file, address, profile)
        how = f"saved by hand, file {taken.notes['file']['name']} ({taken.notes['file']['digest']})"
    else:
        taken = taken_from_window(parts, of, address)
        how = "in a browser window"
    told = "; ".join(filter(None, (how, " ".join(note.split())[:300])))
    return take_in(parts, of, profile, taken, Person(name, told, f"process:capture by {user}"))


def taken_from_file(parts: "Parts", path: Path, address: str, profile: "SiteProfile") -> "Taken":
    """The page of that address in a file.

    Raises `Invalid` where the file has it not, or cannot be read.
    """
    from crawler.person import Taken
    from lantian.errors import Invalid
    from lantian.intake.handover.opened import TABLES, look
    from lantian.intake.handover.pages import raw_of

    looked = look(path)
    if looked.format in TABLES:
        raise Invalid(f"{looked.name} is a list, no page.", hint="Take it in by `lantian import`.")
    now = parts.clock.now()
    saved = _newest(_pages(looked, address, now), address, profile, looked.name)
    return Taken(
        url=address,
        final_url=address,
        at=saved.at,
        raw=raw_of(saved, address),
        body=saved.body,
        status=saved.status,
        raw_head=saved.raw_head,
        media_type=saved.media_type or "text/html",
        remote_ip=saved.remote_ip,
        notes={"file": {"name": looked.name, "digest": looked.digest}},
    )


def _pages(looked: Any, address: str, now: Any) -> "Iterator[Saved]":
    from lantian.errors import Invalid
    from lantian.intake.handover.rows import Fault
    from lantian.intake.handover.saved import pages_of

    for page in pages_of(looked, url=address, now=now):
        if isinstance(page, Fault) and looked.format in {"html", "mhtml"}:
            raise Invalid(f"{looked.name}: {page.cause}.", hint="Save the page once more.")
        if not isinstance(page, Fault):
            yield page


def _newest(pages: "Iterator[Saved]", address: str, profile: "SiteProfile", name: str) -> "Saved":
    """The last page of that address."""
    from lantian.errors import Invalid
    from lantian.reading import canonical_url

    others: list[str] = []
    found = None
    for page in pages:
        try:
            same = canonical_url(page.url, profile) == address
        except Invalid:
            continue
        if same:
            found = page
        else:
            others.append(page.url)
    if found is None:
        there = f"; it holds {others[0][:200]}" if others else ""
        raise Invalid(
            f"{name} holds no page of {address}{there}.",
            hint="Give the address that the file was saved from.",
        )
    return found


def taken_from_window(parts: "Parts", source: "Source", address: str) -> "Taken":
    """The page as a window shows it when the person says so."""
    import asyncio

    from crawler.person import Taken
    from crawler.run import permissions_of
    from lantian.commands.capture_window import show, until_enter
    from lantian.errors import Invalid
    from lantian.reading import RawPage
    from lantian.reading.address import host_of

    typer.echo("A window opens. Log in or pass the check there, open the page, then press Enter.")
    shown = asyncio.run(
        show(
            address,
            settings=parts.settings,
            resolver=parts.resolver,
            permissions=permissions_of(parts, source),
            ready=until_enter,
        )
    )
    if host_of(shown.url).removeprefix("www.") != host_of(address).removeprefix("www."):
        raise Invalid(
            f"the window shows {shown.url[:200]}, which is another site than {address}.",
            hint="Open the page itself before you press Enter.",
        )
    return Taken(
        url=address,
        final_url=shown.url,
        at=parts.clock.now(),
        raw=RawPage(
            shown.url,
            shown.status,
            ((b"content-type", b"text/html; charset=utf-8"),),
            shown.dom,
            "browser",
        ),
        body=shown.body,
        status=shown.status,
        raw_head=shown.raw_head,
        dom=shown.dom,
        screenshot=shown.screenshot,
    )
