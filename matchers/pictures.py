"""Pictures that are the same or nearly the same: a mark of 288 bits and the distance of two.

The mark says of each place of a coarse grid whether it is darker than its neighbour to the right
and than the one below (a difference hash, dHash). It outlives scaling, compression, most changes of
colour, small stamps and a narrow cut at the sides, but not mirroring, turning or a wide cut;
docs/matching.md has the figures.

Needs Pillow (the extra `pictures`). Pictures come from pages and are hostile: size in bytes and
points, and the formats that are opened at all, are limited before anything is decoded.
"""

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matchers.errors import EngineMissing, PictureFault

if TYPE_CHECKING:
    from PIL.Image import Image

SCHEME = 1
"""Raised whenever the same picture may give another mark; never compare across schemes."""
SIDE = 12
BITS = 2 * SIDE * SIDE
ALIKE = 50
"""Bits that may differ between two pictures that are nearly the same."""
MOST_BYTES = 20_000_000
MOST_POINTS = 40_000_000
"""Points (width times height) of a picture that is opened."""
LONGEST_SIDE = 30_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
FEWEST_EDGES = BITS // 4
"""Neighbours of different brightness without which a picture shows too little to be known by."""
EDGE = 1.0
"""Difference of brightness (0 to 255) that counts as one."""
_FINE = 256


@dataclass(frozen=True, slots=True)
class PictureMark:
    """288 bits that stand for what a picture shows."""

    bits: bytes

    def distance(self, other: "PictureMark") -> int:
        """How many bits differ: 0 for the same, about 110 for unrelated pictures."""
        mine, theirs = (int.from_bytes(one.bits, "big") for one in (self, other))
        return (mine ^ theirs).bit_count()

    def alike(self, other: "PictureMark") -> bool:
        """Whether both are nearly the same picture."""
        return self.distance(other) <= ALIKE

    def to_bytes(self) -> bytes:
        """Scheme and bits: 37 bytes."""
        return bytes((SCHEME,)) + self.bits

    @classmethod
    def from_bytes(cls, data: bytes) -> "PictureMark":
        """The mark that `to_bytes` wrote; raises `PictureFault`."""
        if len(data) != 1 + BITS // 8 or data[0] != SCHEME:
            raise PictureFault(
                f"these {len(data)} bytes are no mark of scheme {SCHEME}.",
                hint="Make the mark again from its picture.",
            )
        return cls(data[1:])


def mark_of(data: bytes) -> PictureMark | None:
    """The mark of a picture file's first frame; none for one that shows too little (one colour).

    Raises `PictureFault` for bytes that are no picture of a known format, are damaged or cut off,
    or are over a limit, and `EngineMissing` without Pillow.
    """
    grid = _brightness(data)
    steps = np.stack((np.diff(grid)[:SIDE], np.diff(grid, axis=0)[:, :SIDE]))
    if np.count_nonzero(np.abs(steps) >= EDGE) < FEWEST_EDGES:
        return None
    return PictureMark(np.packbits(steps > 0).tobytes())


def _brightness(data: bytes) -> NDArray[np.float64]:
    try:
        from PIL import Image
    except ImportError as error:
        raise EngineMissing(
            "Pillow is not installed, so no picture can be read.",
            hint="Install the extra `pictures`.",
        ) from error
    if len(data) > MOST_BYTES:
        raise PictureFault(
            f"the picture has {len(data)} bytes, {MOST_BYTES} are read.", hint="Leave it out."
        )
    try:
        with warnings.catch_warnings():
            # Pillow only warns of a picture that is twice as large as it should be.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                _require_size(*picture.size)
                gray = _gray(picture)
                small = gray.resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX)
    except PictureFault:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureFault(f"the picture is too large: {error}", hint="Leave it out.") from error
    except Exception as error:  # Decoders raise whatever they like on damaged bytes.
        raise PictureFault(
            f"these {len(data)} bytes are no picture that can be read: "
            f"{type(error).__name__}: {error}.",
            hint=f"Give a whole file of the formats {', '.join(FORMATS)}.",
        ) from error
    return np.asarray(small, dtype=np.float64)


def _require_size(width: int, height: int) -> None:
    if width * height > MOST_POINTS or max(width, height) > LONGEST_SIDE:
        raise PictureFault(
            f"the picture is {width} by {height} points, {MOST_POINTS} in all and "
            f"{LONGEST_SIDE} a side are read.",
            hint="Leave it out.",
        )


def _gray(picture: "Image") -> "Image":
    """Its brightness; what shines through stands on white, as a page shows it."""
    from PIL import Image

    # A JPEG is decoded at a fraction of its size; others take no notice.
    picture.draft("L", (_FINE, _FINE))
    if picture.has_transparency_data:
        above = picture.convert("RGBA")
        white = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(white, above).convert("L")
    return picture.convert("L")
