"""Services beside a command: started once, told to it by its environment."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.services import catalogue, chromium, elastic, postgres
from tests.services.install import say
from tests.services.source import Missing


@contextmanager
def services(
    run: Path, *, versions: Sequence[str] = (elastic.MAIN,), durable: bool = False
) -> Iterator[dict[str, str]]:
    """Our environment with the addresses of what was started; what is missing is not in it.

    `run` is the folder of this run, `versions` are those of Elasticsearch, and `durable` services
    sync what they write, as in production.
    """
    environment = dict(os.environ)
    with ExitStack() as stack:
        source = catalogue.source("postgres")
        if not isinstance(source, Missing):
            say("starting PostgreSQL")
            url = stack.enter_context(postgres.running(source, run, durable=durable))
            environment[postgres.VARIABLE] = url
        for version in versions:
            source = catalogue.source(f"elasticsearch-{version}")
            if not isinstance(source, Missing):
                say(f"starting Elasticsearch {version}")
                node = elastic.running(source, run, version=version, durable=durable)
                environment[elastic.variable(version)] = stack.enter_context(node)
        source = catalogue.source("chromium")
        if not isinstance(source, Missing):
            environment[chromium.VARIABLE] = str(chromium.path_of(source))
        yield environment
