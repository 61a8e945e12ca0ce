"""The inner loops in C (`kernel.c`), where they were built; `matchers.build` builds them.

Without them everything works the same, more slowly: each has a twin in Python and numpy, and
contract tests run over both.
"""

import ctypes
import hashlib
import platform
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

SOURCE = Path(__file__).with_name("kernel.c")
FLAGS = ("-std=c99", "-O2", "-shared", "-fPIC", "-ffp-contract=off")
Loops = ctypes.CDLL


def built() -> Path:
    """Where the loops of this source stand for this kind of machine, once they are built."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    digest = hashlib.sha256(SOURCE.read_bytes() + repr(FLAGS).encode()).hexdigest()[:16]
    return SOURCE.with_name(f"kernel-{machine}-{digest}.so")


@cache
def library() -> Loops | None:
    """The loops; `None`: they are not built here."""
    path = built()
    if not path.is_file():
        return None
    try:
        loops = ctypes.CDLL(str(path))
    except OSError:
        return None
    for counting in ("literals_find", "runs_look", "text_codes", "text_fold", "text_sentences"):
        getattr(loops, counting).restype = ctypes.c_int64
    return loops


def address(array: NDArray[Any]) -> ctypes.c_void_p:
    """Where an array (in one piece) lies."""
    return ctypes.c_void_p(array.ctypes.data)


def whole(number: int) -> ctypes.c_int64:
    """A number as the loops take it."""
    return ctypes.c_int64(number)
