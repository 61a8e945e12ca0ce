"""`/api/v1/tips`: what platforms, hotlines and citizens' forms tell, each with a receipt."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Response
from sqlalchemy.orm import Session

from api import schemas
from api.idempotency import Answer, OnceOnly
from api.security import KeyWith, PartsHere
from lantian.access.keys import Principal
from lantian.intake.handover.tips import Telling, take_down, tip_of
from lantian.model import Tip

router = APIRouter(prefix="/tips", tags=["tips"])

Sender = Annotated[Principal, Depends(KeyWith("tips:write"))]
EXAMPLES: dict[str, Any] = {
    "address": {
        "summary": "Only an address: it is visited within its site's manners",
        "value": {"url": "https://shop.example/goods/1001"},
    },
    "content": {
        "summary": "What stood there, by whom it was published and when it was seen",
        "value": {
            "url": "https://shop.example/goods/1001",
            "title": "商标注册 包授权",
            "text": "商标注册包授权，不授权全额退款",
            "seller": "示例店铺",
            "platform": "示例商城",
            "seen_at": "2026-11-03T10:30:00+08:00",
            "note": "用户投诉，工单 A-17",
        },
    },
    "contact": {
        "summary": "With a contact, which is kept apart and deleted after some time",
        "value": {
            "url": "https://shop.example/goods/1001",
            "text": "商标注册包授权，不授权全额退款",
            "contact": "tips@sender.example",
        },
    },
}


@router.post("", status_code=202, response_model=schemas.TipTold, summary="Send a tip")
def tell(
    body: Annotated[schemas.TipRequest, Body(openapi_examples=EXAMPLES)],
    who: Sender,
    parts: PartsHere,
    once: OnceOnly,
) -> Response:
    """Take a tip down. `receipt` is how to ask what became of it; `Location` is where.

    With a text or title it becomes a capture and is matched; with an address alone the page is
    visited. The same tip again adds nothing.
    """
    asked = body.model_dump(exclude={"contact", "seen_at"}, exclude_none=True)
    if body.seen_at is not None:
        asked["seen_at"] = body.seen_at.isoformat(timespec="seconds")
    telling = Telling(fields=asked, contact=body.contact or "")

    def work(session: Session) -> Answer:
        at = parts.moment()
        tip = take_down(
            session,
            telling,
            key_id=who.key_id,
            keep_contact=timedelta(days=parts.settings.keep_contact_days),
            now=at.now,
            real_now=at.real,
        )
        place = f"{parts.settings.base_url.rstrip('/')}/api/v1/tips/{tip.receipt}"
        return Answer(202, _told(tip).model_dump_json().encode(), {"Location": place})

    return once.required().do(parts, who, work)


@router.get("/{receipt}", response_model=schemas.TipTold, summary="Ask what became of a tip")
def receipt(
    receipt: Annotated[str, Path(max_length=40, description="As the answer to the tip gave it.")],
    who: Sender,
    parts: PartsHere,
) -> schemas.TipTold:
    """The state of a tip that came with this key."""
    with parts.store.read() as session:
        return _told(tip_of(session, receipt, key_id=who.key_id))


def _told(tip: Tip) -> schemas.TipTold:
    return schemas.TipTold(
        receipt=tip.receipt, state=tip.state, reason=tip.reason or None, received_at=tip.at
    )
