"""A clue's life against a small model: versions, decisions, undo, notices, in any order."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from lantian.access import chain
from lantian.clues.decide import decide, undo
from lantian.errors import Conflict
from lantian.model import Clue, Decision, Job, User

CLAIMS = ("green_channel", "guaranteed_grant", "name_hanging")
WORDS = ("甲", "乙")
PEOPLE = ("first", "second")

hits_of = st.dictionaries(
    st.sampled_from(CLAIMS), st.lists(st.sampled_from(WORDS), min_size=1, unique=True)
)


@dataclass
class Made:
    """A decision as the model remembers it."""

    who: str
    claim: str | None
    verdict: str
    saw: dict[str, set[str]]
    before: tuple[str, bool, dict[str, str]]
    number: int
    noticed: bool = False


@dataclass
class Model:
    """What a clue must be."""

    hits: dict[str, set[str]]
    state: str = "open"
    reopened: bool = False
    claims: dict[str, str] = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)

    def settle(self) -> None:
        """The clue's state from those of its claims: confirmed, open, dismissed, in this order."""
        there = set(self.claims.values())
        self.state = next(one for one in ("confirmed", "open", "dismissed") if one in there)

    def post(self, hits: dict[str, set[str]]) -> None:
        """A new version; without hits nothing is asked of anybody."""
        if not hits:
            return
        self.hits = hits
        for claim, state in list(self.claims.items()):
            if claim not in hits and state == "open":
                del self.claims[claim]
        for claim in hits:
            self.claims.setdefault(claim, "open")
        if set(self.claims.values()) == {"open"}:
            return
        cover: dict[str, set[str]] = {}
        for one in self.made:
            cover.update(one.saw)
        unseen = [claim for claim in hits if not hits[claim] <= cover.get(claim, set())]
        for claim in unseen:
            self.claims[claim] = "open"
        if unseen:
            self.reopened |= self.state != "open"
            self.state = "open"
        elif "open" not in self.claims.values() and self.state == "open":
            self.reopened = False
            self.settle()

    def asked(self, claim: str | None) -> list[str]:
        """The claims that a decision is on."""
        if claim is not None:
            return [claim]
        still = [one for one, state in self.claims.items() if state == "open"]
        return still if self.state == "open" and still else list(self.claims)

    def decide(self, who: str, claim: str | None, verdict: str, number: int) -> None:
        """A decision that is allowed."""
        before = (self.state, self.reopened, dict(self.claims))
        self.made.append(Made(who, claim, verdict, dict(self.hits), before, number))
        for one in self.asked(claim):
            self.claims[one] = verdict
        self.reopened = False
        self.settle()

    def undo(self) -> None:
        """Take the last decision back."""
        last = self.made.pop()
        state, reopened, claims = last.before
        for claim, now in list(self.claims.items()):
            if now == last.verdict and last.claim in {None, claim}:
                self.claims[claim] = claims.get(claim, "open")
            if self.claims[claim] == "open" and claim not in self.hits:
                del self.claims[claim]
        if not self.reopened:
            self.state, self.reopened = state, reopened


class Life(RuleBasedStateMachine):
    """Steps on one clue, each checked against the model."""

    desk: Any
    examples = 0

    def __init__(self) -> None:
        super().__init__()
        Life.examples += 1
        self.key = f"life:{Life.examples}"
        now = self.desk.clock.now()
        hits = {"guaranteed_grant": {"甲"}}
        with self.desk.store.write() as session:
            self.people = {
                name: User(
                    name=f"{name}-{Life.examples}",
                    display_name=name,
                    role="reviewer",
                    created_at=now,
                )
                for name in PEOPLE
            }
            session.add_all(self.people.values())
            clue = self.desk.post(session, self.key, {"guaranteed_grant": ["甲"]})
            self.clue_id: int = clue.id
        self.model = Model(hits, claims={"guaranteed_grant": "open"})

    @rule(hits=hits_of)
    def a_version_is_read(self, hits: dict[str, list[str]]) -> None:
        with self.desk.store.write() as session:
            self.desk.post(session, self.key, hits)
        self.model.post({claim: set(words) for claim, words in hits.items()})

    @rule(
        who=st.sampled_from(PEOPLE),
        claim=st.sampled_from((None, *CLAIMS)),
        verdict=st.sampled_from(("confirmed", "dismissed")),
    )
    def somebody_decides(self, who: str, claim: str | None, verdict: str) -> None:
        if claim is not None and claim not in self.model.claims:
            return
        overrules = any(self.model.claims[one] != "open" for one in self.model.asked(claim))
        forbidden = overrules and any(one.noticed for one in self.model.made)
        decision = None
        try:
            with self.desk.store.write() as session:
                decision = decide(
                    session,
                    self.clue_id,
                    verdict=verdict,
                    claim=claim,
                    reason="denial" if verdict == "dismissed" else None,
                    user=self.people[who],
                    **self.desk.times,
                )
        except Conflict:
            assert forbidden
        if decision is not None:
            assert not forbidden
            self.model.decide(who, claim, verdict, decision.id)

    @rule(who=st.sampled_from(PEOPLE))
    def somebody_undoes(self, who: str) -> None:
        own = [one for one in self.model.made if one.who == who]
        allowed = bool(own) and own[-1] is self.model.made[-1] and not own[-1].noticed
        undone = None
        try:
            with self.desk.store.write() as session:
                undone = undo(session, user=self.people[who], **self.desk.times)
        except Conflict:
            assert not allowed
        if undone is not None:
            assert allowed
            assert undone.id == own[-1].number
            self.model.undo()

    @precondition(lambda self: self.model.made)
    @rule()
    def a_notice_takes_it(self) -> None:
        self.desk.notify(self.clue_id)
        self.model.made[-1].noticed = True

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        look = self.desk.look(self.clue_id)
        assert (look["state"], look["claims"]) == (self.model.state, self.model.claims)
        assert (look["decided_at"] is None) == (look["state"] == "open")

    @invariant()
    def nothing_is_hidden_that_nobody_saw(self) -> None:
        seen: dict[str, set[str]] = {}
        for one in self.model.made:
            for claim, words in one.saw.items():
                seen.setdefault(claim, set()).update(words)
        for claim, words in self.model.hits.items():
            if not words <= seen.get(claim, set()):
                assert self.desk.look(self.clue_id)["claims"][claim] == "open"

    @invariant()
    def the_index_knows_the_newest_revision(self) -> None:
        with self.desk.store.read() as session:
            revision = session.get_one(Clue, self.clue_id).revision
            key = f"index:{self.clue_id}:{revision}"
            assert session.scalar(select(Job.id).where(Job.key == key)) is not None

    @invariant()
    def what_a_notice_has_taken_stands(self) -> None:
        taken = [one.number for one in self.model.made if one.noticed]
        with self.desk.store.read() as session:
            undone = session.scalars(
                select(Decision.id).where(Decision.id.in_(taken), Decision.undone_at.is_not(None))
            )
            assert not list(undone)


@pytest.mark.parametrize("examples", [25])
def test_a_clue_lives_as_the_model_says(desk: Any, examples: int) -> None:
    machine = type("LifeHere", (Life,), {"desk": desk})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    with desk.store.read() as session:
        assert list(chain.broken_links(session)) == []
