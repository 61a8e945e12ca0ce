"""What one host may be asked for, shared by all crawls on all machines: one row a host.

A crawl asks for a share (`ask`) before its first request and again every few seconds, never for
each page: it is given requests at a time (`slots`), and where the host wants a delay either the
time until `free_until` to pace itself, while it is alone there, or moments of its own. Moments that
nobody uses pass. What a crawl holds lapses `LAPSE` after it last asked, so a worker that was killed
keeps nothing. The strictest manners of those who are there hold for all of them.

The budget of a day is shared in the same row (`allot`): what the sources of the host took stands in
`source_day`, what a crawl may still take beyond that is allotted to it for as long as it holds its
job. `rest` keeps everybody away for a time, as after 429 or 503 with Retry-After: each crawl learns
of it when it next asks, within `ALONE` seconds.

All times are those of the database, in seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lantian.model import Host, Job, SourceDay
from lantian.store.engine import database_now

LAPSE = 15.0
"""Seconds after which a share is free that its holder did not ask for again."""
ALONE = 3.0
"""Seconds for which a crawl that is alone has the host to itself."""
TURN = 1.0
"""Seconds for which moments are reserved, and after which those who share ask again."""
SOON = 0.25
"""Seconds between two questions of a crawl that waits for others to let go."""
LEAST_DELAY = 0.05
"""Delays below are kept by each crawl alone: requests at a time bound the host's load then."""
PARTS_OF_DAY = 20
"""Of the budget of a day no more than this part is allotted at once."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks for a share: its manners, its requests under way, whether more of them wait.

    `active` is at least 1 while it has moments that are still to come: for these it keeps room.
    """

    holder: str
    delay: float
    concurrency: int
    active: int = 0
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """What a crawl may do until it asks again.

    A request may begin while fewer than `limit` are under way, not before `rest_until`, and where
    there is a `delay` either between `free_from` and `free_until`, or once at each of `times`, not
    later than half a delay after it. Moments hold beyond the next question.
    """

    now: float
    limit: int
    delay: float
    free_from: float
    free_until: float
    times: tuple[float, ...]
    rest_until: float
    ask_at: float
    until: float
    alone: bool


@dataclass(frozen=True, slots=True)
class Allotment:
    """What a source may come to today; `others`: what it lacks is allotted to others, unused."""

    pages: int
    bytes: float
    others: bool = False


def holder_of(job_id: int, token: int) -> str:
    """The name of a crawl in the rows of hosts."""
    return f"{job_id}:{token}"


def ask(session: Session, name: str, wish: Wish) -> Share:
    """The share of a crawl in the host of that name, written into its row.

    Requests at a time are divided evenly; where there are more crawls than these, they take turns.
    """
    now = database_now(session).timestamp()
    row = _locked(session, name)
    others = {
        who: entry
        for who, entry in row.holders.items()
        if who != wish.holder and entry["until"] > now
    }
    mine: dict[str, Any] = dict(row.holders.get(wish.holder) or {"slots": 0, "turn": 0.0})
    everybody = [{"delay": wish.delay, "concurrency": wish.concurrency}, *others.values()]
    delay = max(entry["delay"] for entry in everybody)
    delay = delay if delay >= LEAST_DELAY else 0.0
    most = min(entry["concurrency"] for entry in everybody)

    limit = _fair(wish.holder, mine, others, most)
    taken = sum(entry["slots"] for entry in others.values())
    limit = min(limit, max(0, most - taken))
    slots = max(wish.active, limit)
    if slots and not mine["slots"]:
        mine["turn"] = now
    # Moments are for who has room for a request at all.
    room = wish.waits and limit > wish.active
    pace = _paced(row, mine, now, delay, alone=not others, room=room) if delay else _unpaced(now)
    free_from, free_until, times = pace
    waits = limit < slots or (not limit and wish.waits)
    pause = SOON if waits else TURN if others else ALONE / 2 if delay else ALONE
    mine |= {
        "slots": slots,
        "until": now + LAPSE,
        "delay": wish.delay,
        "concurrency": wish.concurrency,
        "free_until": free_until if delay else 0.0,
    }
    row.holders = {**others, wish.holder: mine}
    session.flush()
    return Share(
        now=now,
        limit=limit,
        delay=delay,
        free_from=free_from,
        free_until=free_until,
        times=times,
        rest_until=_seconds(row.rest_until),
        ask_at=now + pause,
        until=now + LAPSE,
        alone=not others,
    )


def give_back(session: Session, name: str, holder: str) -> None:
    """Let go of the share; what was reserved and not begun passes unused."""
    row = _locked(session, name)
    if holder in row.holders:
        mine = row.holders[holder]
        now = database_now(session).timestamp()
        if now < mine.get("free_until", 0.0):
            # It paced itself until now: the next one need not wait for the rest of its time.
            row.next_at = _time(now + mine["delay"])
        row.holders = {who: entry for who, entry in row.holders.items() if who != holder}


