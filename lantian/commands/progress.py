"""How far a command is: one refreshed line on a terminal, now and then a line elsewhere."""

import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

SECONDS = 10.0
"""Between two lines where no terminal is."""


class Progress:
    """Tells on standard error how far something is; the same text is told once."""

    def __init__(
        self, stream: TextIO | None = None, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._seconds = seconds
        self._terminal = self._stream.isatty()
        self._told = ""
        self._next = seconds() + SECONDS

    def show(self, text: str) -> None:
        """Tell it, if it is new; where no terminal is, only once in a while."""
        if not text or text == self._told:
            return
        if self._terminal:
            self._write(f"\r\x1b[K{text[: self._width()]}")
        elif self._seconds() >= self._next:
            self._write(f"{text}\n")
            self._next = self._seconds() + SECONDS
        else:
            return
        self._told = text

    def end(self) -> None:
        """Leave the line as it stands; what follows begins on another."""
        if self._terminal and self._told:
            self._write("\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _width(self) -> int:
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            columns = 0
        # Some terminals do not know how wide they are.
        return (columns or 80) - 1
