"""Charts as PNG: SVG written by us, drawn by resvg with a named CJK font."""

import html
from collections.abc import Sequence

from lantian.reports.figures import Count

FONTS = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
WIDTH = 600
_ROW = 44
_LABEL = 168
_BAR = WIDTH - _LABEL - 56


def bars(counts: Sequence[Count], labels: dict[str, str], legend: tuple[str, str]) -> str:
    """The SVG of paired bars: this week's above the week before's, one pair a count."""
    most = max((max(count.now, count.before) for count in counts), default=0) or 1
    rows = "".join(
        _row(30 + number * _ROW, labels.get(count.key, count.key), count, most)
        for number, count in enumerate(counts)
    )
    height = 30 + len(counts) * _ROW + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="{FONTS}" font-size="14">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<rect x="{_LABEL}" y="8" width="12" height="12" fill="#1f5fa8"/>'
        f'<text x="{_LABEL + 18}" y="19" fill="#333333">{html.escape(legend[0])}</text>'
        f'<rect x="{_LABEL + 110}" y="8" width="12" height="12" fill="#b8c9dc"/>'
        f'<text x="{_LABEL + 128}" y="19" fill="#333333">{html.escape(legend[1])}</text>'
        f"{rows}</svg>"
    )


def _row(top: int, label: str, count: Count, most: int) -> str:
    now, before = (max(1, round(_BAR * n / most)) if n else 0 for n in (count.now, count.before))
    return (
        f'<text x="{_LABEL - 10}" y="{top + 22}" text-anchor="end" fill="#222222">'
        f"{html.escape(_short(label))}</text>"
        f'<rect x="{_LABEL}" y="{top + 4}" width="{now}" height="16" fill="#1f5fa8"/>'
        f'<text x="{_LABEL + now + 6}" y="{top + 17}" fill="#222222">{count.now}</text>'
        f'<rect x="{_LABEL}" y="{top + 22}" width="{before}" height="12" fill="#b8c9dc"/>'
        f'<text x="{_LABEL + before + 6}" y="{top + 33}" fill="#777777" font-size="12">'
        f"{count.before}</text>"
    )


def _short(label: str, limit: int = 22) -> str:
    """The label within about `limit` half-width cells: a CJK character takes two."""
    cells = 0
    for at, character in enumerate(label):
        cells += 2 if ord(character) > 0x2E7F else 1
        if cells > limit:
            return label[:at] + "…"
    return label


def to_png(svg: str) -> bytes:
    """The picture at twice its size, for dense screens."""
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2))
