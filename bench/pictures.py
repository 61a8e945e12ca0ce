"""Seeded pictures as shops use them, and what is done to a picture before it is used again."""

import io
import random
from collections.abc import Callable
from itertools import combinations

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from matchers.pictures import PictureMark, mark_of

SIZE = (480, 640)
THRESHOLDS = (30, 40, 50, 55, 60, 70)
"""Bits that may differ."""

Edit = Callable[[Image.Image, random.Random], Image.Image]


def poster(chance: random.Random) -> Image.Image:
    """A picture of a few blocks of colour, a round seal and lines of letters."""
    picture = Image.new("RGB", SIZE, _colour(chance))
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randint(4, 9)):
        left, top = chance.randrange(SIZE[0]), chance.randrange(SIZE[1])
        right, bottom = left + chance.randint(30, 260), top + chance.randint(20, 260)
        draw.rectangle((left, top, right, bottom), fill=_colour(chance))
    across, down, radius = chance.randrange(480), chance.randrange(640), chance.randint(25, 90)
    draw.ellipse(
        (across - radius, down - radius, across + radius, down + radius),
        outline=_colour(chance),
        width=12,
    )
    _letters(draw, chance)
    return picture


def same_layout(chance: random.Random) -> tuple[Image.Image, Image.Image]:
    """Two pictures of one layout, as of a template: other colours, other letters."""
    seed = chance.random()
    first = poster(random.Random(seed))
    other = ImageOps.invert(first) if chance.random() < 0.5 else first.copy()
    draw = ImageDraw.Draw(other)
    for top in range(20, SIZE[1], 80):
        draw.rectangle((10, top, 360, top + 60), fill=_colour(chance))
    _letters(draw, chance)
    return first, other


def _letters(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    for _ in range(chance.randint(3, 7)):
        words = "".join(chance.choices("ABCDEFGHKLMNPRSTUVWXYZ0123456789", k=chance.randint(4, 12)))
        place = (chance.randrange(10, 200), chance.randrange(10, 580))
        font = ImageFont.load_default(chance.choice((24, 40, 64)))
        draw.text(place, words, fill=_colour(chance), font=font)


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def file_of(picture: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    """The picture as the bytes of a file."""
    kept = io.BytesIO()
    picture.save(kept, kind, **how)
    return kept.getvalue()


def _compressed(quality: int) -> Edit:
    def edit(picture: Image.Image, _chance: random.Random) -> Image.Image:
        return Image.open(io.BytesIO(file_of(picture, "JPEG", quality=quality)))

    return edit


def _scaled(picture: Image.Image, _chance: random.Random) -> Image.Image:
    return picture.resize((picture.width * 2 // 5, picture.height * 2 // 5))


def _brighter(picture: Image.Image, _chance: random.Random) -> Image.Image:
    return ImageEnhance.Contrast(ImageEnhance.Brightness(picture).enhance(1.25)).enhance(0.8)


def _recoloured(picture: Image.Image, _chance: random.Random) -> Image.Image:
    hue, depth, light = picture.convert("HSV").split()
    turned = hue.point(lambda at: (at + 20) % 256)
    return Image.merge("HSV", (turned, depth, light)).convert("RGB")


def _gray(picture: Image.Image, _chance: random.Random) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _stamped(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A seal in a corner and a line of letters over it, of a twentieth of its points."""
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    left, top = chance.choice(((20, 20), (330, 20), (20, 530), (330, 530)))
    draw.ellipse((left, top, left + 110, top + 90), fill=_colour(chance))
    draw.text((60, 300), "WX 0123456", fill="white", font=ImageFont.load_default(36))
    return made


def _cut(share: float) -> Edit:
    """A strip of `share` of each side cut off."""

    def edit(picture: Image.Image, _chance: random.Random) -> Image.Image:
        across, down = round(picture.width * share), round(picture.height * share)
        return picture.crop((across, down, picture.width - across, picture.height - down))

    return edit


def _mirrored(picture: Image.Image, _chance: random.Random) -> Image.Image:
    return ImageOps.mirror(picture)


EDITS: dict[str, Edit] = {
    "JPEG of quality 30": _compressed(30),
    "scaled to two fifths": _scaled,
    "brighter, less contrast": _brighter,
    "gray": _gray,
    "colours turned by 28°": _recoloured,
    "seal and line put over it": _stamped,
    "2 % cut off each side": _cut(0.02),
    "5 % cut off each side": _cut(0.05),
    "10 % cut off each side": _cut(0.10),
    "mirrored": _mirrored,
}


def measured(seed: int, number: int) -> dict[str, dict[str, float]]:
    """For each edit and threshold the share of pictures found again, then what is found wrongly."""
    chance = random.Random(seed)
    originals = [poster(chance) for _ in range(number)]
    marks = [_mark(picture) for picture in originals]
    shares = {
        name: _within(
            [
                mark.distance(_mark(edit(picture, chance)))
                for mark, picture in zip(marks, originals, strict=True)
            ]
        )
        for name, edit in EDITS.items()
    }
    layouts = [same_layout(chance) for _ in range(number)]
    shares["other picture of one layout"] = _within(
        [_mark(first).distance(_mark(other)) for first, other in layouts]
    )
    shares["other picture"] = _within([one.distance(two) for one, two in combinations(marks, 2)])
    return shares


def _mark(picture: Image.Image) -> PictureMark:
    mark = mark_of(file_of(picture))
    if mark is None:
        raise AssertionError("a seeded picture shows nothing")
    return mark


def _within(distances: list[int]) -> dict[str, float]:
    return {
        f"{most}": sum(one <= most for one in distances) / len(distances) for most in THRESHOLDS
    }
