"""What each matching process is told, and what it says first."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lantian.errors import LantianError, PackError
from lantian.matching.answer import Answer

if TYPE_CHECKING:
    from matchers.scan import Matcher


@dataclass(frozen=True, slots=True)
class Setup:
    """Which pack is matched, where compiled ones are kept (`None`: nowhere), the day of the law."""

    pack_dir: Path | None
    cache_dir: Path | None
    day: date
    entities: bool = False
    """Whether those of texts with hits are told."""

    def matcher(self) -> "Matcher":
        """The matcher; raises `PackError`."""
        from lantian.matching.kept import matcher_of

        return matcher_of(self.pack_dir, self.cache_dir)

    def written(self) -> str:
        """As an argument of a process."""
        folders = [str(folder) if folder else None for folder in (self.pack_dir, self.cache_dir)]
        return json.dumps([*folders, self.day.isoformat(), self.entities])

    @classmethod
    def read(cls, argument: str) -> "Setup":
        """What `written` wrote."""
        pack_dir, cache_dir, day, entities = json.loads(argument)
        return cls(
            Path(pack_dir) if pack_dir else None,
            Path(cache_dir) if cache_dir else None,
            date.fromisoformat(day),
            entities,
        )


def hello(matcher: "Matcher") -> Answer:
    """What a process says when it has its matcher: the hash of the pack."""
    return Answer(matcher.pack_hash.encode(), b"")


def refusal(error: LantianError) -> Answer:
    """What a process says that has no matcher."""
    return Answer(b"", json.dumps([error.message, error.hint]).encode())


def pack_hash(said: Answer) -> str:
    """The hash of the pack that a process has; raises `PackError` where it has none."""
    if said.faults:
        message, hint = json.loads(said.faults)
        raise PackError(message, hint=hint)
    return said.out.decode()
