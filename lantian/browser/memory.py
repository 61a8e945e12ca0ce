"""How much memory a browser and all its processes take, as Linux tells it in /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of all processes together, and the process that shows pages and holds most of them."""

    total: int
    fattest: int | None
    held: int


def memory_of(pid: int) -> Memory | None:
    """What the process and all below it hold; none where the system does not tell.

    It is the sum of proportional set sizes (PSS): what several of them share counts once. Of a
    process whose PSS is hidden from us, what is resident and not shared.
    """
    if not (_PROC / "self" / "smaps_rollup").exists():
        return None
    total, fattest, most = 0, None, 0
    for one in _family(pid):
        held = _pss(one) or _unshared(one)
        total += held
        if held > most and _shows_pages(one):
            fattest, most = one, held
    return Memory(total, fattest, most)


def _family(pid: int) -> Iterator[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                # The name, in brackets, may hold anything; behind it: state, parent.
                parent = (folder / "stat").read_bytes().rpartition(b")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(folder.name))
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += children.get(one, ())


def _pss(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _unshared(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        _, resident, shared, *_ = (_PROC / str(pid) / "statm").read_bytes().split()
        return (int(resident) - int(shared)) * _PAGE
    return 0


def _shows_pages(pid: int) -> bool:
    with suppress(OSError):
        return b"--type=renderer" in (_PROC / str(pid) / "cmdline").read_bytes()
    return False
