"""A store of many clues with all that stands behind them, seeded, written in bulk: for `queue`."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import insert, text

from bench.site import OFFENCES, sentence
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    ClueClaim,
    Crawl,
    Decision,
    Document,
    Entity,
    Hit,
    Page,
    Platform,
    Seller,
    Source,
    User,
)
from lantian.store.engine import Store
from matchers.pack import load_pack
from matchers.words import VERSION, tokens_for_index

SEED = 21
CLUES = 100_000
PLATFORMS, SOURCES, SELLERS, TEXTS, BATCH = 12, 30, 5_000, 1_000, 5_000
START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 300
CLAIMS = ("guaranteed_grant", "green_channel", "name_hanging", "official_impersonation")
DIGEST = "sha256:" + "0" * 64

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A text with its index tokens and the place of its offence."""

    text: str
    tokens: list[str]
    start: int
    end: int


def fill(store: Store, clues: int = CLUES, seed: int = SEED) -> list[Row]:
    """Fill an empty store; the rows of its clues, as the filters see them."""
    rng = random.Random(seed)
    seen: list[Row] = []
    with store.write() as session:
        for entity, rows in _few(rng):
            session.execute(insert(entity), rows)
        texts = list(_texts(rng))
        numbers = iter(range(1, clues + 1))
        while batch := list(islice(numbers, BATCH)):
            tables: dict[type[Entity], list[Row]] = {}
            for number in batch:
                for entity, row in _clue(number, rng, texts):
                    tables.setdefault(entity, []).append(row)
            for entity, rows in tables.items():
                session.execute(insert(entity), rows)
            claims: dict[int, list[str]] = {}
            for row in tables[ClueClaim]:
                claims.setdefault(row["clue_id"], []).append(row["claim"])
            seen += [
                {key: value for key, value in row.items() if key != "tokens"}
                | {"claims": claims[row["id"]]}
                for row in tables[Clue]
            ]
    if store.engine.dialect.name == "postgresql":
        # As its autovacuum does by itself after a while.
        with store.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("analyze"))
    return seen


def _few(rng: random.Random) -> Iterator[tuple[type[Entity], list[Row]]]:
    """What there are few of."""
    yield (
        User,
        [
            {
                "id": 1,
                "name": "bench",
                "display_name": "试用",
                "role": "reviewer",
                "created_at": START,
            }
        ],
    )
    yield (
        Platform,
        [
            {"id": one, "name": f"p{one}.example", "title": f"平台{one}", "created_at": START}
            for one in range(1, PLATFORMS + 1)
        ],
    )
    yield (
        Source,
        [
            {
                "id": one,
                "name": f"source-{one}",
                "title": f"监测源{one}",
                "kind": "shop",
                "profile": "site",
                "start_urls": [],
                "platform_id": 1 + one % PLATFORMS,
                "created_at": START,
            }
            for one in range(1, SOURCES + 1)
        ],
    )
    yield (
        Crawl,
        [
            {
                "id": one,
                "source_id": one,
                "spider": "shop",
                "job_key": f"crawl:{one}",
                "token": 1,
                "state": "finished",
                "started_at": START,
                "recorded_at": START,
                "alarms": [],
            }
            for one in range(1, SOURCES + 1)
        ],
    )
    sellers = [
        {
            "id": one,
            "platform_id": 1 + rng.randrange(PLATFORMS),
            "key": f"S{one}",
            "name": f"店铺{one}",
            "url": f"http://p1.example/shop/{one}",
            "first_seen_at": START,
            "last_seen_at": START,
        }
        for one in range(1, SELLERS + 1)
    ]
    yield Seller, sellers


@cache
def _law() -> dict[str, list[str]]:
    """The law keys of each claim, as shipped."""
    return {claim.claim: list(claim.law) for claim in load_pack().claims}


def _texts(rng: random.Random) -> Iterator[Told]:
    for _ in range(TEXTS):
        lines = [sentence(rng) for _ in range(rng.randrange(4, 16))]
        offence = rng.choice(OFFENCES).rstrip("。")
        lines.insert(rng.randrange(len(lines)), offence + "。")
        told = "".join(lines)
        start = told.index(offence)
        yield Told(told, tokens_for_index(told), start, start + len(offence))


