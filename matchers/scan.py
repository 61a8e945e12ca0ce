"""The matcher: a pack compiled once, texts in, explained hits out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from matchers import rewrite
from matchers.candidates import need_met, places, region, spared
from matchers.clauses import Place, Tagged
from matchers.compile import Codes, Compiled, CompiledRule, Way, compile_pack
from matchers.entities import entity_tags
from matchers.explain import Factor, sentence
from matchers.pack import Pack, digest
from matchers.repair import Edit, cuts_a_word, repair, unspell, unwrap
from matchers.store import dump, load
from matchers.text import Folded, Kind, fold, units_of
from matchers.voice import judge
from matchers.words import VERSION as WORDS_VERSION

MATCHER_VERSION = 1
"""Raised whenever the same pack may give other hits."""
MAX_CHARACTERS = 20_000_000
"""Characters of one text that are read; a longer one is answered with `truncated`."""
MAX_HITS = 1_000
"""Hits of one text that are given; more are answered with `truncated`."""
WINDOW = 600
"""Characters that are read on either side of a candidate in a long text."""
SHORT = 4_000
"""Texts of up to so many characters are read whole."""
THRESHOLD = 0.5
_EVASION = 0.3
_FAR = -0.2


@dataclass(frozen=True, slots=True)
class PageContext:
    """What is known of the page beside the text; each part may be empty."""

    title: str = ""
    seller: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One claim at one place: `text` is `original[start:end]`, offsets in code points.

    `law` are keys of articles, `severity` is 1 (low) to 3 (high), `factors` what `why` says.
    """

    claim: str
    rule: str
    rule_hash: str
    start: int
    end: int
    text: str
    score: float
    why: str
    law: tuple[str, ...]
    severity: int
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The hits of one text by their start; `truncated`: a limit cut text or hits off."""

    hits: tuple[Hit, ...]
    truncated: bool = False


Ways = tuple[tuple[CompiledRule, tuple[Way, ...]], ...]


@dataclass(frozen=True, slots=True)
class _First:
    """What the first pass found: the ways in which rules may match, where, and evaded terms."""

    ways: Ways
    at: tuple[Place, ...]
    edits: tuple[Edit, ...]


NOTHING = ScanResult(())


class Matcher:
    """A compiled pack that scans texts; safe to share between threads."""

    def __init__(self, compiled: Compiled, pack: Pack) -> None:
        self._compiled = compiled
        self._pack = pack
        self._all_ways: Ways = tuple((rule, rule.ways) for rule in compiled.rules)
        self.pack_hash = compiled.pack_hash

    @classmethod
    def compile(cls, pack: Pack, *, engine: str | None = None) -> "Matcher":
        """A matcher for `pack`; `engine` names one of `matchers.engine.available()`."""
        return cls(compile_pack(pack, full_hash(pack), engine), pack)

    def to_bytes(self) -> bytes:
        """This matcher as bytes, for `from_bytes` on a machine of the same kind."""
        return dump(self._pack, self._compiled)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Matcher":
        """The matcher that `to_bytes` wrote; raises `DamagedMatcher` where it is another's."""
        pack, compiled = load(data)
        return cls(compiled, pack)

    def scan(self, text: str, *, page: PageContext | None = None) -> ScanResult:
        """The hits of `text`, in time linear in its length."""
        truncated = len(text) > MAX_CHARACTERS
        if truncated:
            text = text[:MAX_CHARACTERS]
        undone = rewrite.undo(text, self._compiled.syllables)
        plain = undone[0] if undone else text
        page_groups = self._page_groups(page)
        first = self._first_pass(plain, page_groups)
        if first is None:
            return ScanResult((), truncated) if truncated else NOTHING
        found: list[tuple[Place, _Verdict]] = []
        for start, end in _windows(first.at, len(plain)):
            for verdict in self._read(plain[start:end], start, first, page_groups):
                found.append(((verdict.start + start, verdict.end + start), verdict))
        hits = []
        for (start, end), verdict in found:
            if undone:
                start, end = int(undone[1].starts[start]), int(undone[1].ends[end - 1])
            hits.append(_hit(verdict, text, start, end))
        hits.sort(key=lambda hit: (hit.start, hit.end, hit.rule))
        return ScanResult(tuple(hits[:MAX_HITS]), truncated or len(hits) > MAX_HITS)

    def _first_pass(self, text: str, page_groups: frozenset[str]) -> _First | None:
        """Which rules may match, by the literals that the text shows; `None`: none can."""
        compiled = self._compiled
        codes = compiled.alphabet.raw[units_of(text)]
        data = codes[codes != 0].tobytes()
        found = compiled.first.find(data)
        if not found:
            return None
        bits, evaded = compiled.bits, compiled.evaded
        shown = 0
        evasion = False
        for number, _ in found:
            shown |= bits[number]
            if evaded[number]:
                evasion = True
        ways = self._all_ways if evasion else self._open_ways(shown, page_groups)
        if not ways:
            return None
        return self._located(data, codes, text, ways)

    def _open_ways(self, shown: int, page_groups: frozenset[str]) -> Ways:
        """The ways of which the text shows every set of signs, in a context that fits."""
        ways = []
        for rule in self._compiled.rules:
            if all(
                not bit or bit & shown or not page_groups.isdisjoint(need.any)
                for bit, need in zip(rule.context_bits, rule.needs, strict=True)
            ):
                open_ways = tuple(way for way in rule.ways if way.bits & shown == way.bits)
                if open_ways:
                    ways.append((rule, open_ways))
        return tuple(ways)

    def _located(self, data: bytes, codes: Codes, text: str, ways: Ways) -> _First:
        """Where the rarest signs of `ways` and all evasions stand, and what must be mended."""
        compiled = self._compiled
        where = np.flatnonzero(codes)
        rarest = wanted = 0
        for _, open_ways in ways:
            for way in open_ways:
                rarest |= way.rarest
                wanted |= way.bits
        at: list[Place] = []
        edits: list[Edit] = []
        for number, end_byte in compiled.places.find(data):
            size = compiled.literal_sizes[number]
            plain = compiled.evaded[number]
            bits = compiled.bits[number]
            if not plain and not bits & wanted:
                continue
            last = end_byte // 2
            start, end = int(where[last - size]), int(where[last - 1]) + 1
            if end - start > 4 * size + 8 or "\n\n" in text[start:end]:
                continue
            if plain or bits & rarest:
                at.append((start, end))
            if plain or end - start > size:
                edits.append(Edit(start, end, plain))
        return _First(ways, tuple(at), tuple(edits))

    def _page_groups(self, page: PageContext | None) -> frozenset[str]:
        """The groups whose terms the page's own words show."""
        if page is None or not (page.title or page.seller):
            return frozenset()
        folded = fold(f"{page.title}\n{page.seller}", self._compiled.prepared.tables)
        return frozenset(self._tags(folded))

    def _tags(self, folded: Folded) -> dict[str, list[Place]]:
        """The places of the terms of each group, in order."""
        compiled = self._compiled
        codes = compiled.alphabet.plain[units_of(folded.chars)]
        tags: dict[str, list[Place]] = {}
        sizes, groups_of = compiled.term_sizes, compiled.groups_of
        for number, end_byte in compiled.tagger.find(codes.tobytes()):
            end = end_byte // 2
            place = (end - sizes[number], end)
            for group in groups_of[number]:
                tags.setdefault(group, []).append(place)
        for group in [name for name in tags if name.startswith("!")]:
            _except(tags, group)
        for group, found in entity_tags(folded.chars).items():
            tags.setdefault(group, []).extend(found)
        for found in tags.values():
            found.sort()
        return tags

    def _read(
        self, text: str, offset: int, first: _First, page_groups: frozenset[str]
    ) -> list["_Verdict"]:
        folded = fold(text, self._compiled.prepared.tables)
        edits = [
            Edit(edit.start - offset, edit.end - offset, edit.plain)
            for edit in first.edits
            if offset <= edit.start and edit.end <= offset + len(text)
        ]
        evaded = repair(folded, edits) if edits else []
        unspell(folded)
        unwrap(folded)
        tagged = Tagged(folded, self._tags(folded), self._compiled.known)
        verdicts: list[_Verdict] = []
        for rule, ways in first.ways:
            for place, phrase in places(ways, tagged):
                verdict = _verdict(rule, tagged, place, phrase, page_groups, evaded)
                if verdict is not None and verdict.score >= THRESHOLD:
                    verdicts.append(verdict)
        return _best(verdicts)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was found at a place of the text: rule, factors and score."""

    rule: CompiledRule
    start: int
    end: int
    score: float
    factors: tuple[Factor, ...]


def full_hash(pack: Pack) -> str:
    """`sha256:…` of the pack, of the matcher's version and of the segmenter's."""
    return digest([pack.hash, MATCHER_VERSION, WORDS_VERSION])


def _except(tags: dict[str, list[Place]], group: str) -> None:
    """Take out of a group the terms that stand inside one of its exceptions."""
    wider = tags.pop(group)
    name = group[1:]
    kept = [
        (start, end)
        for start, end in tags.get(name, [])
        if not any(
            left < end and start < right and not (start <= left and right <= end and (start, end) != (left, right))
            for left, right in wider
        )
    ]
    if kept:
        tags[name] = kept
    else:
        tags.pop(name, None)


def _windows(at: Iterable[Place], size: int) -> list[Place]:
    """The parts of a text of `size` that are read for candidates `at`."""
    if size <= SHORT:
        return [(0, size)]
    windows: list[Place] = []
    for start, end in sorted(at):
        left, right = max(0, start - WINDOW), min(size, end + WINDOW)
        if windows and left <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(right, windows[-1][1]))
        else:
            windows.append((left, right))
    return windows


def _verdict(
    rule: CompiledRule,
    tagged: Tagged,
    place: Place,
    phrase: bool,  # noqa: FBT001  (what `places` says of the match)
    page_groups: frozenset[str],
    evaded: list[Place],
) -> _Verdict | None:
    if any(spared(spare, tagged, place) for spare in rule.spares):
        return None
    factors: list[Factor] = []
    for need in rule.needs:
        met = need_met(need, tagged, place)
        if met is not None:
            far = need.within == "around" and not _close(met, place)
            factors.append(Factor("context", tagged.text(met), _FAR if far else 0.0))
        elif page_groups.isdisjoint(need.any):
            return None
    if rule.rule.word and phrase and _cut(tagged, place):
        return None
    if any(start < place[1] and place[0] < end for start, end in evaded):
        factors.append(Factor("evasion", "", _EVASION))
    for boost in rule.rule.boosts:
        found = tagged.first_within(boost.any, region(boost.within, tagged, place))
        if found is not None:
            factors.append(Factor("boost", tagged.text(found), boost.by))
    factors += judge(tagged, place, phrase=phrase, heard=rule.rule.heard)
    score = _probability(rule.rule.weight + sum(factor.by for factor in factors))
    original = tagged.folded.original(*place)
    return _Verdict(rule, original.start, original.end, score, tuple(factors))


def _close(cue: Place, place: Place) -> bool:
    return max(place[0] - cue[1], cue[0] - place[1]) <= 60


def _cut(tagged: Tagged, place: Place) -> bool:
    """Whether the match begins or ends inside a dictionary word of its sentence."""
    left, right = max(0, place[0] - 8), min(len(tagged.chars), place[1] + 8)
    gaps = tagged.folded.gaps
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


def _best(verdicts: list[_Verdict]) -> list[_Verdict]:
    """For each claim the likeliest of those that overlap."""
    kept: list[_Verdict] = []
    order = sorted(verdicts, key=lambda v: (-v.score, v.start - v.end, v.start, v.rule.rule.id))
    for verdict in order:
        clash = any(
            other.rule.claim.claim == verdict.rule.claim.claim
            and other.start < verdict.end
            and verdict.start < other.end
            for other in kept
        )
        if not clash:
            kept.append(verdict)
    return kept


def _hit(verdict: _Verdict, text: str, start: int, end: int) -> Hit:
    rule, claim = verdict.rule.rule, verdict.rule.claim
    shown = text[start:end]
    return Hit(
        claim=claim.claim,
        rule=rule.id,
        rule_hash=verdict.rule.hash,
        start=start,
        end=end,
        text=shown,
        score=verdict.score,
        why=sentence(shown, rule.says, verdict.factors),
        law=rule.law or claim.law,
        severity=rule.severity or claim.severity,
        factors=verdict.factors,
    )
