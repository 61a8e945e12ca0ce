"""What grouping costs in the store, and how far groups run together.

Clues get new texts, 32 in a transaction, as a crawl brings them. `many`: texts that share nothing
but patterns of sentences; `template`: one text with six letters changed in each; `shared`: 150
letters of their own (of few patterns) and 150 that all have.

    python -m bench.grouping [CLUES [ADDRESS OF AN EMPTY STORE]]
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, update

from bench import market
from bench.texts import texts
from lantian.clues.likeness import group_clues, group_members, groups_of
from lantian.model import Clue, Document, TextBand, TextForm
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from matchers.pack import load_pack
from matchers.scan import Matcher
from matchers.text import Tables

CLUES = 4_000
AT_ONCE = 32
SHOWN = 50
SEED = 20_261_128


def _many() -> Iterator[str]:
    for text, _ in texts(SEED, 1e6, 1.0):
        yield text


def _template() -> Iterator[str]:
    chance = random.Random(SEED)
    template = next(_many())
    while True:
        letters = list(template)
        for _ in range(6):
            letters[chance.randrange(len(letters))] = chr(chance.randrange(0x4E00, 0x9FA5))
        yield "".join(letters)


def _shared() -> Iterator[str]:
    made = _many()
    common = next(made)[:150]
    for text in made:
        yield text[:150] + common


KINDS = {"many": _many, "template": _template, "shared": _shared}


def measured(store: Store, kind: str, clues: int, tables: Tables) -> str:
    """One line of the table."""
    market.fill(store, clues)
    made = KINDS[kind]()
    with store.read() as session:
        rows = session.execute(select(Clue.id, Clue.document_id).order_by(Clue.id)).all()
    taken = []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        with store.write() as session:
            session.execute(
                update(Document), [{"id": row.document_id, "text": next(made)} for row in some]
            )
        with store.write() as session:
            begun = time.perf_counter()
            group_clues(session, [row.id for row in some], tables)
            taken.append((time.perf_counter() - begun) * 1_000)
    tenth = max(1, len(taken) // 10)
    with store.read() as session:
        counts = [
            session.scalar(select(what)) or 0
            for what in (
                func.count(TextForm.id),
                func.count(TextForm.group_digest.distinct()),
            )
        ]
        bands = session.scalar(select(func.count()).select_from(TextBand)) or 0
        ids = [row.id for row in rows[:SHOWN]]
        begun = time.perf_counter()
        groups = groups_of(session, ids)
        listed = (time.perf_counter() - begun) * 1_000
        begun = time.perf_counter()
        group_members(session, ids[0], limit=200)
        members = (time.perf_counter() - begun) * 1_000
        largest = max((group.clues for group in groups.values()), default=1)
    first, last = (statistics.median(some) for some in (taken[:tenth], taken[-tenth:]))
    return (
        f"| {kind} | {first:.0f} | {last:.0f}"
        f" | {max(taken):.0f} | {counts[0]:,} | {bands / counts[0]:.0f} | {counts[1]:,}"
        f" | {largest:,} | {listed:.0f} | {members:.0f} |"
    )


def main() -> None:
    """Print the table; a given store takes one kind only, since it must be empty."""
    clues = int(sys.argv[1]) if len(sys.argv) > 1 else CLUES
    tables = Matcher.compile(load_pack()).tables
    print(
        "| texts | ms a batch, first tenth | last tenth | longest | forms | bands a form | groups"
        " | largest of the first 50 | ms for 50 clues | ms for a list |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ["shared"] if len(sys.argv) > 2 else KINDS:
            address = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder) / kind}.db"
            store = Store(address)
            upgrade(store)
            print(measured(store, kind, clues, tables), flush=True)
            store.close()


if __name__ == "__main__":
    main()
