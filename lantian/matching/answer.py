"""What lines are answered with, and how a line that cannot be answered is named."""

from dataclasses import dataclass

MOST_OF_A_LINE = 128 << 20
"""Bytes of one line that are read, its end left out: 50 MB of text as six-byte escapes fit.

A longer line is a fault; it is passed over without being kept in memory.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to some lines: `out` for standard output, `faults` for standard error."""

    out: bytes
    faults: bytes


def told(*faults: str) -> Answer:
    """An answer that is nothing but faults."""
    lines = "".join(f"{one}\n" for one in faults)
    return Answer(b"", lines.encode("utf-8", "backslashreplace"))


def fault(number: int, cause: str) -> str:
    """The fault of the line of that number, from 1."""
    return f"line {number}: {cause}"


def too_long(number: int, most: int = MOST_OF_A_LINE) -> str:
    """The fault of a line of more than `most` bytes."""
    return fault(number, f"longer than {most:,} bytes; it was not read")
