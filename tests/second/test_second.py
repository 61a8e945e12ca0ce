"""A second opinion learns from decisions, says why, orders the queue, and hides nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from lantian.access.users import Moment
from lantian.clock import FixedClock
from lantian.clues.queue import find_clues
from lantian.errors import Conflict, Invalid
from lantian.model import Clue, SecondLook
from lantian.search.query import Query, Sort
from lantian.second import labels, looks
from lantian.second.learning import ENOUGH, Example, figures_of, folds_of, learn, ranked_right
from lantian.second.made import made
from lantian.second.opinion import Curve, Opinion, read_opinion, reasons
from lantian.second.passages import Passage, passages, runs_of
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from lantian.worker.schedule import make_second_job
from tests.packs import four
from tests.second.texts import decided
from tests.takedowns.market import Market

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
AT = Moment(NOW, NOW)


def examples_of(words: dict[str, bool]) -> list[Example]:
    found = []
    for number in range(2 * ENOUGH):
        for word, answer in words.items():
            part = Passage(runs_of(f"{word}第{number % 7}"), {})
            found.append(Example(f"{word}{number}", answer, (part,), (part,)))
    return found


@pytest.fixture(scope="module")
def learnt() -> Opinion:
    """What is learnt where one word is right, and another wrong."""
    found = learn(examples_of({"报价": True, "举报": False}))
    assert found is not None
    return Opinion(found.head, None, {"versions": {}})


def test_the_reason_of_an_answer_is_the_word_that_decides_it(learnt: Opinion) -> None:
    assert learnt.clue is not None
    likely, why = learnt.clue.probability([Passage(runs_of("现在报价"), {})])
    unlikely, against = learnt.clue.probability([Passage(runs_of("向谁举报"), {})])
    assert likely > 0.8
    assert unlikely < 0.2
    assert why[0][0] == "报价"
    assert why[0][1] > 0 > against[0][1]
    assert against[0][0] == "举报"


def test_of_many_passages_the_one_that_speaks_loudest_is_told(learnt: Opinion) -> None:
    assert learnt.clue is not None
    text = "请向部门举报。" * 60 + "现在报价。" + "请向部门举报。" * 60
    parts = list(passages(text, four().tables))
    likely, why = learnt.clue.probability(parts)
    assert len(parts) == 5
    assert likely == max(learnt.clue.probability([part])[0] for part in parts)
    assert "报价" in dict(why)


def test_it_is_read_again_as_it_was_written_and_refused_where_it_was_touched(
    learnt: Opinion,
) -> None:
    text = learnt.to_json()
    assert read_opinion(text).digest == learnt.digest
    assert read_opinion(text).to_json() == text
    touched: dict[str, Any] = json.loads(text)
    touched["clue"]["runs"]["报价"] = -9.0
    with pytest.raises(Invalid, match="digest"):
        read_opinion(json.dumps(touched))
    for other in ("", "[]", '{"format": 1}', text.replace('"format": 1', '"format": 9')):
        with pytest.raises(Invalid, match="second opinion"):
            read_opinion(other)


def test_too_few_examples_of_an_answer_teach_nothing() -> None:
    few = examples_of({"报价": True})
    assert learn(few) is None
    with pytest.raises(Invalid, match="too few examples"):
        made(labels.Examples(clue=few, missed=few), {})


def test_what_belongs_together_is_in_one_fold_and_folds_are_of_one_size() -> None:
    groups = ["a"] * 10 + [f"g{number}" for number in range(40)]
    folds = folds_of(groups)
    assert len(set(folds[:10])) == 1
    assert set(np.bincount(folds)) == {10}


def test_figures_tell_an_order_and_what_came_true() -> None:
    said = np.array([0.1, 0.1, 0.9, 0.9])
    came = np.array([False, True, True, True])
    assert ranked_right(said, came) == pytest.approx(5 / 6)
    figures = figures_of(said, came)
    assert figures["brier"] == pytest.approx((0.01 + 0.81 + 0.01 + 0.01) / 4)
    assert figures["reliability"] == [[2, 0.1, 0.5], [2, 0.9, 1.0]]


def test_a_curve_is_straight_between_points_and_flat_beyond() -> None:
    curve = Curve((0.0, 2.0), (0.2, 0.6), "isotonic")
    assert [curve.of(at) for at in (-9, 0, 1, 2, 9)] == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])


def test_a_word_is_told_once_and_single_characters_not_at_all() -> None:
    parts = [("包授权", 2.0), ("授权", 1.9), ("价", 1.8), ("举报", -1.5), ("score", 0.4)]
    assert reasons(parts) == [("包授权", 2.0), ("举报", -1.5), ("score", 0.4)]


@dataclass
class Office:
    store: Store
    market: Market
    ids: dict[str, int]
    opinion: Opinion
    asked: tuple[int, int]


@pytest.fixture
def office(store_url: str) -> Iterator[Office]:
    """An office that decided some clues and learnt from them."""
    store = Store(store_url)
    upgrade(store)
    matcher = four()
    market = Market(store, FixedClock(NOW), matcher)
    ids = decided(market, market.platform())
    examples = labels.Examples()
    with store.read() as session:
        assert make_second_job(session, now=NOW) is None
        assert labels.from_decisions(examples, session, matcher.tables) == 64
        assert labels.from_silence(examples, session, matcher.tables) == 33
    opinion, unseen = made(examples, {})
    with store.write() as session:
        looks.keep(session, opinion, actor="process:t", at=AT)
    asked = looks.look_at_all(store, matcher.tables, now=NOW, unseen=unseen)
    yield Office(store, market, ids, opinion, asked)
    store.close()


def test_from_decisions_to_an_order_reasons_and_likely_misses(office: Office) -> None:
    assert office.asked == (66, 33)
    waiting = Query(states=frozenset({"open"}), sort=Sort.SCORE, limit=1)
    with office.store.read() as session:
        ours = find_clues(session, waiting)
        first = find_clues(session, waiting, second=True)
        after = Query(states=frozenset({"open"}), sort=Sort.SCORE, limit=1, after=first.next)
        second = find_clues(session, after, second=True)
        clue = session.get_one(Clue, office.ids["offer"])
        look = session.get_one(SecondLook, clue.document_id)
        misses, total = looks.likely_misses(session)
    # It orders; it hides none.
    assert ours.clue_ids == (office.ids["story"],)
    assert (first.clue_ids, second.clue_ids) == ((office.ids["offer"],), (office.ids["story"],))
    assert first.total == second.total == 2
    assert look.clue is not None
    assert look.clue > 0.5
    assert any(by > 0 for _, by in looks.pairs(look))
    assert (total, misses[0].document.id) == (1, office.ids["missed"])
    assert misses[0].probability > 0.5
    again = looks.look_at_all(office.store, office.market.matcher.tables, now=NOW)
    assert again == (0, 0)
    judged(office)
    asked_hourly_and_removed(office)


def judged(office: Office) -> None:
    """What people say of a likely miss leaves the list and teaches."""
    user = office.market.user()
    missed = office.ids["missed"]
    with office.store.write() as session:
        with pytest.raises(Invalid, match="verdict"):
            looks.judge(session, missed, "perhaps", user=user, at=AT)
        with pytest.raises(Conflict, match="not looked at"):
            looks.judge(session, 10**6, "clean", user=user, at=AT)
        looks.judge(session, missed, "missed", user=user, at=AT)
    examples = labels.Examples()
    with office.store.read() as session:
        assert looks.likely_misses(session) == ([], 0)
        assert labels.from_marks(examples, session, office.market.matcher.tables) == 1
    (example,) = examples.missed
    assert (example.answer, example.document_id) == (True, missed)


def asked_hourly_and_removed(office: Office) -> None:
    """A job asks of what is new once an hour; removed, it says nothing."""
    platform_id = office.market.platform("乙平台")
    office.market.quiet(platform_id, "天气很好，适合散步")
    with office.store.write() as session:
        assert make_second_job(session, now=NOW) == "second:2026-11-24T01"
        assert make_second_job(session, now=NOW) is None
    assert looks.look_at_all(office.store, office.market.matcher.tables, now=NOW) == (0, 1)
    with office.store.write() as session:
        looks.remove(session, actor="process:t", at=AT)
        assert make_second_job(session, now=NOW.replace(hour=2)) is None
        with pytest.raises(Conflict, match="no second opinion"):
            looks.remove(session, actor="process:t", at=AT)
    waiting = Query(states=frozenset({"open"}), sort=Sort.SCORE)
    with office.store.read() as session:
        assert looks.likely_misses(session) == ([], 0)
        plain = find_clues(session, waiting).clue_ids
        assert find_clues(session, waiting, second=True).clue_ids == plain
