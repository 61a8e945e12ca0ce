"""Recognises writing by rapidocr, with the models that its package carries."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lantian.pictures import limits
from lantian.pictures.lines import Box, Line

if TYPE_CHECKING:
    from PIL.Image import Image

NEEDED = ("rapidocr", "onnxruntime", "PIL")
"""What the extra `ocr` brings."""
HINT = "Install the extra `ocr`: `uv pip install 'lantian[ocr]'`, or `pip install 'lantian[ocr]'`."
_CUT = "2"
"""Grows whenever the same picture would be cut, scaled or joined differently by us."""


@cache
def available() -> bool:
    """Whether the extra `ocr` is installed; nothing of it is imported."""
    return all(find_spec(name) is not None for name in NEEDED)


@cache
def reader_version() -> str:
    """What read a picture: another version may read it otherwise."""
    try:
        return f"rapidocr {version('rapidocr')}/{_CUT}"
    except PackageNotFoundError:
        return "none"


def models() -> dict[str, str]:
    """The paths of the models that the package carries: what finds, turns and reads lines.

    Raises `FileNotFoundError` where one is missing.
    """
    found = find_spec("rapidocr")
    folder = Path(found.origin or "").parent / "models" if found is not None else Path("models")
    parts = {"Det": "*_det_*.onnx", "Cls": "*_cls_*.onnx", "Rec": "*_rec_*.onnx"}
    return {part: _only(folder, pattern) for part, pattern in parts.items()}


class Engine:
    """The models, loaded once; one thread, as there is a process for each processor."""

    def __init__(self) -> None:
        import rapidocr

        # Named one by one: a model that is missing is an error, and nothing is ever downloaded.
        paths = {f"{part}.model_path": path for part, path in models().items()}
        params = {
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            **paths,
        }
        self._read: Any = rapidocr.RapidOCR(params=params)

    def lines(self, image: "Image") -> tuple[Line, ...]:
        """The lines of a picture from top to bottom; long strips are read piece by piece."""
        width, height = image.size
        scale = min(1.0, limits.WIDEST / width)
        if scale < 1:
            shrunk = image.resize((limits.WIDEST, max(1, round(height * scale))))
        else:
            shrunk = image
        found: list[Line] = []
        step = limits.TILE - limits.OVERLAP
        for top in range(0, max(1, shrunk.height - limits.OVERLAP), step):
            bottom = min(shrunk.height, top + limits.TILE)
            piece = shrunk.crop((0, top, shrunk.width, bottom))
            cut = (top > 0, bottom < shrunk.height)
            for line in self._piece(piece, top, scale, cut):
                if not any(_same(line, other) for other in found[-60:]):
                    found.append(line)
            if len(found) >= limits.MOST_LINES:
                break
        return tuple(found[: limits.MOST_LINES])

    def _piece(self, piece: "Image", top: int, scale: float, cut: tuple[bool, bool]) -> list[Line]:
        """The lines of one piece, in pixels of the whole; those on a cut are the neighbour's."""
        import numpy as np

        bgr = np.ascontiguousarray(np.asarray(piece)[:, :, ::-1])
        result = self._read(bgr)
        if result.boxes is None or result.txts is None:
            return []
        lines = []
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            heights = [float(y) for _, y in corners]
            if (cut[0] and min(heights) < 3) or (cut[1] and max(heights) > piece.height - 3):
                continue
            if score < limits.LEAST_SCORE or not text.strip():
                continue
            flat = [
                round((float(at) + (top if axis else 0)) / scale)
                for corner in corners
                for axis, at in enumerate(corner)
            ]
            lines.append(Line(_one_line(text), round(float(score), 4), _box(flat)))
        return lines


def _box(flat: list[int]) -> Box:
    a, b, c, d, e, f, g, h = flat
    return a, b, c, d, e, f, g, h


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[: limits.LONGEST_LINE]


def _same(line: Line, other: Line) -> bool:
    """Whether two pieces show one line, in the rows that they share."""
    across = min(line.right, other.right) - max(line.left, other.left)
    down = min(line.bottom, other.bottom) - max(line.top, other.top)
    high = min(line.bottom - line.top, other.bottom - other.top)
    wide = min(line.right - line.left, other.right - other.left)
    return down > 0.5 * high and across > 0.5 * wide


def _only(folder: Path, pattern: str) -> str:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} models {pattern} in {folder}; one is expected")
    return str(found[0])
