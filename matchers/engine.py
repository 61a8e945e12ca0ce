"""Literal engines: many byte strings found in one pass, in linear time.

Characters are coded as two bytes, the first below 0x40, the second not: no literal can match
from the middle of a character, and none holds a zero byte. One contract, two engines.
"""

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from matchers.errors import DamagedMatcher, EngineMissing

Found = tuple[int, int]


class LiteralEngine(Protocol):
    """Finds every occurrence, overlapping ones too, of the literals it was made of."""

    name: str

    def find(self, data: bytes) -> list[Found]:
        """(number of the literal, byte offset of its end) of each occurrence, in no set order."""
        ...

    def dump(self) -> bytes | None:
        """The compiled literals, to be made again from; `None`: making them anew is as quick."""
        ...


class Hyperscan:
    """The vectorised engine; finds by `hyperscan` (Intel's or Vectorscan)."""

    name = "hyperscan"

    def __init__(
        self, literals: Sequence[bytes], compiled: bytes | None = None, *, once: bool = False
    ) -> None:
        import hyperscan

        if compiled is not None:
            try:
                self._database = hyperscan.loadb(compiled, hyperscan.HS_MODE_BLOCK)
            except hyperscan.error as error:
                raise DamagedMatcher(f"no database of this engine: {error}.") from error
        else:
            self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            self._database.compile(
                expressions=list(literals),
                ids=list(range(len(literals))),
                flags=hyperscan.HS_FLAG_SINGLEMATCH if once else 0,
                literal=True,
            )
        self._make_scratch = hyperscan.Scratch
        self._local = threading.local()

    def dump(self) -> bytes:
        """The compiled literals; `compiled` of a later instance on the same machine."""
        import hyperscan

        data: bytes = hyperscan.dumpb(self._database)
        return data

    def find(self, data: bytes) -> list[Found]:
        """(number of the literal, byte offset of its end) of each occurrence."""
        found: list[Found] = []
        add = found.append

        def on_match(number: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            add((number, end))

        self._database.scan(data, match_event_handler=on_match, scratch=self._scratch())
        return found

    def _scratch(self) -> Any:
        """The working space of this thread: two scans at once may not share one."""
        try:
            return self._local.scratch
        except AttributeError:
            self._local.scratch = self._make_scratch(self._database)
            return self._local.scratch


class AhoCorasick:
    """The portable engine; finds by `ahocorasick_rs`."""

    name = "ahocorasick_rs"

    def __init__(self, literals: Sequence[bytes], *, once: bool = False) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self._once = once
        self._automaton = BytesAhoCorasick(list(literals))

    def find(self, data: bytes) -> list[Found]:
        """(number of the literal, byte offset of its end) of each occurrence."""
        matches = self._automaton.find_matches_as_indexes(data, overlapping=True)
        if self._once:
            return list({number: (number, end) for number, _, end in matches}.values())
        return [(number, end) for number, _, end in matches]

    def dump(self) -> bytes | None:
        """Nothing: the automaton is made in a moment."""
        return None


@cache
def available() -> tuple[str, ...]:
    """The engines that are installed, the faster one first."""
    names = []
    for name in (Hyperscan.name, AhoCorasick.name):
        try:
            __import__(name)
        except ImportError:
            continue
        names.append(name)
    return tuple(names)


def make_engine(
    literals: Sequence[bytes],
    name: str | None = None,
    compiled: bytes | None = None,
    *,
    once: bool = False,
) -> LiteralEngine:
    """An engine for `literals` (none empty, no zero byte): the named one, or the fastest here.

    `compiled` is what the named engine dumped of the same literals; with `once` each literal is
    found at one of its places only.
    """
    names = available()
    if not names:
        raise EngineMissing(
            "no literal engine is installed.", hint="Install hyperscan or ahocorasick_rs."
        )
    name = name or names[0]
    if name not in names:
        raise EngineMissing(f"the engine {name!r} is not installed.", hint=f"Install {name}.")
    if name == Hyperscan.name:
        return Hyperscan(literals, compiled, once=once)
    return AhoCorasick(literals, once=once)
