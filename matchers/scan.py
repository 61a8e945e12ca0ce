"""The matcher: a pack compiled once, texts in, explained hits out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import NamedTuple

from matchers import rewrite
from matchers.clauses import Place
from matchers.compile import EVADED, WEIGHED, Compiled, compile_pack
from matchers.explain import Factor, sentence
from matchers.facts import Entity, entities
from matchers.learned import Weighed, weighed
from matchers.openings import Openings, openings
from matchers.pack import Pack, digest
from matchers.prefilter import Shown, shown
from matchers.reading import Mender, Part, read, some_at_once, windows
from matchers.store import dump, load
from matchers.tagging import tag
from matchers.text import Source, Tables, fold
from matchers.verdict import Verdict
from matchers.words import VERSION as WORDS_VERSION

MATCHER_VERSION = 5
"""Raised whenever the same pack may give other hits."""
MAX_CHARACTERS = 20_000_000
"""Characters of one text that are read; a longer one is answered with `truncated`."""
MAX_HITS = 1_000
"""Hits of one text that are given; more are answered with `truncated`."""
BATCH = 300_000
"""Characters of texts whose first pass is done at once."""
READ_AT_ONCE = 30_000
"""Characters of parts of texts that are read closely at once."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """What is known of the page beside the text; each part may be empty."""

    title: str = ""
    seller: str = ""
    kind: str = ""

    @property
    def words(self) -> str:
        """The words of the page beside the text."""
        return f"{self.title}\n{self.seller}" if self.title or self.seller else ""


class Hit(NamedTuple):
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


NOTHING = ScanResult(())
CUT = ScanResult((), truncated=True)


class Matcher:
    """A compiled pack that scans texts; safe to share between threads."""

    def __init__(self, compiled: Compiled, pack: Pack) -> None:
        self._compiled = compiled
        self._pack = pack
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

    @property
    def tables(self) -> Tables:
        """The character tables by which this matcher folds."""
        return self._compiled.prepared.tables

    def entities(self, text: str) -> tuple[Entity, ...]:
        """Who can be reached where, for how much, and the like in `text`, in order.

        Asked of texts with hits; it costs about as much as twenty innocent texts.
        """
        return entities(text, self.tables, self._pack.places)

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
        return self._scan_batch([(text, page)])[0]

    def scan_many(
        self, texts: Iterable[str], pages: Iterable[PageContext | None] = repeat(None)
    ) -> Iterator[ScanResult]:
        """The results of `texts` in order: the same as one by one, but sooner.

        `pages` tells of each text what is known of its page. Texts are taken in batches of about
        three hundred thousand characters.
        """
        batch: list[tuple[str, PageContext | None]] = []
        size = 0
        for pair in zip(texts, pages, strict=False):
            batch.append(pair)
            size += len(pair[0])
            if size >= BATCH:
                yield from self._scan_batch(batch)
                batch, size = [], 0
        yield from self._scan_batch(batch)

    def _scan_batch(self, batch: list[tuple[str, PageContext | None]]) -> list[ScanResult]:
        """The results of some texts, whose first pass is done at once."""
        if not batch:
            return []
        compiled = self._compiled
        texts = _texts(batch, compiled.syllables)
        lines = [text.plain for text in texts]
        page_at = {number: text.words for number, text in enumerate(texts) if text.words}
        seen = shown(compiled, [*lines, *page_at.values()])
        of_page = dict(zip(page_at, range(len(lines), len(lines) + len(page_at)), strict=True))
        met = _met(seen, len(texts), of_page)
        results = [CUT if text.truncated else NOTHING for text in texts]
        for_weights = WEIGHED | compiled.two
        of_rules = {number: bits for number, bits in met.items() if bits & ~for_weights}
        opened = openings(compiled, lines, seen, of_rules)
        mender = Mender(compiled.prepared.tables)
        learned = self._learned(texts, met, opened, mender)
        for number, hits in self._hits(texts, opened, learned, mender).items():
            hits.sort(key=lambda hit: (hit.start, hit.end, hit.rule))
            truncated = texts[number].truncated or len(hits) > MAX_HITS
            results[number] = ScanResult(tuple(hits[:MAX_HITS]), truncated)
        return results

    def _learned(
        self,
        texts: Sequence["_Text"],
        met: Mapping[int, int],
        opened: Mapping[int, Openings],
        mender: Mender,
    ) -> Weighed:
        """What the weights say of texts that show a term for which they are read, or open rules."""
        two = self._compiled.two
        lines = {
            number: texts[number].plain
            for number, bits in met.items()
            if bits & (WEIGHED | EVADED) or (bits & two).bit_count() > 1 or number in opened
        }
        return weighed(self._compiled, lines, opened, mender)

    def _hits(
        self,
        texts: Sequence["_Text"],
        opened: Mapping[int, Openings],
        learned: Weighed,
        mender: Mender,
    ) -> dict[int, list[Hit]]:
        """The hits of the texts that must be read, in no set order, with those of the weights.

        What the weights found of a claim is not looked for again by rules.
        """
        hits = {
            number: [_hit(verdict, texts[number]) for verdict in verdicts[: MAX_HITS + 1]]
            for number, verdicts in learned.verdicts.items()
        }
        left = self._left(opened, learned)
        hits |= {number: [] for number in left if number not in hits}
        for parts in some_at_once(self._parts(texts, left, learned, hits), READ_AT_ONCE):
            verdicts = read(self._compiled, parts, mender)
            for (number, _), some in zip(parts, verdicts, strict=True):
                hits[number] += [_hit(verdict, texts[number]) for verdict in some]
        return {number: own for number, own in hits.items() if own}

    def _parts(
        self,
        texts: Sequence["_Text"],
        left: Mapping[int, Openings],
        learned: Weighed,
        hits: Mapping[int, list[Hit]],
    ) -> Iterator[tuple[int, Part]]:
        """The parts of texts that are read; of one with more hits than are given no more."""
        for number, own in left.items():
            text, doubt = texts[number], partial(learned.doubt, number)
            page_groups = self._page_groups(text.words)
            for window in windows(own.at, len(text.plain)):
                if len(hits[number]) > MAX_HITS:
                    break
                yield number, Part(text.plain, window, own, page_groups, doubt)

    def _left(self, opened: Mapping[int, Openings], learned: Weighed) -> dict[int, Openings]:
        """The openings of claims that were not found before, of texts that may hold an offer."""
        claim_of, firm_ways = self._compiled.claim_of, self._compiled.firm_ways
        left = {}
        for number, own in opened.items():
            ways, found = own.ways, learned.verdicts.get(number)
            if found:
                claims = {each.rule.claim.claim for each in found}
                ways = frozenset(way for way in ways if claim_of[way] not in claims)
            elif learned.doubt(number).is_sure():
                ways &= firm_ways
            if ways or (own.edits and not found):
                left[number] = own._replace(ways=ways)
        return left

    def _page_groups(self, words: str) -> frozenset[str]:
        """The groups whose terms the page's own words show."""
        if not words:
            return frozenset()
        (tagged,) = tag(
            self._compiled, [fold(words, self._compiled.prepared.tables)], [frozenset()]
        )
        return frozenset(name for name in self._compiled.needed if tagged.tags(name))


