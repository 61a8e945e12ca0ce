"""`lantian source`: from an address to a tested profile, and what is watched."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lantian.model import Source
    from lantian.reading.propose import Proposal
    from lantian.reading.tour import Tour

Allow = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST:PORT", help="Permit the source this host and port."),
]
Most = Annotated[int, typer.Option("--pages", min=1, max=50, help="Pages to look at.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    source = typer.Typer(help="Sites that are watched, and their profiles.", no_args_is_help=True)
    source.command("add")(add)
    source.command("test")(check)
    source.command("list")(list_)
    source.command("off")(off)
    source.command("on")(on)
    source.command("robots")(robots)
    source.command("manners")(manners)
    source.command("tasks")(tasks)
    app.add_typer(source, name="source")


def add(  # noqa: PLR0917  (a command's options)
    url: Annotated[str, typer.Argument(metavar="URL", help="A page of the site.")],
    name: Annotated[str, typer.Option(help="Name of the source; unset: made from the host.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    allow: Allow = None,
    why: Annotated[str, typer.Option(help="Why it is permitted.")] = "",
    family: Annotated[
        str, typer.Option("--as", metavar="FAMILY", help="The family, instead of recognising it.")
    ] = "",
    words: Annotated[
        str, typer.Option(help="What to search for, where the site is searched; comma-separated.")
    ] = "",
    start: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A further address at which a crawl begins."),
    ] = None,
    most: Most = 6,
) -> None:
    """Look at a site, say what it is, propose its profile; on a yes write profile and source.

    The pages are fetched as a crawl would fetch them. Nothing of them is kept.
    """
    from lantian.commands.source_look import ask_for, look_at_new
    from lantian.commands.source_show import show_cure
    from lantian.commands.source_write import profile_path, write
    from lantian.reading import canonical_url
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        first = canonical_url(url if "://" in url else f"http://{url}")
        ask = ask_for(parts, first, name, family=family, words=split(words), start=start or [])
        proposal, tour = look_at_new(parts, first, ask, allow=allow or [], most=most)
        show_proposal(proposal, tour)
        path = profile_path(parts, proposal.profile.name)
        if not yes and not typer.confirm(f"\nWrite {path} and watch this site?"):
            typer.echo("Nothing was written.")
            raise typer.Exit(1)
        source = write(parts, proposal, path, allow or [], why)
    finally:
        parts.close()
    show_written(source, path)
    show_cure(tour, path)


def check(
    target: Annotated[
        str, typer.Argument(metavar="NAME|URL", help="A source's name, or a page of its site.")
    ],
    screenshots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for pictures of the pages.")
    ] = None,
    most: Most = 6,
    allow: Allow = None,
) -> None:
    """Read live pages of a source under its profile, and show what was found and what is missing.

    Nothing is kept but the pictures. Exit status 1 if it is not healthy.
    """
    from lantian.commands.source_look import go, is_url, save_pictures, under_test
    from lantian.commands.source_show import show_cure, show_fields, show_notes, show_pages
    from lantian.commands.source_write import profile_path
    from lantian.reading.tour import Tour, faults
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        tested = under_test(parts, target, allow or [])
        profile = tested.profile
        also = () if is_url(target) else profile.starts()[1:2]
        tour = Tour(tested.first, lambda _: profile, most=most, also=also)
        missing = go(
            parts,
            tour,
            profile,
            tested.permissions,
            pictures=screenshots is not None,
            hosts=tested.hosts,
            exceptions=tested.exceptions,
        )
    finally:
        parts.close()
    pictures = save_pictures(tour, screenshots) if screenshots is not None else {}
    show_pages(tour, pictures)
    show_fields(profile, tour)
    wrong = faults(profile, tour.tally())
    show_notes(missing, wrong, len(tour.pages))
    show_cure(tour, profile_path(parts, profile.name))
    if wrong:
        raise typer.Exit(1)


def off(name: Annotated[str, typer.Argument(help="The source's name.")]) -> None:
    """Crawl a source no more by its schedule; what was found stays."""
    _switch(name, enabled=False)


def on(name: Annotated[str, typer.Argument(help="The source's name.")]) -> None:
    """Crawl a source by its schedule again."""
    _switch(name, enabled=True)


def _switch(name: str, *, enabled: bool) -> None:
    from lantian.commands.source_write import switch
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        switch(parts, name, enabled=enabled)
    finally:
        parts.close()
    typer.echo(f"{name} is {'on' if enabled else 'off'}.")


def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """List the sources: name, kind, profile, when they are crawled, and how the last crawl went."""
    import json

    from lantian.commands.source_manners import add_exceptions, show_exceptions
    from lantian.commands.source_show import listed, show_sources
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            rows = add_exceptions(session, listed(session))
    finally:
        parts.close()
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    show_sources(rows)
    show_exceptions(rows)


def robots(
    name: Annotated[str, typer.Argument(help="The source's name.")],
    path: Annotated[
        str,
        typer.Option(
            "--except",
            metavar="PATH",
            help="Open what begins with this path although robots.txt forbids it; / for all.",
        ),
    ] = "",
    by: Annotated[str, typer.Option(help="The person who answers for that.")] = "",
    why: Annotated[str, typer.Option(help="Why it may be opened: who permitted it, when.")] = "",
    obey: Annotated[
        bool, typer.Option("--obey", help="Take the exceptions back: all, or that of --except.")
    ] = False,
) -> None:
    """Show, make or take back exceptions from robots.txt, which is obeyed else.

    Each is written down with person and reason, in the list of sources and in the audit chain.
    """
    from lantian.commands.source_manners import change_exceptions, show_exceptions
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        row = change_exceptions(parts, name, path=path, by=by, why=why, obey=obey)
    finally:
        parts.close()
    if not row["robots_exceptions"]:
        typer.echo(f"{name}: robots.txt is obeyed, without exception.")
    show_exceptions([row])


def manners(
    host: Annotated[str, typer.Argument(help="One host; none: all.")] = "",
    days: Annotated[int, typer.Option(min=1, help="Days to tell of, the present one last.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Show what each host was asked day by day: requests, bytes, refusals, the longest pause."""
    import json

    from lantian.commands.source_manners import asked, show_asked
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        rows = asked(parts, host, days)
    finally:
        parts.close()
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    show_asked(rows)


