"""The state of the made-up market in each of its twelve weeks: pure, from a fixed seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.wording import AGENCIES, INNOCENT, MEMBERS, OFFERS, THREADS

WEEKS = 12
SEED = 20260907
MALL_GOODS = 40
SCRIPTED_ITEMS = 20
FOOTERS = ("支持对公", "可开发票", "工作日回复")
STAYS = (3, WEEKS)
"""A listing is on line for this many weeks, at least and at most."""
CLAIMING = frozenset({0, 1, 3, 4, 6, 7, 9})


@dataclass(frozen=True, slots=True)
class Listing:
    """Goods of the mall or an item of the scripted shop, on line from week `first` to `last`."""

    id: str
    title: str
    body: str
    claim: str
    price: str
    seller_id: str
    seller: str
    created: datetime
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Post:
    """A post of the forum; the first of its thread has number 0."""

    id: int
    author_id: int
    author: str
    text: str
    claim: str
    posted: datetime
    week: int


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread with its posts, in order."""

    id: int
    subject: str
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that was ever on line; what of it stands in a week is asked for by week."""

    mall: tuple[Listing, ...]
    scripted: tuple[Listing, ...]
    threads: tuple[Thread, ...]

    def listings(self, site: str, week: int) -> list[Listing]:
        """What is on line in that week, newest first."""
        of = self.mall if site == "mall" else self.scripted
        return [item for item in reversed(of) if item.first <= week <= item.last]

    def forum(self, week: int) -> list[Thread]:
        """The threads of that week with the posts that were written by then, newest first."""
        begun = [
            Thread(
                thread.id,
                thread.subject,
                tuple(post for post in thread.posts if post.week <= week),
            )
            for thread in self.threads
        ]
        return [thread for thread in reversed(begun) if thread.posts]


def make_market(end: datetime) -> Market:
    """The market whose last week is the one of `end` (an aware instant)."""
    rng = random.Random(SEED)
    start = end - timedelta(weeks=WEEKS - 1)
    return Market(
        mall=tuple(_listings(rng, "T", 1001, MALL_GOODS * 2, start)),
        scripted=tuple(_listings(rng, "K", 2001, SCRIPTED_ITEMS * 2, start)),
        threads=tuple(_threads(rng, start)),
    )


def _listings(
    rng: random.Random, letter: str, first_id: int, number: int, start: datetime
) -> Iterator[Listing]:
    """About half of them on line in any week, seven of ten with a claim: posts rarely have one."""
    spans = sorted(_span(rng, at, number) for at in range(number))
    for at, (first, last) in enumerate(spans):
        title, body, claim = (
            rng.choice(OFFERS) if at % 10 in CLAIMING else (*rng.choice(INNOCENT), "")
        )
        seller = rng.randrange(len(AGENCIES))
        yield Listing(
            id=f"{letter}{first_id + at}",
            title=f"{title} {rng.choice(('A', 'B', 'C', 'D'))}{at:02d}款",
            body=f"{body}编号 {letter}-{first_id + at}，{rng.choice(FOOTERS)}。",
            claim=claim,
            price=f"{rng.randrange(3, 60) * 100 - 20:,}.00",
            seller_id=f"{'S' if letter == 'T' else 'M'}{seller + 1}",
            seller=AGENCIES[seller],
            created=start
            + timedelta(weeks=first, days=-rng.randrange(1, 7), hours=rng.randrange(9)),
            first=first,
            last=last,
        )


def _span(rng: random.Random, at: int, number: int) -> tuple[int, int]:
    # Some were there before the story began; the others come in evenly.
    before = number * 2 // 5
    if at < before:
        return 0, rng.randint(0, WEEKS - 1)
    first = 1 + (at - before) * (WEEKS - 1) // (number - before)
    return first, min(WEEKS - 1, first + rng.randint(*STAYS))


def _threads(rng: random.Random, start: datetime) -> Iterator[Thread]:
    post_id = 88001
    for number in range(len(THREADS) * 3):
        subject, opening, replies = THREADS[number % len(THREADS)]
        # Eleven threads were there from the start; the others come in evenly.
        first = max(0, number - 10) * WEEKS // (len(THREADS) * 3 - 10)
        written = [(opening, ""), *rng.sample(replies, len(replies))]
        posts = []
        for at, (text, claim) in enumerate(written):
            week = min(WEEKS - 1, first + at // 2)
            author = rng.randrange(len(MEMBERS))
            posts.append(
                Post(
                    id=post_id,
                    author_id=31 + author,
                    author=MEMBERS[author],
                    text=f"{text}{rng.choice(('', '', '（编辑过）', '顶一下。'))}",
                    claim=claim,
                    posted=start + timedelta(weeks=week, days=-rng.randrange(1, 6), minutes=at * 7),
                    week=week,
                )
            )
            post_id += 1
        yield Thread(5001 + number, f"{subject}（{number + 1}）", tuple(posts))
