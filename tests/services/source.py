"""Where a service comes from: an address that was given, installed programs, or a container."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Given:
    """The caller runs the service and named its address."""

    url: str

    def __str__(self) -> str:
        return self.url.rpartition("@")[2]


@dataclass(frozen=True)
class Installed:
    """Programs of this machine, from which a service of our own is started."""

    home: Path
    note: str = ""
    java: Path | None = field(default=None)

    def __str__(self) -> str:
        return f"{self.home}{self.note and f', {self.note}'}"


@dataclass(frozen=True)
class Container:
    """`docker compose` starts it."""

    def __str__(self) -> str:
        return "docker compose"


@dataclass(frozen=True)
class Missing:
    """It cannot be had here; `why` says so and what would help."""

    why: str
    optional: bool = False

    def __str__(self) -> str:
        return self.why


Source = Given | Installed | Container | Missing


def given(variable: str) -> Given | None:
    """The address in the environment variable, if it is set."""
    value = os.environ.get(variable, "")
    return Given(value) if value else None


@cache
def compose_answers() -> bool:
    """Whether `docker compose` is here and reaches an engine."""
    if shutil.which("docker") is None:
        return False
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.returncode != 0:
            return False
    return True