def rest(session: Session, name: str, seconds: float) -> None:
    """Let nobody begin a request to the host for so many seconds; a longer rest stays."""
    row = _locked(session, name)
    until = database_now(session) + timedelta(seconds=seconds)
    if row.rest_until is None or row.rest_until < until:
        row.rest_until = until


def allot(
    session: Session,
    name: str,
    *,
    holder: str,
    source_id: int,
    day: date,
    most: tuple[int, float],
    counted: tuple[int, float],
    wanted: tuple[int, float] = (1, 0.0),
) -> Allotment:
    """What a source may come to today: pages and bytes, of `most` for all sources of the host.

    `counted` is what the caller knows that its source took, stored or not; it gets a part of what
    is left, at least `wanted` if there is as much. An allotment holds as long as its crawl holds
    its job.
    """
    row = _locked(session, name)
    if row.day != day.isoformat():
        row.day, row.sources, row.allotments = day.isoformat(), [], {}
    row.sources = sorted({*row.sources, source_id})
    live = _live(session, {who for who in row.allotments if who != holder})
    kept = {who: row.allotments[who] for who in live}
    spent = _spent(session, row)
    spent[source_id] = tuple(map(max, spent.get(source_id, (0, 0)), counted))
    own, found, outstanding = spent[source_id], [0.0, 0.0], [0.0, 0.0]
    for which in (0, 1):
        outstanding[which] = sum(
            max(0, entry[1 + which] - spent.get(entry[0], (0, 0))[which]) for entry in kept.values()
        )
        left = most[which] - sum(one[which] for one in spent.values()) - outstanding[which]
        part = max(ceil(most[which] / PARTS_OF_DAY), wanted[which])
        found[which] = own[which] + max(0, min(left, part))
    lacking = [which for which in (0, 1) if found[which] <= own[which]]
    if lacking:
        # Who must wait keeps nothing that another may be waiting for.
        found = list(own)
    others = any(outstanding[which] > 0 for which in lacking)
    row.allotments = {**kept, holder: [source_id, *found]}
    session.flush()
    return Allotment(int(found[0]), found[1], others)


def _fair(
    holder: str, mine: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]], most: int
) -> int:
    """The even part of requests at a time; a rest goes to those whose turn is longest ago."""
    turns = sorted((entry["turn"], who) for who, entry in {**others, holder: mine}.items())
    rank = turns.index((mine["turn"], holder))
    each, rest_of = divmod(most, len(turns))
    return each + (rank < rest_of)


Pace = tuple[float, float, tuple[float, ...]]


def _unpaced(now: float) -> Pace:
    return now, now + LAPSE, ()


def _paced(
    row: Host, mine: Mapping[str, Any], now: float, delay: float, *, alone: bool, room: bool
) -> Pace:
    """Time to itself for who is alone; for others moments, a delay apart from everybody's."""
    free_until = mine.get("free_until", 0.0)
    if not alone and now < free_until:
        # What it was given it keeps: who came meanwhile begins after it.
        return now, free_until, ()
    begin = now if now < free_until else max(now, _seconds(row.next_at))
    if alone:
        row.next_at = _time(begin + ALONE + delay)
        return begin, begin + ALONE, ()
    if not room:
        return 0.0, 0.0, ()
    times = tuple(begin + number * delay for number in range(max(1, int(TURN / delay))))
    row.next_at = _time(times[-1] + delay)
    return 0.0, 0.0, times


def _locked(session: Session, name: str) -> Host:
    """The row of the host, made if there was none, and ours until the transaction ends."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    made = insert(Host).values(name=name, holders={}, day="", sources=[], allotments={})
    session.execute(made.on_conflict_do_nothing(index_elements=["name"]))
    found = select(Host).where(Host.name == name).with_for_update()
    return session.scalars(found, execution_options={"populate_existing": True}).one()


def _live(session: Session, holders: set[str]) -> list[str]:
    """Those of the crawls that hold their jobs."""
    pairs = [tuple(map(int, who.split(":"))) for who in sorted(holders)]
    if not pairs:
        return []
    statement = select(Job.id, Job.token).where(
        Job.state == "leased",
        Job.lease_until > database_now(session),
        or_(*(and_(Job.id == job, Job.token == token) for job, token in pairs)),
    )
    return [holder_of(job, token) for job, token in session.execute(statement)]


def _spent(session: Session, row: Host) -> dict[int, tuple[float, ...]]:
    statement = (
        select(SourceDay.source_id, func.sum(SourceDay.pages), func.sum(SourceDay.bytes))
        .where(SourceDay.day == row.day, SourceDay.source_id.in_(row.sources))
        .group_by(SourceDay.source_id)
    )
    return {source: (int(pages), int(size)) for source, pages, size in session.execute(statement)}


def _seconds(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
