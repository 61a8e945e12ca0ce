"""How many processes this one may keep busy."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux tells a container's share of time: `200000 100000` are two cores."""


MOST = 256
"""Processes of one command: `select` waits for no more than about a thousand pipes."""


def cores(quota: Path = QUOTA) -> int:
    """The cores that are free to this process: of its affinity, within a container's share."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # Only Linux has it.
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, _share(quota) or allowed, MOST))


def _share(quota: Path) -> int | None:
    """The cores of a container's share, rounded up; `None`: it has no limit."""
    try:
        time, period = quota.read_text("ascii").split()
        return -(-int(time) // int(period))
    except (OSError, ValueError):
        return None
