"""Rows of the store as a bundle tells them: plain JSON, times in UTC."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.clock import as_utc
from lantian.model import AuditEvent, Clue, Document, Hit, NoticeEvent, Platform, Seller


def utc(at: datetime) -> str:
    """The instant as the audit chain writes it."""
    return as_utc(at).isoformat()


def document_told(session: Session, document: Document) -> dict[str, Any]:
    """One version of a posting, with all its hits; its text is told beside it."""
    statement = select(Hit).where(Hit.document_id == document.id)
    hits = session.scalars(statement.order_by(Hit.pack_hash, Hit.start, Hit.end, Hit.id))
    seller = session.get(Seller, document.seller_id) if document.seller_id else None
    return {
        "document": document.id,
        "capture": document.capture_id,
        "platform": session.get_one(Platform, document.platform_id).name,
        "posting_key": document.posting_key,
        "version": document.version,
        "kind": document.kind,
        "url": document.url,
        "title": document.title,
        "seller": {"key": seller.key, "name": seller.name} if seller else None,
        "text_digest": document.text_digest,
        "reader_version": document.reader_version,
        "profile_version": document.profile_version,
        "first_seen_at": utc(document.first_seen_at),
        "last_seen_at": utc(document.last_seen_at),
        "presence": document.presence,
        "hits": [hit_told(hit) for hit in hits],
    }


def hit_told(hit: Hit) -> dict[str, Any]:
    """A hit with the digests of its rule and of the pack; `start` and `end` are code points."""
    return {
        "hit": hit.id,
        "claim": hit.claim,
        "rule": hit.rule_id,
        "rule_hash": hit.rule_hash,
        "pack": hit.pack_hash,
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "score": hit.score,
        "severity": hit.severity,
        "why": hit.why,
        "law": hit.law,
        "found_at": utc(hit.found_at),
    }


def clue_told(clue: Clue) -> dict[str, Any]:
    """A clue as it stands."""
    return {
        "clue": clue.id,
        "posting_key": clue.posting_key,
        "state": clue.state,
        "presence": clue.presence,
        "claims": [{"claim": one.claim, "state": one.state} for one in clue.claims],
        "pack": clue.pack_hash,
    }


def event_told(event: NoticeEvent) -> dict[str, Any]:
    """One step in a notice's life."""
    return {
        "seq": event.seq,
        "kind": event.kind,
        "actor": event.actor,
        "at": utc(event.at),
        "recorded_at": utc(event.recorded_at),
        "detail": event.detail,
    }


def custody_line(event: AuditEvent) -> dict[str, Any]:
    """One act of the audit chain, with the digest of the act before it."""
    return {
        "event": event.id,
        "at": utc(event.at),
        "recorded_at": utc(event.recorded_at),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
        "previous": event.previous_digest,
        "digest": event.digest,
    }
