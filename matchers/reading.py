"""The close reading of one part of a text: its terms, the matches of rules, the verdicts."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from matchers.candidates import places
from matchers.clauses import Place, Tagged
from matchers.compile import Compiled, CompiledRule
from matchers.openings import Openings, by_rule, opened_by
from matchers.repair import Edit, repair, unspell, unwrap
from matchers.text import Folded, fold, units_of
from matchers.verdict import Verdict, Verdicts, weigh

WINDOW = 600
"""Characters that are read on either side of a candidate in a long text."""
MARGIN = 150
"""Characters on either side of a candidate in which what it belongs to may begin."""
LONGEST_WINDOW = 4_000
"""Characters of one part of a long text that are read at once."""
SHORT = 1_500
"""Texts of up to so many characters are read whole."""
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Window:
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


def tag(compiled: Compiled, folded: Folded) -> Tagged:
    """`folded` with the places of its terms."""
    codes = compiled.alphabet.plain[units_of(folded.chars)]
    words: defaultdict[str, list[Place]] = defaultdict(list)
    sizes, groups_of = compiled.term_sizes, compiled.groups_of
    for number, end_byte in compiled.tagger.find(codes.tobytes()):
        end = end_byte // 2
        place = (end - sizes[number], end)
        for group in groups_of[number]:
            words[group].append(place)
    return Tagged(folded, dict(words), compiled.groups, compiled.known)


def read(
    compiled: Compiled,
    text: str,
    window: Window,
    opened: Openings,
    page_groups: frozenset[str],
) -> list[Verdict]:
    """The verdicts on one part of a text, in places of the text."""
    left = window.left
    folded = fold(text[left : window.right], compiled.prepared.tables)
    evaded = repair(folded, _edits_of(opened.edits, window))
    unspell(folded)
    unwrap(folded)
    ways = opened.ways | _opened_plainly(compiled, folded) if evaded else opened.ways
    tagged = tag(compiled, folded)
    found = [
        (rule, place, phrase)
        for rule, some in by_rule(compiled, ways)
        for place, phrase in places(some, tagged)
    ]
    found.sort(key=_strength)
    verdicts = Verdicts()
    for rule, place, phrase in found:
        if verdicts.taken(rule.claim.claim, place):
            continue
        verdict = weigh(rule, tagged, place, phrase=phrase, page_groups=page_groups, evaded=evaded)
        if verdict is not None and verdict.score >= THRESHOLD:
            verdicts.add(verdict, place)
    return [
        replace(verdict, start=verdict.start + left, end=verdict.end + left)
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


def _opened_plainly(compiled: Compiled, folded: Folded) -> frozenset[int]:
    """The ways that a text opens whose evaded terms are in plain spelling now."""
    codes = compiled.alphabet.plain[units_of(folded.chars)]
    return frozenset(opened_by(compiled.asked, compiled.places.find(codes.tobytes()), codes))


def _strength(found: tuple[CompiledRule, Place, bool]) -> tuple[float, int, int, str]:
    """The order in which matches are weighed: the strongest rule first, then the longest."""
    rule, (start, end), _ = found
    return -rule.rule.weight, start - end, start, rule.rule.id
