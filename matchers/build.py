"""Builds the inner loops with the machine's C compiler: `python -m matchers.build`.

`make setup` does so where there is a compiler. It is the only module of the matcher that starts a
program or writes a file.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from matchers import native
from matchers.errors import MatcherError

_COMPILERS = ("cc", "gcc", "clang")


class NotBuilt(MatcherError):
    """The inner loops could not be built."""


def compiler() -> str | None:
    """The C compiler of this machine; `None`: there is none."""
    named = (os.environ.get("CC", ""), *_COMPILERS)
    return next(filter(None, map(shutil.which, named)), None)


def build() -> Path:
    """Build the loops beside their source, and drop older ones; raises `NotBuilt`."""
    target, program = native.built(), compiler()
    if program is None:
        raise NotBuilt(
            "no C compiler is installed, so the matcher runs without its loops in C.",
            hint="Install one (Debian, Ubuntu: apt-get install gcc libc6-dev) and try again.",
        )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".kernel-") as folder:
        made = Path(folder) / target.name
        done = subprocess.run(
            [program, *native.FLAGS, "-o", str(made), str(native.SOURCE)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NotBuilt(
                f"{program} could not build {native.SOURCE.name}: {done.stderr.strip()[-400:]}",
                hint="Is libc6-dev installed? The matcher runs without it, more slowly.",
            )
        made.replace(target)
    for old in target.parent.glob("kernel-*.so"):
        if old != target:
            old.unlink(missing_ok=True)
    native.library.cache_clear()
    return target


def main() -> int:
    """Build the loops and say so."""
    try:
        sys.stdout.write(f"{build().name}\n")
    except NotBuilt as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
