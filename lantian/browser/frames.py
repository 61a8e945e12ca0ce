"""The rendered page with what its frames hold in their places."""

import secrets
from collections.abc import Container
from dataclasses import dataclass

from playwright.async_api import Error as PlaywrightError

from lantian.browser import scripts
from lantian.browser.channel import Channel

DEEPEST = 3
"""Frames within frames that are looked into."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The rendered HTML (none: it has more characters than allowed), and frames left empty."""

    html: str | None
    charset: str
    unread: int = 0


async def rendering_of(channel: Channel, most: int, without: Container[str] = ()) -> Rendering:
    """What the tab shows, as HTML of at most `most` characters, frames and open shadow roots too.

    Frames whose ids are in `without` stay empty: what stands in them is not of the site.
    A frame is `<div data-lantian-frame="ADDRESS">`, the element of a shadow root has the attribute
    `data-lantian-shadow`.
    """
    reader = _Reader(channel, most, without)
    try:
        html = await reader.read(channel.frame_id, 0)
    except _TooLargeError:
        return Rendering(None, reader.charset)
    return Rendering(html, reader.charset, reader.unread)


class _TooLargeError(Exception):
    """The page has more characters than allowed."""


class _Reader:
    """Reads one page, frame by frame."""

    def __init__(self, channel: Channel, most: int, without: Container[str]) -> None:
        self.charset = ""
        self.unread = 0
        self._channel = channel
        self._left = most
        self._without = without

    async def read(self, frame_id: str, depth: int) -> str:
        """The HTML of a frame with the insides of those in it."""
        mark = f"lantian-frame-{secrets.token_hex(8)}-"
        told = await self._channel.call(
            scripts.RENDERED, self._left, depth > 0, mark, frame_id=frame_id
        )
        self.charset = self.charset or told["charset"]
        if told["text"] is None:
            raise _TooLargeError
        html: str = told["text"]
        self._left -= len(html)
        for number in range(told["frames"]):
            inside = await self._inside(number, frame_id, depth)
            html = html.replace(f"<!--{mark}{number}-->", inside, 1)
        return html

    async def _inside(self, number: int, frame_id: str, depth: int) -> str:
        try:
            if depth < DEEPEST:
                within = await self._channel.frame_within(scripts.FRAME, number, frame_id=frame_id)
                if within in self._without:
                    return ""
                if within:
                    return await self.read(within, depth + 1)
        except PlaywrightError:
            pass  # it went on, or has a process of its own
        self.unread += 1
        return ""
