"""What the pack's weights find in texts, in places of those texts."""

from collections.abc import Iterator, Mapping, Sequence

from matchers.compile import EVADED, Compiled
from matchers.explain import Factor
from matchers.openings import Openings, openings
from matchers.prefilter import shown
from matchers.reading import Mended, Mender, Part, Window, mend, some_at_once
from matchers.rewrite import undo
from matchers.scoring import Finding
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


def weighed(
    compiled: Compiled, texts: Mapping[int, str], opened: Mapping[int, Openings], mender: Mender
) -> dict[int, list[Verdict]]:
    """The verdicts of the learned rules on each of `texts` that has any, by its number.

    `opened` says what is to be mended in a text before it is read.
    """
    verdicts: dict[int, list[Verdict]] = {}
    for some in some_at_once(_pieces(texts, opened), AT_ONCE):
        for number, verdict in _found(compiled, some, mender):
            verdicts.setdefault(number, []).append(verdict)
    return verdicts


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


def _found(
    compiled: Compiled, parts: Sequence[tuple[int, Part]], mender: Mender
) -> Iterator[tuple[int, Verdict]]:
    if compiled.scorer is None:
        return
    mended = mender.mended(parts)
    for finding in compiled.scorer.find([each.folded.chars for each in mended]):
        number, part = parts[finding.text]
        verdict = _verdict(compiled, part.window, mended[finding.text], finding)
        if verdict is not None:
            yield number, verdict


def _verdict(compiled: Compiled, window: Window, read: Mended, finding: Finding) -> Verdict | None:
    """The verdict for a finding; `None`: it is another piece's, or of a claim without a rule."""
    weights = compiled.scorer.weights if compiled.scorer else None
    rule = compiled.learned.get(weights.claims[finding.claim]) if weights else None
    place = read.folded.original(finding.start, finding.end)
    start, end = place.start + window.left, place.end + window.left
    if rule is None or not window.first <= start < window.last:
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
