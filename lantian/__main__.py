"""The command line. Each command is a module of `lantian.commands`."""

import gc
import sys
from importlib import import_module

import typer

from lantian.errors import LantianError

COMMANDS = (
    "demo",
    "serve",
    "worker",
    "crawl",
    "source",
    "campaign",
    "capture",
    "imports",
    "tip",
    "match",
    "rules",
    "rematch",
    "index",
    "notice",
    "report",
    "evidence",
    "privacy",
    "user",
    "key",
    "upgrade",
    "doctor",
)

# What a command imports, stays: looked through after every 700 objects, as is usual, it costs a
# fifth of the time until the command works.
gc.set_threshold(20_000)

app = typer.Typer(
    name="lantian",
    help="Lantian (蓝天): finds unlawful claims of IP agencies, and sees that they go.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for name in COMMANDS:
    import_module(f"lantian.commands.{name}").register(app)


def main() -> None:
    """Run the command; an error of ours is one sentence and its cure, exit status 1."""
    try:
        app()
    except LantianError as error:
        print(f"lantian: {error.message}", file=sys.stderr)  # noqa: T201
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
