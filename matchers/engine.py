"""Literal engines: many byte strings found in one pass, in linear time.

Characters are coded as two bytes, the first below 0x40, the second not: no literal can match
from the middle of a character, and none holds a zero byte. One contract, two engines.
"""

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from matchers.errors import DamagedMatcher, EngineMissing

Found = tuple[int, int, int]
"""Number of a literal, and the half-open bytes at which it stands."""


class LiteralEngine(Protocol):
    """Finds every occurrence, overlapping ones too, of the literals it was made of."""

    name: str

    def find(self, data: bytes) -> list[Found]:
        """Each occurrence, by its end."""
        ...

    def dump(self) -> bytes | None:
        """The compiled literals, to be made again from; `None`: making them anew is as quick."""
        ...


class Hyperscan:
    """The vectorised engine; finds by `hyperscan` (Intel's or Vectorscan)."""

    name = "hyperscan"

    def __init__(self, literals: Sequence[bytes], compiled: bytes | None = None) -> None:
        import hyperscan

        self._sizes = [len(literal) for literal in literals]
        if compiled is not None:
            try:
                self._database = hyperscan.loadb(compiled, hyperscan.HS_MODE_BLOCK)
            except hyperscan.error as error:
                raise DamagedMatcher(f"no database of this engine: {error}.") from error
        else:
            self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            self._database.compile(
                expressions=list(literals), ids=list(range(len(literals))), literal=True
            )
        self._make_scratch = hyperscan.Scratch
        self._local = threading.local()

    def dump(self) -> bytes:
        """The compiled literals; `compiled` of a later instance on the same machine."""
        import hyperscan

        data: bytes = hyperscan.dumpb(self._database)
        return data

    def find(self, data: bytes) -> list[Found]:
        """Each occurrence, by its end."""
        found: list[Found] = []
        add, sizes = found.append, self._sizes

        def on_match(number: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            add((number, end - sizes[number], end))

        self._database.scan(data, match_event_handler=on_match, scratch=self._scratch())
        found.sort(key=_end)
        return found

    def _scratch(self) -> Any:
        """The working space of this thread: two scans at once may not share one."""
        try:
            return self._local.scratch
        except AttributeError:
            self._local.scratch = self._make_scratch(self._database)
            return self._local.scratch


def _end(found: Found) -> int:
    return found[2]


class AhoCorasick:
    """The portable engine, the faster one where much is found; finds by `ahocorasick_rs`."""

    name = "ahocorasick_rs"

    def __init__(self, literals: Sequence[bytes]) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        self._automaton = BytesAhoCorasick(list(literals))

    def find(self, data: bytes) -> list[Found]:
        """Each occurrence, by its end."""
        return self._automaton.find_matches_as_indexes(data, overlapping=True)

    def dump(self) -> bytes | None:
        """Nothing: the automaton is made in a moment."""
        return None


@cache
def available() -> tuple[str, ...]:
    """The engines that are installed, the one that is faster where little is found first."""
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
    dense: bool = False,
) -> LiteralEngine:
    """An engine for `literals` (none empty, no zero byte): the named one, or the best here.

    `dense` says that much will be found; `compiled` is what the named engine dumped of the same
    literals. Raises `EngineMissing`.
    """
    names = available()
    if not names:
        raise EngineMissing(
            "no literal engine is installed.", hint="Install hyperscan or ahocorasick_rs."
        )
    name = name or names[-1 if dense else 0]
    if name not in names:
        raise EngineMissing(f"the engine {name!r} is not installed.", hint=f"Install {name}.")
    return Hyperscan(literals, compiled) if name == Hyperscan.name else AhoCorasick(literals)
