"""Where, by whom and under which clock a WARC file was made: what its extraction records tell.

The clock is judged by the kernel, which knows whether a time service steers it and how far it may
be off (`adjtimex`, Linux), and by a reference, if the settings name one. Addresses and network
are those that this machine has; nobody is asked.
"""

import ctypes
import os
import platform
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lantian.evidence.reference_clock import ClockCheck

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


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the office says of its collection, and how its clock compared; each may be empty."""

    operators: Sequence[str] = ()
    place: str = ""
    case: str = ""
    device_check: str = ""
    network: str = ""
    public_ip: str = ""
    clock: "ClockCheck | None" = None


def told_conditions(conditions: Conditions) -> dict[str, str]:
    """All fields of a `warcinfo` record that an extraction record is made from."""
    told = {
        **surroundings(),
        "operator": "；".join(conditions.operators),
        "place": conditions.place,
        "case": conditions.case,
        "device-check": conditions.device_check,
        "ip": own_address(),
        "public-ip": conditions.public_ip,
        "network": conditions.network,
        "network-check": network_check(),
        **_told_clock(conditions.clock),
    }
    return {name: one_line(value) for name, value in told.items() if value.strip()}


def _told_clock(check: "ClockCheck | None") -> dict[str, str]:
    if check is None:
        return {}
    told = {"clock-faults": " ".join(check.faults)}
    if check.offset is not None:
        told["clock-reference"] = check.offset.url
        told["clock-offset"] = f"{check.offset.seconds:+.4f}"
        told["clock-offset-within"] = f"{check.offset.within:.4f}"
    return told


def own_address() -> str:
    """The address from which this machine reaches others; empty if it has no way out."""
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as line:
                line.connect((far, 9))  # chooses a way; sends nothing
                return str(line.getsockname()[0])
        except OSError:
            continue
    return ""


def network_check(
    environment: Mapping[str, str] = os.environ,
    resolv: Path = Path("/etc/resolv.conf"),
    hosts: Path = Path("/etc/hosts"),
) -> str:
    """Who resolves names here, and what could lead requests elsewhere: proxies, hosts file."""
    servers = [words[1] for words in _lines(resolv) if words[0] == "nameserver" and len(words) > 1]
    own = {"localhost", platform.node(), "host.docker.internal"}
    named = sum(
        any(not _own_name(name, own) for name in words[1:]) for words in _lines(hosts) if words[1:]
    )
    proxies = sorted({name.lower() for name in environment if name.lower().endswith("_proxy")})
    return "; ".join(
        (
            f"DNS {', '.join(servers) or 'not told'}",
            f"hosts file: {named} foreign names",
            f"proxy variables: {', '.join(proxies) or 'none'} (not used)",
        )
    )


def _own_name(name: str, own: set[str]) -> bool:
    return name in own or name.startswith(("localhost", "ip6-"))


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return []
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [words for words in lines if words]


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
