"""What is made of a match: whether it counts, how likely it is, and why."""

import math
from typing import NamedTuple

from matchers.candidates import need_met, region, spared
from matchers.clauses import Place, Tagged
from matchers.compile import CompiledRule
from matchers.explain import Factor
from matchers.repair import cuts_a_word
from matchers.text import Kind
from matchers.voice import judge

_EVASION = 0.3
_FAR = -0.2
_CLOSE = 60


class Verdict(NamedTuple):
    """What was found at a place of the text: rule, factors and score."""

    rule: CompiledRule
    start: int
    end: int
    score: float
    factors: tuple[Factor, ...]


class Verdicts:
    """The verdicts on one text: for each claim none that overlap."""

    def __init__(self) -> None:
        self.kept: list[Verdict] = []
        self._places: dict[str, list[Place]] = {}

    def taken(self, claim: str, place: Place) -> bool:
        """Whether a verdict of `claim` overlaps `place`."""
        return any(
            start < place[1] and place[0] < end for start, end in self._places.get(claim, ())
        )

    def add(self, verdict: Verdict, place: Place) -> None:
        """Keep a verdict on a match at `place`."""
        self.kept.append(verdict)
        self._places.setdefault(verdict.rule.claim.claim, []).append(place)


class Heard(NamedTuple):
    """What is known of a match beside its place."""

    phrase: bool
    """Whether it is one statement."""
    page_groups: frozenset[str]
    """What the page's own words show."""
    evaded: list[Place]
    """Where terms of the text were put into plain spelling."""
    doubt: float
    """What the weights say against it, in log-odds; 0 or below."""


def weigh(rule: CompiledRule, tagged: Tagged, place: Place, heard: Heard) -> Verdict | None:
    """The verdict on a match of `rule` at `place`; `None` where the rule spares it."""
    bits = tagged.groups.of_rule(rule.rule.id, rule.spares, rule.rule.boosts)
    near = tagged.around(tagged.surroundings(place))
    if near & bits.near_sparing or tagged.possible & bits.far_sparing:
        for own, far, spare in bits.spares:
            if (tagged.possible if far else near) & own and spared(spare, tagged, place):
                return None
    factors: list[Factor] = []
    for need in rule.needs:
        met = need_met(need, tagged, place)
        if met is not None:
            far = need.within == "around" and not _close(met, place)
            factors.append(Factor("context", tagged.text(met), _FAR if far else 0.0))
        elif heard.page_groups.isdisjoint(need.any):
            return None
    if rule.rule.word and heard.phrase and _cut(tagged, place):
        return None
    factors += _beside(heard, place)
    for own, far, boost in bits.boosts:
        if not (tagged.possible if far else near) & own:
            continue
        found = tagged.first_within(boost.any, region(boost.within, tagged, place))
        if found is not None:
            factors.append(Factor("boost", tagged.text(found), boost.by))
    factors += judge(tagged, place, own=rule.groups, phrase=heard.phrase, heard=rule.rule.heard)
    score = _probability(rule.rule.weight + sum(factor.by for factor in factors))
    original = tagged.folded.original(*place)
    return Verdict(rule, original.start, original.end, score, tuple(factors))


def _beside(heard: Heard, place: Place) -> list[Factor]:
    factors = []
    if any(start < place[1] and place[0] < end for start, end in heard.evaded):
        factors.append(Factor("evasion", "", _EVASION))
    if heard.doubt < 0:
        factors.append(Factor("doubt", "", heard.doubt))
    return factors


def _close(cue: Place, place: Place) -> bool:
    return max(place[0] - cue[1], cue[0] - place[1]) <= _CLOSE


def _cut(tagged: Tagged, place: Place) -> bool:
    """Whether the match begins or ends inside a dictionary word of its sentence."""
    left, right = max(0, place[0] - 8), min(len(tagged.chars), place[1] + 8)
    gaps = tagged.folded.gaps
    if max(gaps[left + 1 : right], default=0) < Kind.SPACE:
        text = tagged.chars[left:right]
        return cuts_a_word(text, place[0] - left, place[1] - left, tagged.known)
    pieces: list[str] = []
    start = end = 0
    for at in range(left, right):
        if at > left and gaps[at] >= Kind.SPACE and not place[0] < at < place[1]:
            pieces.append(" ")
        if at == place[0]:
            start = len(pieces)
        pieces.append(tagged.chars[at])
        if at == place[1] - 1:
            end = len(pieces)
    return cuts_a_word("".join(pieces), start, end, tagged.known)


def _probability(log_odds: float) -> float:
    return round(1 / (1 + math.exp(-log_odds)), 3)
