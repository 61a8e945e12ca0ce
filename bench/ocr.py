"""The figure `ocr`: pictures read a second by our processes, beside bare rapidocr in one process.

Both read the same PNG files of posters, in processes of their own, after one picture that loads the
models. Rapidocr is as it comes: one process, whose models use all processors. Ours decodes each
picture and checks its limits, in processes that can be killed, one for each processor. Both must
find the same number of lines.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from bench.crawl import variables
from bench.side import run as run_side
from bench.texts import DAYS, PEOPLE, RIGHTS
from lantian.commands.doctor import FONT_FOLDERS, NO_FONT
from lantian.pictures.processes import Readers

PICTURES, QUICK_PICTURES = 40, 4
SIZE = (750, 1_000)
SIDES = ("lantian", "rapidocr")
GOAL = 1.0
_WORDS = [*RIGHTS, *PEOPLE, *DAYS, "代理", "申请", "费用", "办理", "咨询", "全额退款", "加急"]

Sample = dict[str, Any]


def run(*, rounds: int = 3, quick: bool = False) -> dict[str, Any]:
    """Raw samples of both sides over the same pictures."""
    count = QUICK_PICTURES if quick else PICTURES
    samples: dict[str, list[Sample]] = {name: [] for name in SIDES}
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-"))
    try:
        draw(folder / "pictures", count)
        for _ in range(rounds):
            for name in SIDES:
                samples[name].append(_side(name, folder, count))
            found = {name: samples[name][-1]["lines"] for name in SIDES}
            if len(set(found.values())) != 1:
                raise ValueError(f"the sides do not find the same lines: {found}")
    finally:
        shutil.rmtree(folder)
    return {"pictures": count, "goal": GOAL, "samples": samples}


def _side(name: str, folder: Path, count: int) -> Sample:
    ran = run_side(
        [sys.executable, "-m", "bench.ocr", name, str(folder / "pictures")],
        environment=variables(folder),
        log=folder / f"{name}.log",
    )
    told = json.loads(ran.output.splitlines()[-1])
    if told["pictures"] != count:
        raise ValueError(f"{name} read {told['pictures']} of {count} pictures")
    return {
        "pictures_per_second": count / told["seconds"],
        "seconds": told["seconds"],
        "lines": told["lines"],
        "cpu_seconds": ran.cpu_seconds,
        "memory_mb": ran.memory_mb,
    }


def draw(folder: Path, count: int) -> None:
    """Posters as listings have them: a headline, a few lines, small print; always the same."""
    folder.mkdir(parents=True)
    chance = random.Random(20261128)
    path = font()
    for number in range(count):
        ground = tuple(chance.randrange(150, 256) for _ in range(3))
        picture = Image.new("RGB", SIZE, ground)
        pen = ImageDraw.Draw(picture)
        top = 40
        for size, lines in ((64, 2), (36, 6), (22, 6)):
            letters = ImageFont.truetype(path, size)
            for _ in range(lines):
                words = "".join(chance.choices(_WORDS, k=12))[: 640 // size]
                pen.text((50, top), words, fill=(40, 20, 20), font=letters)
                top += round(size * 1.7)
        picture.save(folder / f"{number:04}.png")


def font() -> str:
    """A font with Chinese characters; raises `FileNotFoundError` that says how to get one."""
    for folder in FONT_FOLDERS:
        for found in sorted(Path(folder).expanduser().rglob("*SansCJK-Regular*")):
            return str(found)
    raise FileNotFoundError(f"there is no font to draw pictures with. {NO_FONT}")


def _read_ours(files: list[Path]) -> tuple[float, int]:
    """Seconds and lines of our processes."""
    with Readers() as readers:
        first = files[0].read_bytes()
        list(readers.each((None, first) for _ in range(readers.processes)))
        begun = time.perf_counter()
        every = list(readers.each((one, one.read_bytes()) for one in files))
        seconds = time.perf_counter() - begun
    return seconds, sum(len(read.lines) for _, read in every)


def _read_bare(files: list[Path]) -> tuple[float, int]:
    """Seconds and lines of rapidocr as it comes."""
    import rapidocr

    engine: Any = rapidocr.RapidOCR(params={"Global.log_level": "critical"})
    engine(files[0].read_bytes())
    begun = time.perf_counter()
    every = [engine(one.read_bytes()) for one in files]
    seconds = time.perf_counter() - begun
    return seconds, sum(len(found.txts or ()) for found in every)


def main() -> None:
    """Read the pictures of a folder as one side does, and tell how long it took."""
    name, folder = sys.argv[1:]
    files = sorted(Path(folder).glob("*.png"))
    seconds, lines = (_read_ours if name == "lantian" else _read_bare)(files)
    print(json.dumps({"pictures": len(files), "lines": lines, "seconds": seconds}))


if __name__ == "__main__":
    main()
