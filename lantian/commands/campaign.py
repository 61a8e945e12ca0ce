"""`lantian campaign`: words that are searched for on platforms between two dates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crawler.campaigns import Told
    from lantian.reading.campaign import CampaignSpec, Find
    from lantian.wiring import Parts

HINT = "Compare with docs/crawling.md, Campaigns."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    campaign = typer.Typer(
        help="Watch lists: words searched for on platforms between two dates.",
        no_args_is_help=True,
    )
    campaign.command("add")(add)
    campaign.command("list")(list_)
    campaign.command("show")(show)
    campaign.command("stop")(stop)
    app.add_typer(campaign, name="campaign")


def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The campaign.")],
    check: Annotated[
        bool, typer.Option("--check", help="Look at the file only; nothing is written.")
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="Permit its sources this host and port."),
    ] = None,
    why: Annotated[str, typer.Option(help="Why it is permitted.")] = "",
) -> None:
    """Add a campaign: a source for each platform, which the worker searches on schedule."""
    from crawler.campaigns import add_campaign

    parts = _parts()
    try:
        find = _find(parts)
        spec = read_spec(file, find)
        if check:
            _tell_plan(spec)
            return
        user = _user()
        now, real_now = parts.clock.now(), parts.real_clock.now()
        with parts.store.write() as session:
            from lantian.access import audit

            campaign, new = add_campaign(
                session, spec, find, by=user, allowed=allow or (), why=why, now=now
            )
            if new:
                audit.record(
                    session,
                    actor=f"process:campaign by {user}",
                    action="campaign.add",
                    subject=f"campaign:{campaign.id}",
                    detail={"name": spec.name, "allowed": list(allow or ()), "why": why},
                    now=now,
                    real_now=real_now,
                )
        typer.echo(f"campaign {spec.name}: {'added' if new else 'there already, unchanged'}")
        _tell_plan(spec)
    finally:
        parts.close()


def list_() -> None:
    """List all campaigns, the newest first."""
    from crawler.campaigns import campaigns, platforms_of, state_of

    parts = _parts()
    try:
        now = parts.clock.now()
        with parts.store.read() as session:
            for one in campaigns(session):
                told = platforms_of(session, one)
                searches = sum(len(platform.source.start_urls) for platform in told)
                clues = sum(platform.clues for platform in told)
                typer.echo(
                    f"{one.name}: {state_of(one, now)}, {one.spec['begins']} to "
                    f"{one.spec['ends']}, {searches} searches on {len(told)} platforms, "
                    f"{clues} clues"
                )
    finally:
        parts.close()


def show(name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")]) -> None:
    """Show how each platform of a campaign stands."""
    from crawler.campaigns import campaign_named, platforms_of, state_of

    parts = _parts()
    try:
        with parts.store.read() as session:
            campaign = campaign_named(session, name)
            state = state_of(campaign, parts.clock.now())
            typer.echo(f"{campaign.name}: {campaign.title}")
            typer.echo(f"{state}, {campaign.spec['begins']} to {campaign.spec['ends']}")
            for told in platforms_of(session, campaign):
                _tell(told)
    finally:
        parts.close()


def stop(name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")]) -> None:
    """Stop a campaign: no more searches; what was found stays."""
    from crawler.campaigns import campaign_named, stop_campaign
    from lantian.access import audit

    parts = _parts()
    try:
        user = _user()
        now, real_now = parts.clock.now(), parts.real_clock.now()
        with parts.store.write() as session:
            campaign = campaign_named(session, name)
            was_on = campaign.stopped_at is None
            given_up = stop_campaign(session, campaign, by=user, now=now)
            if was_on:
                audit.record(
                    session,
                    actor=f"process:campaign by {user}",
                    action="campaign.stop",
                    subject=f"campaign:{campaign.id}",
                    detail={"name": name, "given_up": given_up},
                    now=now,
                    real_now=real_now,
                )
        typer.echo(f"campaign {name}: {'stopped' if was_on else 'was stopped already'}")
    finally:
        parts.close()


def read_spec(file: Path, find: "Find") -> "CampaignSpec":
    """The campaign in a file; raises `ProfileError` naming file, line and field."""
    from lantian.errors import ProfileError
    from lantian.reading.campaign import FIND, CampaignSpec
    from lantian.reading.loading import parse_as

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"{file}: cannot be read: {error}.", hint="Give a YAML file in UTF-8."
        ) from error
    return parse_as(
        CampaignSpec, text, where=str(file), what="campaign", hint=HINT, context={FIND: find}
    )


def _tell_plan(spec: "CampaignSpec") -> None:
    for one in spec.platforms:
        searches = spec.searches(one)
        typer.echo(
            f"{one.profile}: {len(searches)} searches at {one.schedule or spec.schedule}, "
            f"such as {searches[0]!r}"
        )


def _tell(told: "Told") -> None:
    source, last = told.source, told.last
    typer.echo(f"{source.name}: {len(source.start_urls)} searches at {source.schedule}")
    if last is None:
        typer.echo("  not searched yet")
        return
    typer.echo(
        f"  {told.crawls} crawls, {told.clues} clues; the last began "
        f"{last.started_at.isoformat(timespec='minutes')}: {last.state}, "
        f"{last.seen + last.unchanged + last.gone} of {last.planned} pages seen, "
        f"{last.blocked} blocked, {last.logged_out} logged out, {last.unknown} unknown"
    )
    for alarm in last.alarms:
        typer.echo(f"  {alarm}")


def _parts() -> "Parts":
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    return open_parts(load_settings())


def _find(parts: "Parts") -> "Find":
    from lantian.reading import SiteProfile, find_profile

    folders = [parts.settings.profiles_dir] if parts.settings.profiles_dir else []

    def find(name: str) -> SiteProfile:
        return find_profile(name, folders)

    return find


def _user() -> str:
    import getpass

    return getpass.getuser()
