"""The matcher: a pack compiled once, texts in, explained hits out."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from matchers import rewrite
from matchers.alphabet import Codes
from matchers.candidates import places
from matchers.clauses import Place, Tagged
from matchers.compile import Compiled, CompiledRule, Context, Way, compile_pack
from matchers.engine import Found
from matchers.explain import Factor, sentence
from matchers.pack import Pack, digest
from matchers.repair import Edit, repair, unspell, unwrap
from matchers.store import dump, load
from matchers.text import Folded, fold, units_of
from matchers.verdict import Verdict, Verdicts, weigh
from matchers.words import VERSION as WORDS_VERSION

MATCHER_VERSION = 2
"""Raised whenever the same pack may give other hits."""
MAX_CHARACTERS = 20_000_000
"""Characters of one text that are read; a longer one is answered with `truncated`."""
MAX_HITS = 1_000
"""Hits of one text that are given; more are answered with `truncated`."""
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
        self._all_ways: Ways = tuple(
            (rule, rule.ways) for context in compiled.contexts for rule in context.rules
        )
        self.pack_hash = compiled.pack_hash

    @classmethod
    def compile(cls, pack: Pack, *, engine: str | None = None) -> "Matcher":
        """A matcher for `pack`; `engine` names one of `matchers.engine.available()`."""
        return cls(compile_pack(pack, full_hash(pack), engine), pack)

    @property
    def literals(self) -> tuple[str, ...]:
        """The literals of which a text must show some to be read closely, evasions left out."""
        compiled = self._compiled
        return tuple(
            site for site, plain in zip(compiled.sites, compiled.evaded, strict=True) if not plain
        )

    def to_bytes(self) -> bytes:
        """The matcher as bytes, for `from_bytes` on a machine of the same kind."""
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
        hits: list[Hit] = []
        for window in _windows(first.at, len(plain)):
            for verdict in self._read(plain, window, first, page_groups):
                place = verdict.start, verdict.end
                hits.append(_hit(verdict, text, *(undone[1].original(*place) if undone else place)))
            if len(hits) > MAX_HITS:
                break
        hits.sort(key=lambda hit: (hit.start, hit.end, hit.rule))
        return ScanResult(tuple(hits[:MAX_HITS]), truncated or len(hits) > MAX_HITS)

    def _first_pass(self, text: str, page_groups: frozenset[str]) -> _First | None:
        """Which rules may match, by the literals that the text shows; `None`: none can."""
        compiled = self._compiled
        codes = compiled.alphabet.raw[units_of(text)]
        data = codes[codes != 0].tobytes()
        met = 0
        evasion = False
        bits = compiled.gate_bits
        for number, _ in compiled.gate.find(data):
            if bits[number]:
                met |= bits[number]
            else:
                evasion = True
        if not met and not evasion and not page_groups:
            return None
        found = compiled.places.find(data)
        ways = self._all_ways if evasion else self._open_ways(found, met, page_groups)
        return self._located(found, codes, len(data) // 2, text, ways) if ways else None

    def _open_ways(self, found: list[Found], met: int, page_groups: frozenset[str]) -> Ways:
        """The ways of which the text shows every set of signs, in a context that fits."""
        compiled = self._compiled
        shown = 0
        numbers: set[int] = set()
        for site in {number for number, _ in found}:
            shown |= compiled.site_bits[site]
            numbers.update(compiled.ways_of[site])
        ways: dict[int, tuple[CompiledRule, list[Way]]] = {}
        fitting: dict[int, bool] = {}
        for number in sorted(numbers):
            bits, context, rule, way = compiled.ways[number]
            if bits & shown != bits:
                continue
            fits = fitting.get(id(context))
            if fits is None:
                fits = fitting[id(context)] = _fits(context, met, page_groups)
            if fits:
                ways.setdefault(id(rule), (rule, []))[1].append(way)
        return tuple((rule, tuple(some)) for rule, some in ways.values())

    def _located(
        self, found: list[Found], codes: Codes, size: int, text: str, ways: Ways
    ) -> _First:
        """Where the rarest signs and all evasions stand, and what must be mended.

        `size` is the number of characters left of `codes`: if none was set aside nothing can be
        broken, and in a short text the places do not matter.
        """
        compiled = self._compiled
        whole = size == codes.size
        if whole and len(text) <= SHORT and ways is not self._all_ways:
            return _First(ways, (), ())
        where = range(size) if whole else np.flatnonzero(codes).tolist()
        at: list[Place] = []
        edits: list[Edit] = []
        for number, end_byte in found:
            length = compiled.site_sizes[number]
            last = end_byte // 2
            start, end = where[last - length], where[last - 1] + 1
            gap = end - start - length
            if gap > 3 * length + 8 or (gap and "\n\n" in text[start:end]):
                continue
            plain = compiled.evaded[number]
            if plain or compiled.ways_of[number]:
                at.append((start, end))
            if plain or gap:
                edits.append(Edit(start, end, plain))
        return _First(ways, tuple(at), tuple(sorted(edits, key=_start)))

    def _page_groups(self, page: PageContext | None) -> frozenset[str]:
        """The groups whose terms the page's own words show."""
        if page is None or not (page.title or page.seller):
            return frozenset()
        tagged = self._tagged(fold(f"{page.title}\n{page.seller}", self._compiled.prepared.tables))
        named = {
            name for each in self._compiled.contexts for need in each.needs for name in need.any
        }
        return frozenset(name for name in named if tagged.tags(name))

    def _tagged(self, folded: Folded) -> Tagged:
        """`folded` with the places of its terms."""
        compiled = self._compiled
        codes = compiled.alphabet.plain[units_of(folded.chars)]
        words: defaultdict[str, list[Place]] = defaultdict(list)
        sizes, groups_of = compiled.term_sizes, compiled.groups_of
        for number, end_byte in compiled.tagger.find(codes.tobytes()):
            end = end_byte // 2
            place = (end - sizes[number], end)
            for group in groups_of[number]:
                words[group].append(place)
        return Tagged(folded, dict(words), compiled.groups, compiled.known)

    def _read(
        self, text: str, window: "_Window", first: _First, page_groups: frozenset[str]
    ) -> list[Verdict]:
        """The verdicts on one part of a text, in places of the text."""
        left = window.left
        folded = fold(text[left : window.right], self._compiled.prepared.tables)
        edits = [
            Edit(edit.start - left, edit.end - left, edit.plain)
            for edit in first.edits[
                bisect_left(first.edits, left, key=_start) : bisect_left(
                    first.edits, window.right, key=_start
                )
            ]
        ]
        evaded = repair(folded, edits)
        unspell(folded)
        unwrap(folded)
        tagged = self._tagged(folded)
        found = [
            (rule, place, phrase)
            for rule, ways in first.ways
            for place, phrase in places(ways, tagged)
        ]
        found.sort(key=_strength)
        verdicts = Verdicts()
        for rule, place, phrase in found:
            if verdicts.taken(rule.claim.claim, place):
                continue
            verdict = weigh(
                rule, tagged, place, phrase=phrase, page_groups=page_groups, evaded=evaded
            )
            if verdict is not None and verdict.score >= THRESHOLD:
                verdicts.add(verdict, place)
        return [
            replace(verdict, start=verdict.start + left, end=verdict.end + left)
            for verdict in verdicts.kept
            if window.first <= verdict.start + left < window.last
        ]


