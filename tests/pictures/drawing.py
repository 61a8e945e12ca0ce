"""Pictures with writing in them, drawn for a test."""

import io
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from tests.services.ocr import font

GUARANTEE = "商标注册包授权不授权全额退款"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    path = font()
    assert path is not None
    return ImageFont.truetype(str(path), size)


def drawn(
    lines: Sequence[str],
    *,
    size: tuple[int, int] = (420, 300),
    letters: int = 24,
    colours: tuple[str, str] = ("white", "#c00000"),
    turned: float = 0,
    step: float = 2.0,
    form: str = "PNG",
) -> bytes:
    """A picture of these lines, the first 40 pixels below its upper edge."""
    ink, ground = colours
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((40, 40 + number * letters * step), line, font=_font(letters), fill=ink)
    if turned:
        image = image.rotate(turned, expand=True, fillcolor=ground)
    return saved(image, form)


def saved(image: Image.Image, form: str = "PNG") -> bytes:
    """The bytes of a picture."""
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()
