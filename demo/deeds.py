"""What people and platforms do in the story: decide, notify, answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo.market import WEEKS
from demo.pages import SEARCH_HOST
from demo.sites import Sites
from demo.stage import ACTOR, ANSWERING, SILENT
from lantian.clues.decide import decide
from lantian.model import Clue, Notice, NoticeItem, Platform, User
from lantian.takedowns.answer import Answer, acknowledge, act
from lantian.takedowns.issue import issue_notices
from lantian.wiring import Parts

NOTICES = {
    2: ANSWERING,
    4: ANSWERING,
    6: SILENT,
    7: ANSWERING,
    8: SEARCH_HOST,
    9: ANSWERING,
    10: ANSWERING,
}
"""Who is told of its clues, in which week. The search engine has no channel: its notice waits."""
MOST_TOLD = 3
REFUSING_WEEK = 4
"""In this week the platform refuses to take one posting down."""
SAYING_WEEK = 9
"""In this week it says that all are removed, and one is not."""
ACKNOWLEDGES_AFTER = timedelta(hours=5)
ACTS_AFTER = timedelta(hours=16)


def review(parts: Parts, reviewer: User, *, week: int, at: datetime) -> None:
    """Each fourth clue is decided in the week in which it came: most confirmed, some dismissed.

    Nobody decides in the last week: its clues wait for whoever runs the demonstration.
    """
    if week == WEEKS - 1:
        return
    with parts.store.write() as session:
        waiting = select(Clue.id).where(Clue.state == "open", Clue.id % 4 == 0)
        user = session.merge(reviewer, load=False)
        for clue_id in session.scalars(waiting.order_by(Clue.id)).all():
            dismissed = clue_id % 20 == 0
            decide(
                session,
                clue_id,
                verdict="dismissed" if dismissed else "confirmed",
                user=user,
                now=at,
                real_now=parts.real_clock.now(),
                reason="duplicate" if dismissed else None,
            )


def notify(parts: Parts, reviewer: User, *, week: int, at: datetime) -> list[Notice]:
    """The notices of that week, if it is one in which a platform is told."""
    name = NOTICES.get(week)
    with parts.store.write() as session:
        ids = _untold(session, name)[:MOST_TOLD] if name else []
        if not ids:
            return []
        return issue_notices(
            session,
            ids,
            actor=f"user:{reviewer.name}",
            now=at,
            real_now=parts.real_clock.now(),
            settings=parts.settings,
        )


def answer(parts: Parts, sites: Sites, notice: Notice, *, week: int) -> datetime | None:
    """When the platform acted on the notice; none if it is not the one that answers."""
    told = notice.content["clues"]
    if notice.content["platform"]["name"] != ANSWERING or notice.sent_at is None:
        return None
    kept = told[:1] if week in {REFUSING_WEEK, SAYING_WEEK} else []
    removed = [clue for clue in told if clue not in kept]
    sites.shown.remove(frozenset(clue["posting"].split(":")[-1] for clue in removed))
    answers = [Answer("removed", "", _ids(told))]
    if week == REFUSING_WEEK:
        answers = [Answer("refused", "商家称文案已获许可，正在核实。", _ids(kept))]
        answers += [Answer("removed", "", _ids(removed))] if removed else []
    acknowledged, acted = notice.sent_at + ACKNOWLEDGES_AFTER, notice.sent_at + ACTS_AFTER
    with parts.store.write() as session:
        acknowledge(
            session,
            notice.id,
            platform_id=notice.platform_id,
            actor=ACTOR,
            expected_revision=None,
            now=acknowledged,
            real_now=parts.real_clock.now(),
        )
        act(
            session,
            notice.id,
            answers,
            platform_id=notice.platform_id,
            actor=ACTOR,
            expected_revision=None,
            now=acted,
            real_now=parts.real_clock.now(),
            settings=parts.settings,
        )
    return acted


def _ids(clues: Iterable[dict[str, int]]) -> tuple[int, ...]:
    return tuple(clue["clue_id"] for clue in clues)


def _untold(session: Session, platform: str) -> list[int]:
    """Confirmed clues of the platform that are on line and that no notice tells of."""
    statement = (
        select(Clue.id)
        .join(Platform, Platform.id == Clue.platform_id)
        .where(
            Platform.name == platform,
            Clue.state == "confirmed",
            Clue.presence == "online",
            Clue.id.not_in(select(NoticeItem.clue_id)),
        )
        .order_by(Clue.id)
    )
    return list(session.scalars(statement))