def tasks(
    name: Annotated[str, typer.Argument(help="One source; none: all.")] = "",
    drop: Annotated[
        int | None, typer.Option(metavar="ID", help="Drop this task: nobody needs to look.")
    ] = None,
    why: Annotated[str, typer.Option(help="Why it is dropped.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """List pages that need a person: a log-in or a check for robots stands before them.

    They are done by `lantian capture URL`. Nothing gets round a log-in, and nothing solves a check.
    """
    import json

    from lantian.commands.source_manners import show_tasks, tasks_of
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    try:
        rows = tasks_of(parts, name, drop=drop, why=why)
    finally:
        parts.close()
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    show_tasks(rows)


def split(words: str) -> tuple[str, ...]:
    """Words given with commas, Chinese ones too."""
    return tuple(filter(None, (word.strip() for word in words.replace("，", ",").split(","))))


def show_proposal(proposal: "Proposal", tour: "Tour") -> None:
    """Print what the site is, why, and what would be extracted from it."""
    from lantian.commands.source_show import say, show_fields, show_notes, show_pages
    from lantian.reading.filling import PREFIX
    from lantian.reading.tour import faults

    called = proposal.family.removeprefix(PREFIX)
    what = "any site" if called == "site" else called
    say(f"This looks like: {what} ({proposal.profile.title})")
    for reason in proposal.why:
        say(f"  - {reason}")
    others = [
        f"{name.removeprefix(PREFIX)} {weight:g}"
        for name, weight in proposal.weights
        if name != proposal.family
    ]
    if others:
        say(f"  weaker signs: {', '.join(others)}")
    show_pages(tour, {})
    show_fields(proposal.profile, tour)
    show_notes("", faults(proposal.profile, tour.tally()), len(tour.pages))


def show_written(source: "Source", path: Path) -> None:
    """Print what was written, and how to go on."""
    typer.echo(f"Wrote {path}, and the source {source.name}. Go on with:")
    typer.echo(f"  lantian source test {source.name}   # once more, after changes of that file")
    typer.echo(f"  lantian crawl {source.name}         # now; `lantian worker` does it in time")