def _met(seen: Shown, texts: int, of_page: Mapping[int, int]) -> dict[int, int]:
    """The bits that each of some texts or its page shows, of those that show any."""
    met = {}
    for number in range(texts):
        bits = seen.bits.get(number, 0)
        if number in of_page:
            bits |= seen.bits.get(of_page[number], 0)
        if bits:
            met[number] = bits
    return met


class _Text(NamedTuple):
    """A text as it came and as it is read, and the words of its page."""

    given: str
    plain: str
    source: Source | None
    words: str
    truncated: bool

    def original(self, start: int, end: int) -> Place:
        """The place in the given text of one in the plain text."""
        return self.source.original(start, end) if self.source else (start, end)


def _texts(
    batch: Sequence[tuple[str, PageContext | None]], syllables: frozenset[str]
) -> list[_Text]:
    """Texts, cut to what is read of them, with what a page's machinery put into them undone."""
    given = [text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] for text, _ in batch]
    words = [page.words if page else "" for _, page in batch]
    long = [len(text) > MAX_CHARACTERS for text, _ in batch]
    texts = list(map(_Text, given, given, repeat(None), words, long))
    for number in rewrite.marked(given):
        undone = rewrite.undo(given[number], syllables)
        if undone is not None:
            plain, source = undone
            texts[number] = texts[number]._replace(plain=plain, source=source)
    return texts


def full_hash(pack: Pack) -> str:
    """`sha256:…` of the pack, of the matcher's version and of the segmenter's."""
    return digest([pack.hash, MATCHER_VERSION, WORDS_VERSION])


def _hit(verdict: Verdict, text: _Text) -> Hit:
    rule, claim = verdict.rule.rule, verdict.rule.claim
    start, end = text.original(verdict.start, verdict.end)
    words = text.given[start:end]
    return Hit(
        claim.claim,
        rule.id,
        verdict.rule.hash,
        start,
        end,
        words,
        verdict.score,
        sentence(words, rule.says, verdict.factors),
        rule.law or claim.law,
        rule.severity or claim.severity,
        verdict.factors,
    )
