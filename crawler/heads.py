"""The heads of answers, up to a limit: Twisted's client takes as many header lines as come."""

from typing import Any

from scrapy.core.downloader.handlers import http11

MOST = 256 << 10
"""Bytes of a head: status line and headers, those of answers before the last (1xx) included."""


class HeadTooLarge(Exception):
    """An answer whose head does not end within the limit."""


class _Parser(http11._LenientHTTPClientParser):  # noqa: SLF001  (there is no other way to it)
    """Scrapy's own, which gives a head up at its limit; the connection ends with it.

    Scrapy makes a parser one of its class when there is one already: it has no `__init__`.
    """

    _taken = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802  (Twisted's interface)
        """Take a line of the head."""
        self._taken += len(line)
        if self._taken > MOST:
            raise HeadTooLarge(f"its head is larger than {MOST:,} bytes")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> Any:  # noqa: ARG002, N802  (the same)
        """Give up: Twisted would only close the connection, and nobody would know why."""
        raise HeadTooLarge(f"a line of its head is longer than {self.MAX_LENGTH:,} bytes")


def limit_heads() -> None:
    """Let every HTTP/1.1 connection of this process keep to the limit."""
    http11._LenientHTTPClientParser = _Parser  # type: ignore[misc]  # noqa: SLF001
