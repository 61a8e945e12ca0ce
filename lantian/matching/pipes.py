"""Bytes through pipes: frames between processes, output to its end."""

import contextlib
import os
import select
import struct
from collections.abc import Iterator

from lantian.matching.answer import Answer

PIPE = 1 << 20
"""Bytes that a pipe shall hold: a whole batch, so that no process waits for another's turn."""
HEAD = struct.Struct("<QQ")
"""Head of a frame. To a process: number of the first line, bytes that follow. From it: bytes of
its answer's output, bytes of its faults, which both follow."""


def widen(descriptor: int) -> None:
    """Let a pipe hold more, where the system knows how; other files are left as they are."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, waiting as long as it takes; raises `BrokenPipeError`."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            # Another process that shares the file has set it not to block.
            select.select([], [descriptor], [])


def read_exactly(descriptor: int, size: int) -> bytes:
    """`size` bytes; raises `EOFError` where they end before."""
    parts = []
    while size:
        part = os.read(descriptor, min(size, PIPE))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Frames:
    """Frames of answers that come in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> Iterator[Answer]:
        """The answers that `data` completes."""
        self._data += data
        while len(self._data) >= HEAD.size:
            out, faults = HEAD.unpack_from(self._data)
            middle, end = HEAD.size + out, HEAD.size + out + faults
            if len(self._data) < end:
                return
            view = memoryview(self._data)
            answer = Answer(bytes(view[HEAD.size : middle]), bytes(view[middle:end]))
            view.release()
            del self._data[:end]
            yield answer
