"""The sentences of folded texts, found for many texts at once.

A sentence ends with its marks or with a line. One of more than `LONG` characters is cut at the
first comma in each further stretch of that length, so that one offer in a paragraph without
stops stands out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matchers import native
from matchers.groups import COMMAS, STOPS

LONG = 60
"""Characters in which a sentence is cut no more than once."""
_COMMA, _STOP = 1, 2
Ints = NDArray[np.int64]


def _marks() -> NDArray[np.uint8]:
    marks = np.zeros(0x10000, dtype=np.uint8)
    marks[[ord(mark) for mark in COMMAS]] = _COMMA
    marks[[ord(mark) for mark in STOPS]] = _STOP
    return marks


_MARKS = _marks()


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of some texts, by their start: half-open places in the texts put together."""

    starts: Ints
    ends: Ints
    texts: Ints
    """The number of the text of each."""


def sentences(points: NDArray[np.integer], bounds: Ints) -> Sentences:
    """The sentences in code points of folded texts that are put together.

    Behind each text stands a line end; `bounds` are where the texts begin, and the whole length.
    """
    loops = native.library()
    if loops is not None:
        return _by_loops(loops, points, bounds)
    marks = _MARKS.take(points, mode="clip")
    stop = marks == _STOP
    following = np.append(stop[1:], False)
    cuts = np.flatnonzero(stop & ~following) + 1
    # A text may begin with marks of its own; no sentence may reach over two texts.
    cuts = np.union1d(cuts, bounds)
    commas = np.flatnonzero(marks == _COMMA) + 1
    cuts = np.union1d(cuts, _inner(commas, cuts))
    starts, ends = cuts[:-1], cuts[1:]
    # The line end behind a text is not of it.
    texts = np.searchsorted(bounds, starts, side="right") - 1
    ends = np.minimum(ends, bounds[texts + 1] - 1)
    kept = starts < ends
    return Sentences(starts[kept], ends[kept], texts[kept])


def _by_loops(loops: native.Loops, points: NDArray[np.integer], bounds: Ints) -> Sentences:
    points = np.ascontiguousarray(points, dtype=np.uint32)
    starts, ends, texts = np.empty((3, len(points)), dtype=np.int64)
    count = loops.text_sentences(
        native.address(points),
        native.address(bounds),
        native.whole(len(bounds) - 1),
        native.address(_MARKS),
        native.whole(LONG),
        native.address(starts),
        native.address(ends),
        native.address(texts),
    )
    return Sentences(starts[:count], ends[:count], texts[:count])


def _inner(commas: Ints, cuts: Ints) -> Ints:
    """The commas at which a long sentence is cut."""
    if not commas.size:
        return commas
    owner = np.searchsorted(cuts, commas, side="left") - 1
    stretch = (commas - cuts[owner]) // LONG
    before = np.append(0, stretch[:-1])
    before[1:][owner[1:] != owner[:-1]] = 0
    inner: Ints = commas[stretch != before]
    return inner
