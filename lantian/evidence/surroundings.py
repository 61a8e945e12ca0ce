"""Where and under which clock a WARC file was made: what an extraction record tells of the device.

The clock is judged by the kernel, which knows whether a time service steers it and how far it may
be off (`adjtimex`, Linux). Nothing is asked over the network.
"""

import ctypes
import platform
import sys

_UNSYNCHRONISED = 5
_MOST_SECONDS = 3600
"""A larger error is the kernel's way to say that it knows none."""


class _Timex(ctypes.Structure):
    """The head of `struct timex`; the kernel writes 208 bytes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


def surroundings() -> dict[str, str]:
    """The fields of a `warcinfo` record that name machine, system and clock."""
    told = {
        "hostname": platform.node(),
        "operating-system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "interpreter": f"Python {platform.python_version()}",
        "clock": clock_check(),
    }
    return {name: one_line(value) for name, value in told.items() if value.strip()}


def clock_check() -> str:
    """What the kernel says of its clock, in a sentence; empty where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        told = _Timex()
        state = libc.adjtimex(ctypes.byref(told))
    except (OSError, AttributeError):
        return ""
    if state < 0:
        return ""
    return clock_sentence(state, told.esterror, told.maxerror)


def clock_sentence(state: int, estimated: int, most: int) -> str:
    """The state that `adjtimex` returns with its errors in microseconds, in words."""
    if state == _UNSYNCHRONISED:
        return "not synchronised, as the kernel says (adjtimex)"
    if not 0 <= most < _MOST_SECONDS * 1_000_000:
        return "synchronised, as the kernel says (adjtimex); error not known"
    return (
        f"synchronised, as the kernel says (adjtimex); estimated error {estimated / 1e6:.6f} s, "
        f"at most {most / 1e6:.6f} s"
    )


def one_line(value: str) -> str:
    """`value` without what would end a field."""
    return " ".join(value.split())
