"""The page as a picture and on paper."""

import base64
from dataclasses import dataclass

from playwright.async_api import Error as PlaywrightError

from lantian.browser.channel import Channel
from lantian.browser.visit import VisitLimits
from lantian.errors import FetchFailed

WIDTH, HEIGHT = 1280, 900
"""Of the window, in CSS pixels."""
SCALES = (1, 0.5, 0.25)
_A4 = {"paperWidth": 8.27, "paperHeight": 11.69}


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG of the page; `cut` if the page is higher than it."""

    png: bytes
    scale: float
    cut: bool


async def picture_of(channel: Channel, limits: VisitLimits, shown: str) -> Picture:
    """The whole page, in half and quarter size where it would be too many bytes.

    Raises `FetchFailed` naming the address `shown`.
    """
    metrics = await channel.ask("Page.getLayoutMetrics")
    size = metrics["cssContentSize"]
    height = min(max(int(size["height"]), 1), limits.screenshot_height)
    width = min(max(int(size["width"]), WIDTH), 2 * WIDTH)
    for scale in SCALES:
        taken = await channel.ask(
            "Page.captureScreenshot",
            format="png",
            captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": width, "height": height, "scale": scale},
        )
        png = base64.b64decode(taken["data"])
        if len(png) <= limits.max_bytes:
            return Picture(png, scale, cut=int(size["height"]) > height)
    raise FetchFailed(f"{shown} has no picture under {limits.max_bytes:,} bytes.")


async def pdf_of(channel: Channel, most: int) -> bytes | None:
    """The page as on the screen, on sheets of A4; none where it cannot be printed, or is larger."""
    try:
        await channel.ask("Emulation.setEmulatedMedia", media="screen")
        told = await channel.ask("Page.printToPDF", printBackground=True, **_A4)
    except PlaywrightError:
        return None
    finally:
        await channel.last(channel.ask("Emulation.setEmulatedMedia", media=""))
    pdf = base64.b64decode(told["data"])
    return pdf if len(pdf) <= most else None
