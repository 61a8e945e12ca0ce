"""A service from `compose.yaml` beside this file, under a project name of this run."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FILE = Path(__file__).with_name("compose.yaml")


@contextmanager
def container(service: str, port: int, **variables: str) -> Iterator[str]:
    """`host:port` at which the service answers; it is gone afterwards."""
    project = f"lantian-test-{os.getpid()}-{service}"
    compose = ["docker", "compose", "--project-name", project, "--file", str(FILE)]
    environment = {**os.environ, **variables}
    try:
        _run([*compose, "up", "--detach", "--wait", "--quiet-pull", service], environment)
        yield _run([*compose, "port", service, str(port)], environment).strip()
    finally:
        _run([*compose, "down", "--volumes", "--timeout", "5"], environment)


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        msg = f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr}"
        raise RuntimeError(msg)
    return done.stdout