def _clue(number: int, rng: random.Random, texts: list[Told]) -> Iterator[tuple[type[Entity], Row]]:
    """The rows of one clue, those that others point to first."""
    told = rng.choice(texts)
    source = rng.randrange(1, SOURCES + 1)
    platform = 1 + source % PLATFORMS
    seen = START + timedelta(seconds=rng.randrange(DAYS * 86_400))
    last = seen + timedelta(hours=rng.randrange(1, 500))
    url = f"http://p{platform}.example/goods/{number}"
    # A few sellers have many clues, as in the world.
    seller = 1 + int(SELLERS * rng.random() ** 3)
    state = rng.choices(("open", "confirmed", "dismissed"), (6, 1, 3))[0]
    decided = last + timedelta(hours=rng.randrange(1, 200)) if state != "open" else None
    severity = rng.choices((1, 2, 3), (2, 5, 3))[0]
    claims = rng.sample(CLAIMS, k=rng.choice((1, 1, 1, 2)))
    yield (
        Page,
        {
            "id": number,
            "source_id": source,
            "url": url,
            "first_seen_at": seen,
            "last_visit_at": last,
            "last_outcome": "seen",
            "last_capture_id": number,
            "content_digest": DIGEST,
        },
    )
    yield (
        Capture,
        {
            "id": number,
            "page_id": number,
            "crawl_id": source,
            "url": url,
            "final_url": url,
            "at": seen,
            "recorded_at": seen,
            "via": "http",
            "status": 200,
            "payload_digest": DIGEST,
            "content_digest": DIGEST,
            "reader_version": "1",
            "profile_version": DIGEST,
            "tool_version": "bench",
            "hit_count": len(claims),
        },
    )
    for role, media_type in (("payload", "text/html"), ("screenshot", "image/png")):
        yield (
            Artifact,
            {
                "capture_id": number,
                "role": role,
                "media_type": media_type,
                "digest": "sha256:" + sha256(f"{number}{role}".encode()).hexdigest(),
                "size": 30_000,
                "file": f"crawl-{source}.warc.gz",
                "offset": number * 9_000,
                "length": 9_000,
                "record_id": f"<urn:uuid:{number}>",
                "record_digest": DIGEST,
                "notes": {},
            },
        )
    yield (
        Document,
        {
            "id": number,
            "source_id": source,
            "platform_id": platform,
            "posting_key": f"listing:T{number}",
            "version": 1,
            "kind": "listing",
            "page_id": number,
            "capture_id": number,
            "seller_id": seller,
            "url": url,
            "title": f"专利申请服务 {number}",
            "text": told.text,
            "text_digest": DIGEST,
            "price": "1200",
            "fields": {},
            "reader_version": "1",
            "profile_version": DIGEST,
            "first_seen_at": seen,
            "last_seen_at": last,
            "last_crawl_id": source,
        },
    )
    for claim in claims:
        yield (
            Hit,
            {
                "document_id": number,
                "claim": claim,
                "rule_id": f"{claim}.bench",
                "rule_hash": DIGEST,
                "pack_hash": DIGEST,
                "start": told.start,
                "end": told.end,
                "text": told.text[told.start : told.end],
                "score": 0.9,
                "severity": severity,
                "why": "bench",
                "law": _law()[claim],
                "found_at": seen,
            },
        )
    yield (
        Clue,
        {
            "id": number,
            "source_id": source,
            "platform_id": platform,
            "posting_key": f"listing:T{number}",
            "document_id": number,
            "seller_id": seller,
            "state": state,
            "presence": rng.choices(("online", "gone"), (9, 1))[0],
            "severity": severity,
            "score": round(rng.random(), 3),
            "pack_hash": DIGEST,
            "first_seen_at": seen,
            "last_seen_at": last,
            "decided_at": decided,
            "revision": 1 if decided is None else 2,
            "tokens": told.tokens,
            "tokens_version": VERSION,
        },
    )
    for claim in claims:
        yield (
            ClueClaim,
            {
                "clue_id": number,
                "claim": claim,
                "state": state,
                "severity": severity,
                "score": 0.9,
                "hit_count": 1,
            },
        )
    if decided is not None:
        yield (
            Decision,
            {
                "clue_id": number,
                "verdict": state,
                "document_id": number,
                "pack_hash": DIGEST,
                "covered": [],
                "previous": {},
                "user_id": 1,
                "at": decided,
                "recorded_at": decided,
            },
        )
