"""`python -m tests.services`: the services of the tests, without the tests, and all tests.

prepare [--bench]                install and fetch what is missing, say what is there
run [--durable] -- COMMAND …     run COMMAND with PostgreSQL and Elasticsearch beside it, their
                                 addresses in LANTIAN_TEST_POSTGRES_URL and LANTIAN_TEST_ES_URL
test [-- ARGUMENT …]             all tests in two processes at once; pytest's arguments to both
"""

import argparse
import subprocess
import sys

from tests.services import elastic, halves
from tests.services.beside import services
from tests.services.folders import run_folder
from tests.services.install import prepare


def main() -> int:
    """The exit status of what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    preparing = commands.add_parser("prepare", help="install and fetch what is missing")
    preparing.add_argument("--bench", action="store_true", help="what `make bench` needs as well")
    running = commands.add_parser("run", help="run a command with the services beside it")
    running.add_argument("--durable", action="store_true", help="as in production: synced writes")
    running.add_argument("words", nargs="+", metavar="COMMAND")
    testing = commands.add_parser("test", help="all tests in two processes at once")
    testing.add_argument("words", nargs="*", metavar="ARGUMENT")
    asked = parser.parse_args()
    if asked.command == "prepare":
        prepare(bench=asked.bench)
        return 0
    if asked.command == "test":
        return test(asked.words)
    return run(asked.words, durable=asked.durable)


def run(words: list[str], *, durable: bool) -> int:
    """The exit status of the command, run while the services run."""
    with run_folder() as folder, services(folder, durable=durable) as environment:
        return subprocess.run(words, env=environment, check=False).returncode


def test(words: list[str]) -> int:
    """The exit status of all tests, run while every version of the services runs."""
    with run_folder() as folder, services(folder, versions=tuple(elastic.VERSIONS)) as environment:
        claims = folder / "claims"
        claims.mkdir()
        return halves.run(words, claims, environment)


sys.exit(main())
