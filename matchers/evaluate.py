"""How well a matcher does on labelled texts: what it finds, misses and flags wrongly.

A text counts once: it is a hit if a person labelled it one, and flagged if the matcher found
anything in it. Claims are counted apart, each as labelled or not, found or not. A text labelled
`unsure` (two people disagreed) is not scored; beside, all of them are counted as errors.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matchers.errors import LabelError
from matchers.intervals import Interval, bootstrap_f1, wilson

LABELS = ("hit", "clean", "unsure")
SHORT, LONG = 80, 300
"""Characters: below the first a text is short, from the second on long."""

Span = tuple[str, int, int]
"""Claim, start, end (half-open, in code points of the text)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text with what a person found in it."""

    id: str
    text: str
    label: str
    spans: tuple[Span, ...]
    voice: str = ""
    family: str = ""
    kind: str = ""
    """Of page; `line` for one that was written to learn from."""
    hard: bool = False
    """A clean text full of the field's words."""
    doubtful: frozenset[str] = frozenset()
    """Claims that only one of two people saw: for these the text is not counted."""

    @property
    def claims(self) -> frozenset[str]:
        """The claims that the person found."""
        return frozenset(claim for claim, _start, _end in self.spans)


def read_row(row: Mapping[str, Any]) -> Labelled:
    """The labelled text of one line; raises `LabelError` saying what is wrong with it."""
    try:
        found = Labelled(
            id=str(row["id"]),
            text=str(row["text"]),
            label=str(row["label"]),
            spans=tuple((str(h["claim"]), int(h["start"]), int(h["end"])) for h in row["hits"]),
            voice=str(row.get("voice", "")),
            family=str(row.get("family", "")),
            kind=str(row.get("kind", "")),
            hard=bool(row.get("hard", False)),
            doubtful=frozenset(map(str, row.get("doubtful", ()))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(
            f"no labelled text: {type(error).__name__} {error}.",
            hint='Expected {"id", "text", "label", "hits": [{"claim", "start", "end"}]}.',
        ) from error
    if found.label not in LABELS:
        raise LabelError(
            f"text {found.id} is labelled {found.label!r}.", hint=f"Use {', '.join(LABELS)}."
        )
    if (found.label == "clean" and found.spans) or (found.label == "hit" and not found.spans):
        raise LabelError(
            f"text {found.id} is labelled {found.label} with {len(found.spans)} hits.",
            hint="A hit has hits, a clean text has none.",
        )
    for claim, start, end in found.spans:
        if not 0 <= start < end <= len(found.text):
            raise LabelError(
                f"text {found.id}: {claim} from {start} to {end} is outside of the text.",
                hint="Offsets are half-open, in code points.",
            )
    return found


@dataclass(slots=True)
class Count:
    """Found rightly, found wrongly, missed; with each text's part for the interval."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    outcomes: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, *, wanted: bool, found: bool) -> None:
        """Count one text."""
        outcome = (int(wanted and found), int(found and not wanted), int(wanted and not found))
        self.right += outcome[0]
        self.wrong += outcome[1]
        self.missed += outcome[2]
        self.outcomes.append(outcome)

    @property
    def precision(self) -> float:
        """Of what was found, how much was right; 1 of nothing."""
        found = self.right + self.wrong
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        """Of what was there, how much was found; 1 of nothing."""
        there = self.right + self.missed
        return self.right / there if there else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        whole = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / whole if whole else 1.0

    @property
    def precision_interval(self) -> Interval:
        """Wilson's interval at 95 %."""
        return wilson(self.right, self.right + self.wrong)

    @property
    def recall_interval(self) -> Interval:
        """Wilson's interval at 95 %."""
        return wilson(self.right, self.right + self.missed)

    @property
    def f1_interval(self) -> Interval:
        """The bootstrap interval at 95 %."""
        return bootstrap_f1(self.outcomes)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def share(self) -> float:
        """The part, from 0 to 1; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> Interval:
        """Wilson's interval at 95 %."""
        return wilson(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; `wrong` and `missed` hold the ids of texts."""

    texts: int
    unsure: int
    overall: Count
    with_unsure: Count
    """The same with every unsure text counted as an error."""
    claims: Mapping[str, Count]
    families: Mapping[str, Count]
    voices: Mapping[str, Count]
    lengths: Mapping[str, Count]
    right_claim: Share
    """Texts found rightly in which a labelled claim was named."""
    span_touched: Share
    """Of those, where a hit of that claim touches what the person marked."""
    hard_flagged: Share
    wrong: tuple[str, ...]
    missed: tuple[str, ...]


def evaluate(rows: Iterable[Labelled], find: Callable[[str], Sequence[Span]]) -> Report:
    """The report on what `find` finds in labelled texts."""
    tally = _Tally()
    for row in rows:
        tally.add(row, tuple(find(row.text)))
    return tally.report()


class _Tally:
    def __init__(self) -> None:
        self.texts = self.unsure = 0
        self.overall, self.with_unsure = Count(), Count()
        self.by: dict[str, defaultdict[str, Count]] = {
            name: defaultdict(Count) for name in ("claim", "family", "voice", "length")
        }
        self.named = self.touched = 0
        self.hard = self.hard_flagged = 0
        self.wrong: list[str] = []
        self.missed: list[str] = []
        self.claims: list[tuple[frozenset[str], frozenset[str], frozenset[str]]] = []

    def add(self, row: Labelled, found: tuple[Span, ...]) -> None:
        self.texts += 1
        flagged, wanted = bool(found), row.label == "hit"
        if row.label == "unsure":
            self.unsure += 1
            self.with_unsure.add(wanted=not flagged, found=flagged)
            return
        for count in (
            self.overall,
            self.with_unsure,
            self.by["family"][row.family],
            self.by["voice"][row.voice],
            self.by["length"][length_of(row.text)],
        ):
            count.add(wanted=wanted, found=flagged)
        named = frozenset(claim for claim, _start, _end in found)
        self.claims.append((row.claims - row.doubtful, named - row.doubtful, row.doubtful))
        if wanted and flagged:
            self._compare(row, found)
        elif flagged:
            self.wrong.append(row.id)
        elif wanted:
            self.missed.append(row.id)
        self.hard += row.hard
        self.hard_flagged += row.hard and flagged

    def _compare(self, row: Labelled, found: tuple[Span, ...]) -> None:
        same = [(one, other) for one in found for other in row.spans if one[0] == other[0]]
        self.named += bool(same)
        self.touched += any(one[1] < other[2] and other[1] < one[2] for one, other in same)

    def report(self) -> Report:
        for claim in sorted({c for wanted, found, _ in self.claims for c in wanted | found}):
            for wanted, found, doubtful in self.claims:
                if claim not in doubtful:
                    self.by["claim"][claim].add(wanted=claim in wanted, found=claim in found)
        return Report(
            texts=self.texts,
            unsure=self.unsure,
            overall=self.overall,
            with_unsure=self.with_unsure,
            claims=dict(self.by["claim"]),
            families=dict(self.by["family"]),
            voices=dict(self.by["voice"]),
            lengths=dict(self.by["length"]),
            right_claim=Share(self.named, self.overall.right),
            span_touched=Share(self.touched, self.named),
            hard_flagged=Share(self.hard_flagged, self.hard),
            wrong=tuple(self.wrong),
            missed=tuple(self.missed),
        )


def length_of(text: str) -> str:
    """short, middle or long."""
    return "short" if len(text) < SHORT else "middle" if len(text) < LONG else "long"
