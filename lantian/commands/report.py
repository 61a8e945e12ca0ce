"""`lantian report weekly`: the week's summary, sent, written or printed."""

import dataclasses
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lantian.wiring import Parts


def register(app: typer.Typer) -> None:
    """Add the commands."""
    reports = typer.Typer(help="Reports.", no_args_is_help=True)
    reports.command("weekly")(weekly)
    app.add_typer(reports, name="report")

    # A group of one command would otherwise swallow its name.
    reports.callback()(lambda: None)


def weekly(
    week: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Any day of the week (default: the last week that is over).",
        ),
    ] = None,
    locale: Annotated[str, typer.Option(help="zh_CN or en (default: the setting).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures instead.")] = False,
) -> None:
    """Send the week's e-mail, or write it as a file where no mail server is set."""
    from lantian.clock import week_start
    from lantian.reports.figures import week_figures
    from lantian.reports.weekly import last_whole_week
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    monday = week_start(week.date()) if week else last_whole_week(parts.clock.now())
    if as_json:
        with parts.store.read() as session:
            typer.echo(figures_as_json(week_figures(session, monday)))
        return
    typer.echo(send(parts, monday, locale or parts.settings.locale))


def send(parts: "Parts", monday: date, locale: str) -> str:
    """Make and deliver the week's e-mail; a sentence that says where it went."""
    from lantian.errors import Invalid
    from lantian.reports.weekly import deliver, weekly_message
    from lantian.reports.wording import WORDS
    from lantian.store.installation import is_demo

    if locale not in WORDS:
        raise Invalid(f"locale {locale!r} is unknown.", hint=f"Use one of {', '.join(WORDS)}.")
    labels = {name: claim.label.model_dump() for name, claim in parts.claims().items()}
    with parts.store.read() as session:
        message = weekly_message(
            session,
            monday,
            settings=parts.settings,
            locale=locale,
            claim_labels=labels,
            now=parts.clock.now(),
        )
        demo = is_demo(session)
    sent = deliver(message, settings=parts.settings, demo=demo)
    if sent.file is not None:
        return f"The summary of the week of {monday} is in {sent.file}."
    return f"The summary of the week of {monday} went to {', '.join(sent.receivers)}."


def figures_as_json(figures: object) -> str:
    """The figures, to be compared or read by other programs."""
    content = dataclasses.asdict(figures)  # type: ignore[call-overload]
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)
