"""Pictures are read in processes of their own, whatever they are."""

import io
import os
import signal
import struct
import threading
import time
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from lantian.pictures import limits
from lantian.pictures.lines import text_of
from lantian.pictures.processes import Readers
from tests.pictures.drawing import GUARANTEE, drawn, saved

pytestmark = pytest.mark.ocr


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    """One process, for all tests of this file."""
    with Readers(1, least_pixels=10_000, seconds=300) as opened:
        yield opened


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param({}, id="white on red"),
        pytest.param({"turned": 4}, id="turned a little"),
        pytest.param(
            {"letters": 15, "size": (300, 200), "colours": ("#333", "white"), "form": "JPEG"},
            id="small",
        ),
        pytest.param({"form": "WEBP"}, id="webp"),
    ],
)
def test_writing_is_read_with_its_place(readers: Readers, picture: dict[str, object]) -> None:
    found = readers.read(drawn([GUARANTEE], **picture))  # type: ignore[arg-type]
    assert (found.state, found.why) == ("read", "")
    assert text_of(found.lines)[0] == GUARANTEE
    (line,) = found.lines
    assert 0 <= line.left < line.right <= found.width
    assert 0 <= line.top < line.bottom <= found.height
    assert line.right - line.left > 8 * line.size > 80


def test_a_long_strip_is_read_piece_by_piece_and_no_line_twice_or_cut(readers: Readers) -> None:
    heights = range(0, 1_900, 110)
    strip = drawn(
        [f"第{number}条{GUARANTEE}" for number, _ in enumerate(heights)],
        size=(750, 2_000),
        letters=30,
        step=110 / 30,
        form="JPEG",
    )
    found = readers.read(strip)
    assert (found.width, found.height) == (750, 2_000)
    assert [one.text for one in found.lines] == [
        f"第{number}条{GUARANTEE}" for number, _ in enumerate(heights)
    ]
    for line, top in zip(found.lines, heights, strict=True):
        assert top + 20 < line.top < line.bottom < top + 100


def test_boxes_are_those_of_the_picture_as_it_is_shown(readers: Readers) -> None:
    """Turned by its EXIF, as a browser turns it."""
    upright = Image.open(io.BytesIO(drawn([GUARANTEE], size=(500, 400))))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90°
    out = io.BytesIO()
    upright.rotate(90, expand=True).save(out, "JPEG", exif=exif, quality=95)
    found = readers.read(out.getvalue())
    assert (found.width, found.height) == (500, 400)
    assert [one.text for one in found.lines] == [GUARANTEE]
    assert found.lines[0].right > 350


def bomb(width: int, height: int) -> bytes:
    """A PNG whose head promises that many pixels, all black and packed into little."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(min(width * height, 30_000_000)), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


HOSTILE = {
    "too many pixels": (bomb(30_000, 30_000), "large"),
    "too long": (bomb(100_000, 100), "large"),
    "beyond all numbers": (bomb(2**31 - 1, 2**31 - 1), "large"),
    "no pixels": (bomb(0, 10), "type"),
    "cut off": (drawn([GUARANTEE])[:900], "broken"),
    "less than its head says": (bomb(7_000, 7_000), "broken"),
    "a page": (b"<html><img src=x></html>", "type"),
    "vectors": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "type"),
    "a format of no picture on the web": (saved(Image.new("RGB", (200, 200)), "TIFF"), "type"),
    "PostScript, which Pillow would run a program for": (b"%!PS-Adobe-3.0 EPSF-3.0\n" * 9, "type"),
    "nothing": (b"", "type"),
    "too many bytes": (drawn([GUARANTEE]) + bytes(limits.MOST_BYTES), "large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_is_unreadable_and_the_process_goes_on(
    readers: Readers, name: str
) -> None:
    data, code = HOSTILE[name]
    before = readers.children
    found = readers.read(data)
    assert (found.state, found.why.partition(":")[0]) == ("unreadable", code)
    assert found.lines == ()
    assert before in ([None], readers.children)


def test_a_picture_below_the_size_is_not_looked_at(readers: Readers) -> None:
    found = readers.read(drawn([GUARANTEE], size=(120, 80), letters=8))
    assert (found.state, found.width, found.height, found.lines) == ("small", 120, 80, ())


def test_transparent_writing_is_read_as_it_is_shown_on_white(readers: Readers) -> None:
    black = Image.open(io.BytesIO(drawn([GUARANTEE], colours=("black", "white")))).convert("L")
    clear = Image.new("RGBA", black.size, (0, 0, 0, 0))
    clear.putalpha(black.point(lambda value: 255 - value))
    found = readers.read(saved(clear))
    assert [one.text for one in found.lines] == [GUARANTEE]


def test_a_reader_that_hangs_or_dies_stops_no_other_picture(readers: Readers) -> None:
    good = drawn([GUARANTEE])
    assert readers.read(good).state == "read"
    (child,) = readers.children
    assert child is not None
    os.kill(child, signal.SIGSTOP)
    (reader,) = readers._all
    assert reader.read(good, least_pixels=0, seconds=0.5).why.startswith("time: ")
    (second,) = readers.children
    assert second is None
    answers = list(readers.each([(1, good), (2, b"no picture"), (3, good)]))
    assert [(key, one.state) for key, one in answers] == [
        (1, "read"),
        (2, "unreadable"),
        (3, "read"),
    ]
    (third,) = readers.children
    assert third not in {None, child}
    os.kill(third or 0, signal.SIGSTOP)
    ended = threading.Thread(target=_kill_when_asked, args=(third,))
    ended.start()
    assert readers.read(good).why.startswith("crash: ")
    ended.join()
    assert readers.read(good).state == "read"


def _kill_when_asked(child: int) -> None:
    """Kill it while somebody waits for its answer."""
    time.sleep(0.5)
    os.kill(child, signal.SIGKILL)


def test_a_process_takes_no_more_memory_than_it_may() -> None:
    with Readers(1, memory=1_100 << 20, seconds=300) as small:
        wide = Image.new("RGB", (7_000, 7_000), "white")
        found = small.read(saved(wide, "PNG"))
        assert found.why.partition(":")[0] in {"memory", "crash"}
