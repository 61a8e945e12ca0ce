"""What a notice says, frozen under a digest when it is sent.

It never says that a law was broken: a regulator's lead tells of suspected (涉嫌) claims, and its
basis is the duty of the platform (广告法 45/63, 令72 16), never 电商法 42.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lantian.clock import SHANGHAI, as_utc, legal_day
from lantian.law import Article, articles_in_force
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    Document,
    Hit,
    PicturePlace,
    Platform,
    Seller,
)
from lantian.rulebook.packs import running
from lantian.settings import Settings
from lantian.takedowns.deadlines import ActBy
from lantian.takedowns.highlights import passages

FORMAT = "lantian.notice/1"
BASIS = ("ad-law.platform", "internet-ads.platform")
LICENCE = "e-commerce.licence"
LICENCE_BASIS = "e-commerce.platform"
STATEMENT = {
    "zh": "经监测并由人工核对，下列发布内容涉嫌含有违法宣称，现作为线索通知贵平台。"
    "是否违法，以有权机关的认定为准。",
    "en": "Monitoring and a person's review found the postings below, which are suspected of "
    "unlawful claims. They are passed to the platform as leads; whether a law was broken is for "
    "the competent authority to decide.",
}
ASKED = {
    "zh": [
        "对涉嫌违法的内容采取停止发布、屏蔽或者断开链接等措施",
        "保存有关内容、发布者身份信息和交易记录",
        "通过接口逐条反馈处理结果；不予处理的，请说明理由",
    ],
    "en": [
        "Stop, hide or unlink the suspected content",
        "Keep the content, the publisher's identity and the records of trade",
        "Answer for each clue through the interface; where you refuse, say why",
    ],
}


@dataclass(frozen=True, slots=True)
class Told:
    """One clue as the platform is told of it: its document, confirmed claims and hits."""

    clue: Clue
    document: Document
    seller: Seller | None
    claims: tuple[str, ...]
    hits: tuple[Hit, ...]


def content_of(
    session: Session,
    platform: Platform,
    told: Sequence[Told],
    *,
    settings: Settings,
    demonstration: bool,
    made_at: datetime,
) -> dict[str, Any]:
    """The content as plain JSON, before it is sent."""
    labels = claim_labels(session, settings.pack_dir)
    keys = {key for one in told for hit in one.hits for key in hit.law}
    basis = (*BASIS, LICENCE_BASIS) if LICENCE in keys else BASIS
    return {
        "format": FORMAT,
        "kind": "regulator_lead",
        "demonstration": demonstration,
        "office": {"name": settings.organisation, "contact": settings.contact},
        "platform": {"name": platform.name, "title": platform.title},
        "statement": STATEMENT,
        "basis": _labels(articles_in_force(basis, legal_day(made_at))),
        "asked": ASKED,
        "made_at": stamp(made_at),
        "sent_at": None,
        "terms": None,
        "clues": [_clue(session, one, labels) for one in told],
    }


def sent(
    content: Mapping[str, Any], *, sent_at: datetime, acknowledge_by: datetime, term: ActBy
) -> dict[str, Any]:
    """The content as it is frozen: with the moment of sending and the two terms."""
    terms = {
        "acknowledge_by": stamp(acknowledge_by),
        "act_by": stamp(term.at),
        "act_by_day": term.last_day.isoformat(),
        "provisional": term.provisional,
        "counted": "working days in Asia/Shanghai, the day of sending left out; our own terms",
    }
    return {**content, "sent_at": stamp(sent_at), "terms": terms}


def canonical(content: Mapping[str, Any]) -> bytes:
    """The content as canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def content_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(content)).hexdigest()


def stamp(at: datetime) -> str:
    """RFC 3339 in Chinese time, with its offset."""
    return as_utc(at).astimezone(SHANGHAI).isoformat(timespec="seconds")


def claim_labels(session: Session, pack_dir: Path | None) -> dict[str, dict[str, str]]:
    """What each claim of the pack that runs is called, in Chinese and English."""
    pack = running(session, pack_dir)
    return {claim.claim: {"zh": claim.label.zh, "en": claim.label.en} for claim in pack.claims}


def _clue(session: Session, told: Told, labels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    clue, document = told.clue, told.document
    first, last = clue.first_seen_at, clue.last_seen_at
    keys = dict.fromkeys(key for hit in told.hits for key in hit.law)
    seller = told.seller
    return {
        "clue_id": clue.id,
        "posting": document.posting_key,
        "kind": document.kind,
        "url": document.url,
        "title": document.title,
        "seller": seller and {"key": seller.key, "name": seller.name, "url": seller.url},
        "seen": {"first": stamp(first), "last": stamp(last)},
        "claims": [_claim(claim, told.hits, labels) for claim in told.claims],
        "hits": [_hit(hit) for hit in told.hits],
        "passages": passages(document.text, ((hit.start, hit.end, hit.claim) for hit in told.hits)),
        "law": _labels(
            article
            for article in articles_in_force(keys, legal_day(first), legal_day(last))
            if article.confidence != "L"
        ),
        "document": {
            "id": document.id,
            "version": document.version,
            "text_digest": document.text_digest,
            "reader": document.reader_version,
            "profile": document.profile_version,
        },
        "pack": told.hits[0].pack_hash,
        "evidence": [_capture(capture) for capture in captures_of(session, document)],
    }


def _claim(
    claim: str, hits: Iterable[Hit], labels: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    return {
        "claim": claim,
        "label": labels.get(claim, {"zh": claim, "en": claim}),
        "severity": max(hit.severity for hit in hits if hit.claim == claim),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "claim": hit.claim,
        "rule": hit.rule_id,
        "rule_hash": hit.rule_hash,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "score": hit.score,
        "why": hit.why,
    }


def _labels(articles: Iterable[Article]) -> list[dict[str, str]]:
    return [
        {
            "key": article.key,
            "label": article.label_zh,
            "role": article.role,
            "version": article.version,
        }
        for article in articles
    ]


def captures_of(session: Session, document: Document) -> list[Capture]:
    """The capture in which the document was read, and the evidence visits that saw it stand.

    With them those of the pictures whose writing is part of its text.
    """
    visits = (Capture.page_id == document.page_id) & (Capture.purpose == "evidence")
    pictures = select(PicturePlace.capture_id).where(
        PicturePlace.document_id == document.id, PicturePlace.start.is_not(None)
    )
    statement = select(Capture).where(
        or_(
            Capture.id == document.capture_id,
            visits & Capture.hits_stood.is_(True),
            Capture.id.in_(pictures),
        )
    )
    return list(session.scalars(statement.order_by(Capture.id)))


def _capture(capture: Capture) -> dict[str, Any]:
    return {
        "capture_id": capture.id,
        "purpose": capture.purpose,
        "url": capture.url,
        "final_url": capture.final_url,
        "at": stamp(capture.at),
        "recorded_at": stamp(capture.recorded_at),
        "via": capture.via,
        "status": capture.status,
        "payload_digest": capture.payload_digest,
        "content_digest": capture.content_digest,
        "artifacts": [_artifact(one) for one in capture.artifacts if one.role not in _NOT_TOLD],
    }


# How it was asked for and what it loaded is in the evidence, and nothing for a platform to look at.
_NOT_TOLD = frozenset({"request", "metadata", "part"})


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "role": artifact.role,
        "media_type": artifact.media_type,
        "digest": artifact.digest,
        "size": artifact.size,
    }
