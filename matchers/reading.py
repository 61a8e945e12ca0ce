"""The close reading of parts of texts: their terms, the matches of rules, the verdicts."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from matchers.candidates import places
from matchers.clauses import Place, Tagged
from matchers.compile import Compiled, CompiledRule, Way
from matchers.doubt import NO_DOUBT, SURE, Doubt, no_doubt
from matchers.openings import Openings, by_rule, opened_plainly
from matchers.repair import Edit, repair, unspell, unwrap
from matchers.tagging import tag
from matchers.text import Folded, Tables, fold_many
from matchers.verdict import Heard, Verdict, Verdicts, weigh

WINDOW = 600
"""Characters that are read on either side of a candidate in a long text."""
MARGIN = 150
"""Characters on either side of a candidate in which what it belongs to may begin."""
LONGEST_WINDOW = 4_000
"""Characters of one part of a long text that are read at once."""
SHORT = 1_500
"""Texts of up to so many characters are read whole."""
THRESHOLD = 0.5


class Window(NamedTuple):
    """The part `left:right` of a text, read for what begins in `first:last`."""

    left: int
    first: int
    last: int
    right: int


def windows(at: Iterable[Place], size: int) -> Iterator[Window]:
    """The parts of a text of `size` that are read for candidates `at`, in order."""
    if size <= SHORT:
        yield Window(0, 0, size, size)
        return
    first = last = 0
    for start, end in [*sorted(at), (size + WINDOW + 1, size + WINDOW + 1)]:
        if start - MARGIN > last or start - first > LONGEST_WINDOW:
            if last:
                yield Window(max(0, first - WINDOW), first, last, min(size, last + WINDOW))
            first = max(last, start - MARGIN, 0)
        last = min(max(last, end + MARGIN), size)


class Part(NamedTuple):
    """A part of a text that is read: what the text opened and what its page shows.

    With it what the weights say of the text, in its places, for those who ask.
    """

    text: str
    window: Window
    opened: Openings
    page_groups: frozenset[str]
    doubt: Callable[[], Doubt] = no_doubt

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole text."""
        return self.window.left == 0 and self.window.right == len(self.text)


def some_at_once(
    parts: Iterable[tuple[int, Part]], characters: int
) -> Iterator[list[tuple[int, Part]]]:
    """Parts with the numbers of their texts, about so many characters of them at a time."""
    batch: list[tuple[int, Part]] = []
    size = 0
    for number, part in parts:
        batch.append((number, part))
        size += part.window.right - part.window.left
        if size >= characters:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Mended(NamedTuple):
    """A part of a text, folded and put into plain spelling; where evaded terms stood in it."""

    folded: Folded
    evaded: list[Place]


class Mender:
    """Puts parts of some texts into plain spelling; whole texts are kept for the next reader."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._whole: dict[int, Mended] = {}

    def mended(self, parts: Sequence[tuple[int, Part]]) -> list[Mended]:
        """Parts, with the numbers of their texts, in plain spelling; not to be changed."""
        fresh = [
            (number, part)
            for number, part in parts
            if not (part.is_whole and number in self._whole)
        ]
        slices = [part.text[part.window.left : part.window.right] for _, part in fresh]
        folded = iter(fold_many(slices, self._tables) if slices else ())
        found = []
        for number, part in parts:
            own = self._whole.get(number) if part.is_whole else None
            if own is None:
                plain = next(folded)
                own = Mended(plain, mend(plain, part))
                if part.is_whole:
                    self._whole[number] = own
            found.append(own)
        return found


def read(
    compiled: Compiled, parts: Sequence[tuple[int, Part]], mender: Mender
) -> list[list[Verdict]]:
    """The verdicts on each of some parts (with the numbers of their texts), in places of those."""
    mended = mender.mended(parts)
    ways = _ways(compiled, [part for _, part in parts], mended)
    folded = [each.folded for each in mended]
    tagged = tag(compiled, folded, [_groups(compiled, some) for some in ways])
    return [
        _verdicts(part, by_rule(compiled, some), each, evaded)
        for (_, part), some, each, (_, evaded) in zip(parts, ways, tagged, mended, strict=True)
    ]


def mend(folded: Folded, part: Part) -> list[Place]:
    """Put a folded part into plain spelling; the places where evaded terms stood."""
    evaded = repair(folded, _edits_of(part.opened.edits, part.window))
    unspell(folded)
    unwrap(folded)
    return evaded


def _ways(
    compiled: Compiled, parts: Sequence[Part], mended: Sequence[Mended]
) -> list[frozenset[int]]:
    """The ways that each part opens, those too that it opens in plain spelling only."""
    ways = [part.opened.ways for part in parts]
    again = [number for number, each in enumerate(mended) if each.evaded]
    plain = opened_plainly(compiled, [mended[number].folded.chars for number in again])
    for number, more in zip(again, plain, strict=True):
        ways[number] |= more
    return ways


def _groups(compiled: Compiled, ways: Iterable[int]) -> frozenset[int]:
    """The numbers of the groups whose terms are looked for because of some ways."""
    return frozenset().union(*(compiled.way_groups[way] for way in ways))


def _verdicts(
    part: Part,
    rules: Iterable[tuple[CompiledRule, list[Way]]],
    tagged: Tagged,
    evaded: list[Place],
) -> list[Verdict]:
    """The verdicts on one part of a text, none of one claim overlapping."""
    found = [
        (rule, place, phrase) for rule, ways in rules for place, phrase in places(ways, tagged)
    ]
    found.sort(key=_strength)
    verdicts = Verdicts()
    left, window = part.window.left, part.window
    told = part.doubt() if found else NO_DOUBT
    for rule, place, phrase in found:
        if verdicts.taken(rule.claim.claim, place):
            continue
        original = tagged.folded.original(*place)
        doubt = 0.0 if rule.firm else told.at(original.start + left, original.end + left)
        if doubt < -SURE:
            continue
        context = Heard(phrase, part.page_groups, evaded, doubt)
        verdict = weigh(rule, tagged, place, context)
        if verdict is not None and verdict.score >= THRESHOLD:
            verdicts.add(verdict, place)
    return [
        verdict._replace(start=verdict.start + left, end=verdict.end + left) if left else verdict
        for verdict in verdicts.kept
        if window.first <= verdict.start + left < window.last
    ]


def _edits_of(edits: Sequence[Edit], window: Window) -> list[Edit]:
    """The edits that begin in a part of the text, in places of that part."""
    if not edits:
        return []
    left = window.left
    first = bisect_left(edits, left, key=_start)
    last = bisect_left(edits, window.right, key=_start)
    return [Edit(edit.start - left, edit.end - left, edit.plain) for edit in edits[first:last]]


def _start(edit: Edit) -> int:
    return edit.start


def _strength(found: tuple[CompiledRule, Place, bool]) -> tuple[float, int, int, str]:
    """The order in which matches are weighed: the strongest rule first, then the longest."""
    rule, (start, end), _ = found
    return -rule.rule.weight, start - end, start, rule.rule.id
