"""A picture from its bytes, safely: only in a process that can be killed (`child`)."""

import io
import warnings
from typing import TYPE_CHECKING

from lantian.pictures import limits
from lantian.pictures.lines import UNREADABLE

if TYPE_CHECKING:
    from PIL.Image import Image


class BadPicture(Exception):
    """Bytes that are not decoded; `code` is one of `UNREADABLE`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or UNREADABLE[code])
        self.code = code


def decoded(data: bytes) -> tuple["Image", str]:
    """The picture as a browser shows it, in RGB, and its media type; raises `BadPicture`.

    The first frame of one that moves, turned as its EXIF says, on white where it is transparent.
    The size in its head is checked before anything is unpacked.
    """
    from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

    # A picture that is cut off is no picture: a part of it would be read as all of it.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Ours is checked below; Pillow's own warning would come earlier.
    Image.MAX_IMAGE_PIXELS = None
    if len(data) > limits.MOST_BYTES:
        raise BadPicture("large", f"{len(data):,} bytes; at most {limits.MOST_BYTES:,} are read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=tuple(limits.FORMATS)) as opened:
                media_type = limits.FORMATS[opened.format or ""]
                _check_size(*opened.size)
                opened.load()
                turned = ImageOps.exif_transpose(opened)
                return _on_white(turned), media_type
        except UnidentifiedImageError as error:
            raise BadPicture("type") from error
        except MemoryError:
            raise
        except (OSError, SyntaxError, ValueError, ArithmeticError, LookupError) as error:
            # What Pillow's decoders raise of broken bytes has no common class.
            raise BadPicture("broken", f"{error}"[:200]) from error


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise BadPicture("broken", f"{width}×{height} pixels")
    if width * height > limits.MOST_PIXELS or max(width, height) > limits.LONGEST_SIDE:
        raise BadPicture(
            "large",
            f"{width}×{height} pixels; at most {limits.MOST_PIXELS:,}, and"
            f" {limits.LONGEST_SIDE:,} on a side, are decoded",
        )


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if image.has_transparency_data:
        shown = image.convert("RGBA")
        ground = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(ground, shown).convert("RGB")
    return image.convert("RGB")
