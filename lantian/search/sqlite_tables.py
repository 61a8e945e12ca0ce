"""The tables of the embedded index.

The clues of one build stand in two tables: `entry_N` with everything that can be filtered, and
`words_N`, an FTS5 index over the spelled tokens. `generation` says which N is live and which is
being built; a rebuild fills a second pair and swaps the roles in one transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from lantian.search.entry import FINAL_REVISION, Fingerprint, Row
from lantian.search.port import MAPPING_VERSION
from lantian.search.sqlite_file import Connection, driver

_GENERATIONS = """
CREATE TABLE IF NOT EXISTS generation (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    role TEXT NOT NULL UNIQUE CHECK (role IN ('live', 'building')),
    mapping INTEGER NOT NULL,
    tokeniser TEXT NOT NULL,
    change INTEGER NOT NULL DEFAULT 0,      -- grows with every write
    words_change INTEGER NOT NULL DEFAULT 0 -- its value at the last write of a clue's words
)
"""
_ENTRIES = """
CREATE TABLE entry_{number} (
    clue_id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    change INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    streamed INTEGER NOT NULL,  -- put by the rebuild itself, not by someone beside it
    words_check INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    score REAL NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    decided_at INTEGER,
    platform INTEGER NOT NULL,
    source INTEGER NOT NULL,
    seller INTEGER NOT NULL,
    state TEXT NOT NULL,
    presence TEXT NOT NULL,
    region TEXT NOT NULL,
    notice_state TEXT NOT NULL,
    claims TEXT NOT NULL
)
"""
_KNOWN = "SELECT clue_id, revision, words_check FROM entry_{number} WHERE clue_id IN ({ids})"
_PUT_WORDS = "INSERT INTO words_{number} (rowid, title, body) VALUES (?, ?, ?)"
_DELETE_WORDS = "DELETE FROM words_{number} WHERE rowid = ?"
_FINGERPRINT = "SELECT count(*), ifnull(sum(checksum), 0) FROM entry_{number} WHERE {condition}"
_COUNT_WORDS = "SELECT count(*) FROM words_{number}_docsize"
_TOUCHED = "SELECT clue_id FROM entry_{number} WHERE NOT streamed"
_PUT = """
INSERT OR REPLACE INTO entry_{number} (
    clue_id, revision, change, gone, streamed, words_check, checksum, severity, score,
    first_seen, last_seen, decided_at, platform, source, seller, state, presence, region,
    notice_state, claims
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class Generation:
    """One pair of tables and what it was built with."""

    def __init__(self, record: Sequence[Any]) -> None:
        self.number: int = record[0]
        self.role: str = record[1]
        self.mapping: int = record[2]
        self.tokeniser: str = record[3]
        self.change: int = record[4]
        self.words_change: int = record[5]

    @property
    def ours(self) -> bool:
        """Whether this program can read and write it."""
        return self.mapping == MAPPING_VERSION


def prepare(connection: Connection) -> None:
    """Make the table of generations where it is missing."""
    connection.execute(_GENERATIONS)


def generations(connection: Connection) -> dict[str, Generation]:
    """The generations by their role."""
    try:
        records = connection.execute(
            "SELECT number, role, mapping, tokeniser, change, words_change FROM generation"
        ).fetchall()
    except driver.OperationalError as error:
        if "no such table" in str(error):
            return {}
        raise
    return {record[1]: Generation(record) for record in records}


def create(connection: Connection, role: str, tokeniser: str) -> int:
    """The number of a new, empty generation."""
    cursor = connection.execute(
        "INSERT INTO generation (role, mapping, tokeniser) VALUES (?, ?, ?)",
        (role, MAPPING_VERSION, tokeniser),
    )
    number = cursor.lastrowid
    # Tokens are spelled so that `ascii` keeps each whole. Before SQLite 3.43 words could not be
    # deleted without keeping the text as well.
    kept = "content='', contentless_delete=1, " if driver.sqlite_version_info >= (3, 43) else ""
    connection.execute(_ENTRIES.format(number=number))
    connection.execute(f"CREATE INDEX entry_{number}_change ON entry_{number} (change)")
    connection.execute(
        f"CREATE VIRTUAL TABLE words_{number} USING fts5(title, body, {kept}tokenize='ascii')"
    )
    assert number is not None  # noqa: S101  (an INSERT has a row id)
    return number


def drop_unused(connection: Connection) -> None:
    """Drop the tables of generations that are no more."""
    used = {generation.number for generation in generations(connection).values()}
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'entry_[0-9]*'"
    ).fetchall()
    for (name,) in names:
        number = int(name.removeprefix("entry_"))
        if number not in used:
            connection.execute(f"DROP TABLE IF EXISTS words_{number}")
            connection.execute(f"DROP TABLE entry_{number}")


