"""`python -m tests.services`: the services of the tests, without the tests.

prepare [--bench]                install and fetch what is missing, say what is there
run [--durable] -- COMMAND …     run COMMAND with PostgreSQL and Elasticsearch beside it, their
                                 addresses in LANTIAN_TEST_POSTGRES_URL and LANTIAN_TEST_ES_URL
"""

import argparse
import os
import subprocess
import sys
from contextlib import ExitStack

from tests.services import catalogue, chromium, elastic, postgres
from tests.services.folders import run_folder
from tests.services.install import prepare, say
from tests.services.source import Missing


def main() -> int:
    """The exit status of what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    preparing = commands.add_parser("prepare", help="install and fetch what is missing")
    preparing.add_argument("--bench", action="store_true", help="what `make bench` needs as well")
    running = commands.add_parser("run", help="run a command with the services beside it")
    running.add_argument("--durable", action="store_true", help="as in production: synced writes")
    running.add_argument("words", nargs="+", metavar="COMMAND")
    asked = parser.parse_args()
    if asked.command == "prepare":
        prepare(bench=asked.bench)
        return 0
    return run(asked.words, durable=asked.durable)


def run(words: list[str], *, durable: bool) -> int:
    """The exit status of the command, run while the services run."""
    environment = dict(os.environ)
    with ExitStack() as stack:
        folder = stack.enter_context(run_folder())
        source = catalogue.source("postgres")
        if not isinstance(source, Missing):
            say("starting PostgreSQL")
            url = stack.enter_context(postgres.running(source, folder, durable=durable))
            environment[postgres.VARIABLE] = url
        source = catalogue.source(f"elasticsearch-{elastic.MAIN}")
        if not isinstance(source, Missing):
            say(f"starting Elasticsearch {elastic.MAIN}")
            url = stack.enter_context(elastic.running(source, folder, durable=durable))
            environment[elastic.VARIABLE] = url
        source = catalogue.source("chromium")
        if not isinstance(source, Missing):
            environment[chromium.VARIABLE] = str(chromium.path_of(source))
        return subprocess.run(words, env=environment, check=False).returncode


sys.exit(main())
