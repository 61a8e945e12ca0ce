"""The made-up market: always the same, never the same two weeks running, half of it innocent."""

from datetime import UTC, datetime

import pytest

from demo.market import WEEKS, make_market
from demo.wording import INNOCENT, OFFERS, THREADS
from matchers.pack import load_pack
from matchers.scan import Matcher

END = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def on_line(week: int) -> dict[str, str]:
    """What stands in that week, with its claim: goods, items and posts."""
    market = make_market(END)
    listings = [item for site in ("mall", "scripted") for item in market.listings(site, week)]
    posts = [post for thread in market.forum(week) for post in thread.posts]
    return {item.id: item.claim for item in listings} | {str(post.id): post.claim for post in posts}


def test_the_market_is_the_same_each_time() -> None:
    assert make_market(END) == make_market(END)


@pytest.mark.parametrize("week", range(WEEKS))
def test_in_any_week_sixty_stand_and_about_half_are_innocent(week: int) -> None:
    standing = on_line(week)
    assert len(standing) >= 60
    assert 0.35 <= sum(not claim for claim in standing.values()) / len(standing) <= 0.65


@pytest.mark.parametrize("week", range(1, WEEKS))
def test_each_week_some_are_new_and_some_are_gone(week: int) -> None:
    before, now = on_line(week - 1), on_line(week)
    assert now.keys() - before.keys()
    assert before.keys() - now.keys()


def test_nothing_is_written_before_the_week_in_which_it_appears() -> None:
    market = make_market(END)
    written = [item.created for item in (*market.mall, *market.scripted)]
    written += [post.posted for thread in market.threads for post in thread.posts]
    assert max(written) <= END


def test_the_matcher_finds_the_claims_of_the_texts_and_no_others() -> None:
    matcher = Matcher.compile(load_pack())

    def claims(text: str) -> set[str]:
        return {hit.claim for hit in matcher.scan(text).hits}

    for title, body, claim in OFFERS:
        assert claim in claims(f"{title}\n{body}"), body
    for title, body in INNOCENT:
        assert claims(f"{title}\n{body}") == set(), body
    for subject, opening, replies in THREADS:
        assert claims(f"{subject}\n{opening}") == set(), opening
        for text, claim in replies:
            # Places on patents for titles are patents sold for titles, too.
            also = {"patent_trade"} if claim == "name_hanging" else set()
            assert claims(text) - also == ({claim} if claim else set()), text
