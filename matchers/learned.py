"""What the pack's weights find in texts, in places of those texts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from matchers.compile import EVADED, Compiled, CompiledRule
from matchers.doubt import NO_DOUBT, Doubt, together
from matchers.explain import Factor
from matchers.openings import Openings, openings
from matchers.prefilter import shown
from matchers.reading import Mended, Mender, Part, Window, mend, some_at_once
from matchers.rewrite import undo
from matchers.scoring import Finding, Odds
from matchers.text import Folded, Source, fold_many
from matchers.verdict import Verdict

PIECE = 20_000
"""Characters of a long text that are scored at once."""
MARGIN = 1_500
"""Characters on either side of a piece that are read as its surroundings."""
AT_ONCE = 150_000
"""Characters that are folded at once."""
_NO_GROUPS: frozenset[str] = frozenset()
_NONE = Openings(frozenset(), (), ())


class Said(NamedTuple):
    """What the weights say of a part of a text, the one of this number among those scored."""

    window: Window
    folded: Folded
    odds: Odds
    number: int

    def doubt(self) -> Doubt:
        """What is said of the sentences that begin in the part, in places of the text."""
        starts, odds = self.odds.of(self.number)
        places = self.folded.starts[starts] + self.window.left
        kept = slice(*places.searchsorted([self.window.first, self.window.last]))
        return Doubt(places[kept], odds[kept])


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the weights say of some texts, by their numbers."""

    verdicts: dict[int, list[Verdict]]
    """The verdicts of the learned rules, of texts that have any."""
    said: dict[int, list[Said]]
    """The parts of those texts that open rules."""

    def doubt(self, number: int) -> Doubt:
        """What rules are told of a text."""
        parts = self.said.get(number)
        return together(part.doubt() for part in parts) if parts else NO_DOUBT


def weighed(
    compiled: Compiled, texts: Mapping[int, str], opened: Mapping[int, Openings], mender: Mender
) -> Weighed:
    """What the pack's weights say of `texts`; `opened` says what is to be mended in them first."""
    verdicts: dict[int, list[Verdict]] = {}
    said: dict[int, list[Said]] = {}
    if compiled.scorer is None:
        return Weighed(verdicts, said)
    claims = compiled.scorer.weights.claims
    for some in some_at_once(_pieces(texts, opened), AT_ONCE):
        mended = mender.mended(some)
        findings, odds = compiled.scorer.find([each.folded.chars for each in mended])
        for finding in findings:
            number, part = some[finding.text]
            rule = compiled.learned.get(claims[finding.claim])
            verdict = rule and _verdict(rule, part.window, mended[finding.text], finding)
            if verdict:
                verdicts.setdefault(number, []).append(verdict)
        for at, (number, part) in enumerate(some):
            if number in opened:
                own = Said(part.window, mended[at].folded, odds, at)
                said.setdefault(number, []).append(own)
    return Weighed(verdicts, said)


def _pieces(texts: Mapping[int, str], opened: Mapping[int, Openings]) -> Iterator[tuple[int, Part]]:
    """The texts, long ones in pieces."""
    for number, text in texts.items():
        own, size = opened.get(number, _NONE), len(text)
        if size <= PIECE + MARGIN:
            yield number, Part(text, Window(0, 0, size, size), own, _NO_GROUPS)
            continue
        for first in range(0, size, PIECE):
            last = min(first + PIECE, size)
            window = Window(max(0, first - MARGIN), first, last, min(size, last + MARGIN))
            yield number, Part(text, window, own, _NO_GROUPS)


def _verdict(rule: CompiledRule, window: Window, read: Mended, finding: Finding) -> Verdict | None:
    """The verdict for a finding; `None`: it is another piece's."""
    place = read.folded.original(finding.start, finding.end)
    start, end = place.start + window.left, place.end + window.left
    if not window.first <= start < window.last:
        return None
    # A single character says little to a person, however much it weighs.
    words = [cue for cue in finding.cues if len(cue) > 1] or finding.cues
    factors = [Factor("words", "”“".join(words), finding.score)]
    if read.evaded and any(a < finding.end and finding.start < b for a, b in read.evaded):
        factors.append(Factor("evasion", "", 0.0))
    return Verdict(rule, start, end, round(finding.score, 2), tuple(factors))


def plainly(compiled: Compiled, text: str) -> tuple[Folded, Source | None]:
    """A text as the weights see it, whole, and where what was undone in it came from."""
    undone = undo(text, compiled.syllables)
    plain, source = undone or (text, None)
    opened = openings(compiled, [plain], shown(compiled, [plain]), {0: EVADED})
    (folded,) = fold_many([plain], compiled.prepared.tables)
    whole = Window(0, 0, len(plain), len(plain))
    mend(folded, Part(plain, whole, opened.get(0, _NONE), frozenset()))
    return folded, source