def _strength(found: tuple[CompiledRule, Place, bool]) -> tuple[float, int, int, str]:
    """The order in which matches are weighed: the strongest rule first, then the longest."""
    rule, (start, end), _ = found
    return -rule.rule.weight, start - end, start, rule.rule.id


def _start(edit: Edit) -> int:
    return edit.start


@dataclass(frozen=True, slots=True)
class _Window:
    """The part `left:right` of a text, read for what begins in `first:last`."""

    left: int
    first: int
    last: int
    right: int


def full_hash(pack: Pack) -> str:
    """`sha256:…` of the pack, of the matcher's version and of the segmenter's."""
    return digest([pack.hash, MATCHER_VERSION, WORDS_VERSION])


def _fits(context: Context, met: int, page_groups: frozenset[str]) -> bool:
    """Whether a text, or its page, meets each need of a context."""
    return all(
        not bit or bit & met or not page_groups.isdisjoint(need.any)
        for bit, need in zip(context.bits, context.needs, strict=True)
    )


def _windows(at: Iterable[Place], size: int) -> Iterator[_Window]:
    """The parts of a text of `size` that are read for candidates `at`, in order."""
    if size <= SHORT:
        yield _Window(0, 0, size, size)
        return
    first = last = 0
    for start, end in [*sorted(at), (size + WINDOW + 1, size + WINDOW + 1)]:
        if start - MARGIN > last or start - first > LONGEST_WINDOW:
            if last:
                yield _Window(max(0, first - WINDOW), first, last, min(size, last + WINDOW))
            first = max(last, start - MARGIN, 0)
        last = min(max(last, end + MARGIN), size)


def _hit(verdict: Verdict, text: str, start: int, end: int) -> Hit:
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
