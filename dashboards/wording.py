"""Labels of the closed words: claims, states, actions, results, outcomes; English, for gettext."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from lantian.rulebook.packs import running
from lantian.wiring import Parts


def _(text: str) -> str:
    """Marks a text for the catalogue; the template translates it."""
    return text


WORDS = {
    "state": {"open": _("Open"), "confirmed": _("Confirmed"), "dismissed": _("Dismissed")},
    "presence": {
        "online": _("On line"),
        "gone": _("Gone"),
        "changed": _("Changed"),
        "unknown": _("Unknown"),
    },
    "moved": {"gone": _("Gone"), "back": _("Came back")},
    "moved_how": {
        "absent from two complete crawls": _("absent from two complete crawls"),
        "the page says that it was removed": _("the page says that it was removed"),
        "it was seen again": _("it was seen again"),
    },
    "severity": {"3": _("High"), "2": _("Medium"), "1": _("Low")},
    "notice_state": {
        "none": _("No notice"),
        "waiting": _("Waiting for a channel"),
        "sent": _("Sent"),
        "acknowledged": _("Acknowledged"),
        "answered": _("Answered"),
        "closed": _("Closed"),
    },
    "action": {
        "removed": _("Removed"),
        "shop_closed": _("Shop closed"),
        "edited": _("Edited"),
        "refused": _("Refused"),
    },
    "result": {
        "verified_removed": _("Verified removed"),
        "changed": _("Changed, no longer hits"),
        "still_there": _("Still there"),
        "back_again": _("Back again"),
        "could_not_be_seen": _("Could not be seen"),
    },
    "facet": {
        "claim": _("Claim"),
        "severity": _("Severity"),
        "state": _("State"),
        "presence": _("Presence"),
        "platform": _("Platform"),
        "source": _("Source"),
        "seller": _("Seller"),
        "notice_state": _("Notice"),
    },
    "role": {"reviewer": _("Reviewer"), "administrator": _("Administrator")},
    "sort": {
        "urgent": _("Most severe first"),
        "newest": _("Newest first"),
        "score": _("Highest score first"),
        "second": _("By second opinion"),
    },
    "pack": {
        "draft": _("Draft"),
        "shadow": _("Shadow run"),
        "released": _("Released"),
        "retired": _("Retired"),
    },
    "unit": {"m": _("%d min"), "h": _("%d h"), "d": _("%d d")},
    "kind": {
        "listing": _("Listing"),
        "post": _("Post"),
        "reply": _("Reply"),
        "result": _("Search result"),
        "page": _("Page"),
    },
}


@dataclass(frozen=True, slots=True)
class ClaimWords:
    """What the claims of a pack are called, and what reviewers should look at."""

    labels: dict[str, dict[str, str]]
    """Claim to its label by `zh` and `en`."""
    guidance: dict[str, dict[str, str]]
    """Claim to what its reviewer should look at, by `zh` and `en`."""


def claim_words(session: Session, pack_dir: Path | None) -> ClaimWords:
    """The words of the pack that runs."""
    pack = running(session, pack_dir)
    known = _KNOWN.get(pack.hash)
    if known is None:
        _KNOWN.clear()
        known = _KNOWN[pack.hash] = ClaimWords(
            {claim.claim: claim.label.model_dump() for claim in pack.claims},
            {claim.claim: claim.guidance.model_dump() for claim in pack.claims},
        )
    return known


def claim_labels(parts: Parts) -> dict[str, dict[str, str]]:
    """Claim to its label by `zh` and `en`, as the pack that runs has it."""
    with parts.store.glance() as session:
        return claim_words(session, parts.settings.pack_dir).labels


_KNOWN: dict[str, ClaimWords] = {}
"""By the hash of their pack; a pack never changes."""
