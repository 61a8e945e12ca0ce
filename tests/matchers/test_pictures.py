"""Marks of pictures outlive what shops do to pictures, and hostile files are refused."""

import io
import random
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from bench.pictures import EDITS, file_of, poster
from matchers.errors import PictureFault
from matchers.pictures import (
    ALIKE,
    BITS,
    LONGEST_SIDE,
    MOST_BYTES,
    MOST_POINTS,
    PictureMark,
    mark_of,
)

KEPT = (
    "JPEG of quality 30",
    "scaled to two fifths",
    "brighter, less contrast",
    "gray",
    "seal and line put over it",
    "2 % cut off each side",
)


def mark(picture: Image.Image) -> PictureMark:
    found = mark_of(file_of(picture))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def posters() -> list[Image.Image]:
    chance = random.Random(3)
    return [poster(chance) for _ in range(12)]


@pytest.mark.parametrize("edit", KEPT)
def test_a_used_picture_is_found_again(posters: list[Image.Image], edit: str) -> None:
    chance = random.Random(4)
    pairs = [(mark(one), mark(EDITS[edit](one, chance))) for one in posters]
    assert all(one.alike(other) for one, other in pairs)


def test_different_pictures_are_not_alike(posters: list[Image.Image]) -> None:
    marks = [mark(one) for one in posters]
    between = [one.distance(two) for n, one in enumerate(marks) for two in marks[:n]]
    assert min(between) > ALIKE
    assert max(between) <= BITS


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_the_format_of_the_file_does_not_matter(posters: list[Image.Image], kind: str) -> None:
    found = mark_of(file_of(posters[0], kind))
    assert found is not None
    assert found.distance(mark(posters[0])) <= 12


def test_only_the_first_frame_counts(posters: list[Image.Image]) -> None:
    moving = io.BytesIO()
    posters[0].save(moving, "GIF", save_all=True, append_images=posters[1:3])
    found = mark_of(moving.getvalue())
    assert found is not None
    assert found.distance(mark(posters[0])) <= 12


def test_what_shines_through_stands_on_white(posters: list[Image.Image]) -> None:
    clear = posters[0].convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    assert mark_of(file_of(clear)) is None


def test_a_picture_of_one_colour_has_no_mark() -> None:
    assert mark_of(file_of(Image.new("RGB", (300, 300), "red"))) is None


def test_bytes_give_the_mark_back(posters: list[Image.Image]) -> None:
    one = mark(posters[0])
    assert len(one.to_bytes()) == 37
    assert PictureMark.from_bytes(one.to_bytes()) == one
    for damaged in (b"", one.to_bytes()[:-1], b"\xff" + one.bits):
        with pytest.raises(PictureFault, match="no mark of scheme"):
            PictureMark.from_bytes(damaged)


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that says it is so large, with one line of data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + lines + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "width, height",
    [
        (10_000, MOST_POINTS // 10_000 + 1),
        (LONGEST_SIDE + 1, 2),
        (9_500, 9_500),
        (30_000, 30_000),
        (2**31 - 1, 1),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(PictureFault, match=r"points|large") as refused:
        mark_of(png_of(width, height))
    assert refused.value.hint


def test_a_file_of_too_many_bytes_is_not_opened() -> None:
    with pytest.raises(PictureFault, match=f"{MOST_BYTES} are read"):
        mark_of(b"\0" * (MOST_BYTES + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        png_of(400, 300),
    ],
    ids=["empty", "svg", "postscript", "head of a gif", "head of a png", "data cut off"],
)
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureFault, match="no picture that can be read"):
        mark_of(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_damaged_files_give_a_mark_or_a_fault_of_ours(
    posters: list[Image.Image], kind: str
) -> None:
    whole = file_of(posters[0], kind)
    chance = random.Random(5)
    seen = {"mark": 0, "fault": 0}
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            mark_of(bytes(data[: chance.randint(1, len(data))]))
        except PictureFault:
            seen["fault"] += 1
        else:
            seen["mark"] += 1
    assert seen["fault"] > 0


def test_without_pillow_the_cure_is_named() -> None:
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from matchers.pictures import mark_of\n"
        "from matchers.errors import EngineMissing\n"
        "try: mark_of(b'x')\n"
        "except EngineMissing as missing: print(missing)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Install the extra `pictures`" in done.stdout


def test_the_limit_of_the_process_is_left_as_it_was(posters: list[Image.Image]) -> None:
    before = Image.MAX_IMAGE_PIXELS
    mark(posters[0])
    assert before == Image.MAX_IMAGE_PIXELS
