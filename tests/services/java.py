"""Java: the runtimes of this machine and their versions."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.services.folders import readable_by_all

TOPS = (
    ("/usr/lib/jvm", "*"),
    ("/usr/java", "*"),
    ("/opt", "*"),
    ("/Library/Java/JavaVirtualMachines", "*/Contents/Home"),
)


@dataclass(frozen=True, order=True)
class Java:
    """One runtime."""

    version: int
    home: Path


def runtimes() -> list[Java]:
    """Every runtime here that a service user may run, oldest first."""
    homes = [Path(value) for name in ("ES_JAVA_HOME", "JAVA_HOME") if (value := os.getenv(name))]
    program = shutil.which("java")
    if program is not None:
        homes.append(Path(program).resolve().parent.parent)
    for top, pattern in TOPS:
        homes += Path(top).glob(pattern)
    found = {home.resolve(): _version(home) for home in homes}
    return sorted(Java(version, home) for home, version in found.items() if version)


def runtime(least: int) -> Java | None:
    """The oldest runtime of at least version `least`: the one the service was made for."""
    return next((java for java in runtimes() if java.version >= least), None)


def _version(home: Path) -> int:
    """The major version of the runtime in `home`; 0 if there is none that all may run."""
    try:
        release = (home / "release").read_text()
    except OSError:
        return 0
    found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE)
    program = home / "bin" / "java"
    usable = os.access(program, os.X_OK) and (os.getuid() != 0 or readable_by_all(program))
    return int(found.group(1)) if found and usable else 0