def write(
    connection: Connection, generation: Generation, rows: Sequence[Row], *, streamed: bool
) -> int:
    """The number of rows that were newer than what the generation had, and are in it now."""
    best: dict[int, Row] = {}
    for row in rows:
        if row.clue_id not in best or row.revision > best[row.clue_id].revision:
            best[row.clue_id] = row
    number = generation.number
    known = _known(connection, number, best)
    newer = [
        row
        for row in best.values()
        if row.clue_id not in known or row.revision > known[row.clue_id][0]
    ]
    change = generation.change + 1
    connection.executemany(
        _PUT.format(number=number), [_record(row, change, streamed=streamed) for row in newer]
    )
    reworded = [row for row in newer if known.get(row.clue_id, (0, -1))[1] != row.words_check]
    connection.executemany(
        _DELETE_WORDS.format(number=number),
        [(row.clue_id,) for row in reworded if row.clue_id in known],
    )
    connection.executemany(
        _PUT_WORDS.format(number=number),
        [(row.clue_id, row.title, row.body) for row in reworded],
    )
    _changed(connection, number, change, words=bool(reworded))
    return len(newer)


def bury(connection: Connection, generation: Generation, clue_ids: Iterable[int]) -> int:
    """The number of clues that were deleted for good; their words and values are gone."""
    number, change = generation.number, generation.change + 1
    ids = dict.fromkeys(clue_ids, True)
    known = _known(connection, number, ids)
    fresh = [clue_id for clue_id in ids if known.get(clue_id, (0, 0))[0] != FINAL_REVISION]
    connection.executemany(
        _DELETE_WORDS.format(number=number),
        [(clue_id,) for clue_id in fresh if clue_id in known],
    )
    zeros = (0, 0, 0.0, 0, 0, None, 0, 0, 0, "", "", "", "", "")
    connection.executemany(
        _PUT.format(number=number),
        [(clue_id, FINAL_REVISION, change, 1, 0, 0, *zeros) for clue_id in fresh],
    )
    _changed(connection, number, change, words=bool(fresh))
    return len(fresh)


def _known(
    connection: Connection, number: int, clue_ids: Iterable[int]
) -> dict[int, tuple[int, int]]:
    ids = ",".join(map(str, clue_ids))
    return {
        clue_id: (revision, words_check)
        for clue_id, revision, words_check in connection.execute(
            _KNOWN.format(number=number, ids=ids)
        )
    }


def _record(row: Row, change: int, *, streamed: bool) -> tuple[Any, ...]:
    return (
        row.clue_id,
        row.revision,
        change,
        0,
        int(streamed),
        row.words_check,
        row.checksum,
        row.severity,
        row.score,
        row.first_seen,
        row.last_seen,
        row.decided_at,
        row.platform,
        row.source,
        row.seller,
        row.state,
        row.presence,
        row.region,
        row.notice_state,
        " ".join(row.claims),
    )


def _changed(connection: Connection, number: int, change: int, *, words: bool) -> None:
    connection.execute(
        "UPDATE generation SET change = ?, words_change = CASE ? WHEN 1 THEN ? ELSE words_change "
        "END WHERE number = ?",
        (change, int(words), change, number),
    )


def fingerprint(connection: Connection, number: int, condition: str) -> Fingerprint:
    """Count and checksum of the rows that meet `condition` (SQL)."""
    count, checksum = connection.execute(
        _FINGERPRINT.format(number=number, condition=condition)
    ).fetchone()
    return Fingerprint(count, checksum)


def count_words(connection: Connection, number: int) -> int:
    """Of how many clues the generation has the words."""
    count: int = connection.execute(_COUNT_WORDS.format(number=number)).fetchone()[0]
    return count


def touched(connection: Connection, number: int) -> list[int]:
    """The clues that someone else than the rebuild put or deleted last."""
    return [clue_id for (clue_id,) in connection.execute(_TOUCHED.format(number=number))]
