"""What goes over the wire, as models: they are the documentation at `/docs`, too."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MOST = 2**62
ClueId = Annotated[int, Field(ge=1, le=MOST)]
Action = Literal["removed", "shop_closed", "edited", "refused"]


class Wire(BaseModel):
    """A body that we send."""

    model_config = ConfigDict(frozen=True)


class Asked(BaseModel):
    """A body that we take: nothing unknown in it, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Problem(Wire):
    """An error (RFC 9457). `code` is the same in every installation; `type` explains it."""

    type: str = Field(examples=["https://lantian.example/problems/stale"])
    code: str = Field(examples=["stale"])
    title: str
    title_en: str
    status: int
    detail: str
    detail_en: str
    instance: str
    hint: str | None = None
    retry_at: datetime | None = None
    errors: list[dict[str, Any]] | None = None


class IssueRequest(Asked):
    """The clues that are to be notified."""

    clue_ids: Annotated[list[ClueId], Field(min_length=1, max_length=100)]


class ActionGiven(Asked):
    """What was done about some clues of the notice; without `clue_ids`, about all of them."""

    action: Action
    reason: Annotated[str, Field(max_length=2_000)] = Field(
        default="", description="Needed where the action is `refused`."
    )
    clue_ids: Annotated[list[ClueId], Field(min_length=1, max_length=100)] | None = None


class ActionsRequest(Asked):
    """The platform's answer."""

    actions: Annotated[list[ActionGiven], Field(min_length=1, max_length=100)]


class PlatformNamed(Wire):
    """A platform by its name."""

    name: str
    title: str


class RecheckSeen(Wire):
    """One look at a posting after an answer: still to come (`done_at` is null) or done."""

    due_at: datetime
    done_at: datetime | None
    result: str | None = Field(
        description="verified_removed, changed, still_there, back_again or could_not_be_seen."
    )
    detail: str


class ItemState(Wire):
    """Where one clue of a notice stands."""

    clue_id: int
    url: str
    title: str
    claims: list[str]
    action: Action | None
    reason: str
    action_at: datetime | None
    check_result: str | None
    checked_at: datetime | None


class ItemTold(ItemState):
    """The same with all looks that were taken or are planned."""

    rechecks: list[RecheckSeen]


class EventTold(Wire):
    """One step; `seq` counts from 1 in each notice, so that a lower one can be dropped."""

    seq: int
    kind: str
    by: Literal["office", "platform", "lantian"]
    at: datetime
    detail: dict[str, Any]


class NoticeListed(Wire):
    """A notice in a list."""

    id: int
    revision: int = Field(description="The ETag, without its quotation marks.")
    state: str = Field(description="waiting, sent, acknowledged, answered or closed.")
    kind: str
    platform: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    act_by: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    overdue: Literal["acknowledge", "act"] | None
    content_digest: str
    items: list[ItemState]


class NoticeTold(NoticeListed):
    """A notice with its frozen content and its whole life."""

    items: list[ItemTold]  # type: ignore[assignment]
    content: dict[str, Any] = Field(
        description="Frozen when it was sent; `content_digest` is SHA-256 of its canonical JSON."
    )
    events: list[EventTold]


class NoticesPage(Wire):
    """Notices in the order of their last change."""

    items: list[NoticeListed]
    next_cursor: str | None


class NoticesIssued(Wire):
    """The notices that were made: one a platform."""

    notices: list[NoticeListed]


class Segment(Wire):
    """A piece of text and the claims that stand in it."""

    text: str
    claims: list[str]


class ClueFound(Wire):
    """A clue as the search finds it."""

    id: int
    revision: int
    url: str
    kind: str
    title: str
    platform: str
    seller: str | None
    state: str
    presence: str
    severity: int
    score: float
    claims: dict[str, str] = Field(description="Each claim with its own state.")
    first_seen_at: datetime
    last_seen_at: datetime
    decided_at: datetime | None
    passages: list[list[Segment]]


class CluesPage(Wire):
    """Clues that answer a search."""

    items: list[ClueFound]
    next_cursor: str | None
    total: int


class TipRequest(Asked):
    """What was seen, where, and by whom it was published."""

    url: Annotated[str, Field(min_length=4, max_length=2_000)] = Field(
        description="Address of the posting itself, not of its shop or of a search for it."
    )
    text: Annotated[str, Field(max_length=20_000)] | None = Field(
        default=None, description="The wording as it stood there. None: the page is visited."
    )
    title: Annotated[str, Field(max_length=1_000)] | None = None
    seller: Annotated[str, Field(max_length=300)] | None = Field(
        default=None, description="Shop or account, as the platform names it."
    )
    platform: Annotated[str, Field(max_length=100)] | None = None
    seen_at: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        default=None, description="When it was seen: RFC 3339 with offset. None: now."
    )
    note: Annotated[str, Field(max_length=5_000)] | None = Field(
        default=None, description="For the office alone; no part of the evidence."
    )
    contact: Annotated[str, Field(max_length=300)] | None = Field(
        default=None,
        description="How the sender can be reached: kept apart, deleted after some time.",
    )


class TipTold(Wire):
    """Where a tip stands."""

    receipt: str = Field(examples=["7K3M-Q2XA-9FHD-4TRW"])
    state: str = Field(
        description="waiting, taken (it became a capture), requested (its address is to be "
        "visited), or known (nothing in it is new)."
    )
    reason: str | None
    received_at: datetime
