"""`lantian demo`: the whole path on a made-up market, on this machine alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lantian.wiring import Parts
    from lantian.worker.loop import Worker

FOLDER = Path("demo-data")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    demos = typer.Typer(
        help="Run the whole path on a made-up market: nothing leaves this machine.",
        invoke_without_command=True,
    )
    demos.callback()(demo)
    demos.command("platform")(platform)
    app.add_typer(demos, name="demo")


def demo(
    context: typer.Context,
    *,
    data: Annotated[Path, typer.Option(help="Folder of the demonstration.")] = FOLDER,
    port: Annotated[int, typer.Option(help="Port of the dashboard; 0 takes a free one.")] = 0,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the one that runs.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Delete its folder.")] = False,
    weeks: Annotated[
        int, typer.Option(min=1, max=12, help="Weeks of the story that are told.")
    ] = 12,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
) -> None:
    """Crawl a made-up market, then show dashboard and API with clues waiting."""
    if context.invoked_subcommand is not None:
        return
    from demo import running

    if stop:
        asked = running.stop(data)
        typer.echo("The demonstration is stopping." if asked else "No demonstration runs.")
        return
    if reset:
        if not yes:
            typer.confirm(f"Delete {data.absolute()} with everything in it?", abort=True)
        running.reset(data)
        typer.echo(f"{data} is deleted.")
        return
    from lantian.app import create_app

    running.run(
        data, port=port, weeks=weeks, say=typer.echo, worker_of=demo_worker, app_of=create_app
    )


def platform(
    url: Annotated[str, typer.Option(help="Address of the installation.")],
    key: Annotated[str, typer.Option(help="Key of the platform.", envvar="LANTIAN_PLATFORM_KEY")],
    site: Annotated[
        Path | None,
        typer.Option(help="File of the made-up sites from which postings are really removed."),
    ] = None,
) -> None:
    """Play a platform once: acknowledge and answer every notice that waits."""
    from demo.client import PlatformClient
    from demo.sites import ShownFile

    take_down = ShownFile(site).remove if site else None
    answered = PlatformClient(url, key, take_down).answer_all()
    typer.echo(f"{answered} notices answered.")


def demo_worker(parts: "Parts", arguments: tuple[str, ...]) -> "Worker":
    """A worker without a schedule, whose crawls do not pause."""
    from lantian.commands.worker import handlers_of
    from lantian.worker.loop import Worker

    return Worker(parts.store, parts.clock, handlers_of(parts, arguments), pause=0.5)
