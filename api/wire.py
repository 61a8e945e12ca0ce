"""From entities to what goes over the wire."""

from datetime import datetime
from typing import Any, Literal

from api import schemas
from lantian.model import Notice, NoticeEvent, NoticeItem, Recheck
from lantian.takedowns.view import NoticeView, overdue_of


def listed(notice: Notice, platform: str, now: datetime) -> schemas.NoticeListed:
    """A notice as lists show it."""
    told = _contents(notice)
    items = [schemas.ItemState(**_item(item, told[item.clue_id])) for item in notice.items]
    return schemas.NoticeListed(**_notice(notice, platform, now), items=items)


def detail(view: NoticeView, now: datetime) -> schemas.NoticeTold:
    """A notice with all of its life."""
    items = [
        schemas.ItemTold(
            **_item(one.item, one.told), rechecks=[_recheck(recheck) for recheck in one.rechecks]
        )
        for one in view.items
    ]
    return schemas.NoticeTold(
        **_notice(view.notice, view.platform.name, now),
        items=items,
        content=view.notice.content,
        events=[_event(event) for event in view.events],
    )


def _notice(notice: Notice, platform: str, now: datetime) -> dict[str, Any]:
    return {
        "id": notice.id,
        "revision": notice.revision,
        "state": notice.state,
        "kind": notice.kind,
        "platform": platform,
        "created_at": notice.created_at,
        "updated_at": notice.updated_at,
        "sent_at": notice.sent_at,
        "acknowledge_by": notice.acknowledge_by,
        "acknowledged_at": notice.acknowledged_at,
        "act_by": notice.act_by,
        "answered_at": notice.answered_at,
        "closed_at": notice.closed_at,
        "overdue": overdue_of(notice, now),
        "content_digest": notice.content_digest,
    }


def _contents(notice: Notice) -> dict[int, dict[str, Any]]:
    return {clue["clue_id"]: clue for clue in notice.content["clues"]}


def _item(item: NoticeItem, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "clue_id": item.clue_id,
        "url": told["url"],
        "title": told["title"],
        "claims": item.claims,
        "action": item.action,
        "reason": item.action_reason,
        "action_at": item.action_at,
        "check_result": item.check_result,
        "checked_at": item.checked_at,
    }


def _recheck(recheck: Recheck) -> schemas.RecheckSeen:
    return schemas.RecheckSeen(
        due_at=recheck.due_at,
        done_at=recheck.done_at,
        result=recheck.result,
        detail=recheck.detail,
    )


def _event(event: NoticeEvent) -> schemas.EventTold:
    return schemas.EventTold(
        seq=event.seq, kind=event.kind, by=_by(event), at=event.at, detail=event.detail
    )


def _by(event: NoticeEvent) -> Literal["office", "platform", "lantian"]:
    """Which side acted; a person's name is not told."""
    if event.actor.startswith("process:"):
        return "lantian"
    return "platform" if event.kind in {"acknowledged", "acted"} else "office"
