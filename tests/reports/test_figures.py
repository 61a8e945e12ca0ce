"""The figures of a week, on SQLite and on PostgreSQL."""

from datetime import date, timedelta

import pytest

from lantian.reports.figures import Count, week_figures
from lantian.store.engine import Store


def test_a_week_begins_on_monday_in_shanghai(store: Store, monday: date) -> None:
    with store.read() as session:
        figures = week_figures(session, monday)
        next_week = week_figures(session, monday + timedelta(days=7))
    assert figures.clues == Count("clues", 2, 1)
    assert next_week.clues == Count("clues", 1, 2)
    assert figures.decided.now == 1


def test_a_day_that_is_no_monday_is_refused(store: Store, monday: date) -> None:
    with store.read() as session, pytest.raises(ValueError, match="no Monday"):
        week_figures(session, monday + timedelta(days=1))


def test_a_posting_counts_once_a_claim_however_many_packs_found_it(
    store: Store, monday: date
) -> None:
    with store.read() as session:
        figures = week_figures(session, monday)
    assert figures.claims == (
        Count("guaranteed_grant", 2, 0),
        Count("green_channel", 1, 0),
        Count("name_hanging", 0, 1),
    )
    assert figures.platforms == (Count("shop", 3, 1),)


def test_coverage_says_what_was_planned_and_what_is_unknown(store: Store, monday: date) -> None:
    with store.read() as session:
        (coverage,) = week_figures(session, monday).coverage
    parts = (coverage.reached, coverage.blocked, coverage.logged_out, coverage.unknown)
    assert parts == (7, 1, 1, 1)
    assert sum(parts) == coverage.planned
    assert coverage.alarms == ("商品少于 5 件",)


def test_notices_say_how_fast_they_were_acted_on(store: Store, monday: date) -> None:
    with store.read() as session:
        notices = week_figures(session, monday).notices
    assert (notices.sent, notices.acknowledged, notices.answered) == (2, 1, 1)
    assert (notices.acknowledge_hours, notices.answer_hours) == (1.0, 5.0)
    assert notices.results == (Count("verified_removed", 1, 0),)


def test_a_notice_whose_deadline_passed_is_overdue(store: Store, monday: date) -> None:
    with store.read() as session:
        (late,) = week_figures(session, monday).overdue
        none_yet = week_figures(session, monday - timedelta(days=7)).overdue
    assert (late.platform, late.what, late.clues) == ("shop", "act", 1)
    assert none_yet == ()


def test_the_worst_sellers_are_those_of_the_week(store: Store, monday: date) -> None:
    with store.read() as session:
        (seller,) = week_figures(session, monday).sellers
    assert (seller.clues, seller.confirmed) == (2, 1)
