"""Whether each capture has the records that belong to it: what was asked, how it was got, pictures.

A WARC file says in its first record which records each capture over HTTP, or through the browser,
has in it (`conditions.promises`); files that were made before requests were kept say nothing, and
neither do those of what others handed in.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, String, cast, exists, literal, select
from sqlalchemy.orm import Session, aliased

from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import Archive
from lantian.evidence.conditions import BESIDE, first_record, promises
from lantian.evidence.finding import Finding
from lantian.model import Artifact, Capture, Crawl, Job, Observation

_OVER = "done"
"""The state of a job that nobody will take up again."""


def lacking_records(session: Session, archive: Archive, file: str) -> Iterator[Finding]:
    """The captures of a file without a record that the file says each of them has."""
    try:
        told = first_record(archive.warcinfo(file))[1]
    except EvidenceDamaged:
        return  # that is a finding of its own
    ways = [via for via in ("http", "browser") if promises(told, via)]
    for role in BESIDE if ways else ():
        statement = (
            select(Capture)
            .join(Artifact, Artifact.capture_id == Capture.id)
            .where(Artifact.file == file, Artifact.role == "payload", Capture.via.in_(ways))
            .where(Artifact.deletion_id.is_(None), ~_has(role))
            .order_by(Capture.id)
        )
        for capture in session.scalars(statement):
            reason = f"no row names the {role} of this capture of {capture.final_url}."
            yield Finding("missing", file, reason, capture.id)


def unseen_hits(session: Session) -> Iterator[Finding]:
    """Captures with hits of which nothing was made that a person can look at.

    A page that came through the browser has its DOM; of another one, an evidence visit was tried
    (its observation tells how it went), still waits, or was given up with a reason.
    """
    for capture in session.scalars(_of_now().where(Capture.via == "browser", ~_has("dom"))):
        reason = f"no row names the rendered page of this capture of {capture.final_url}."
        yield Finding("missing", "store", reason, capture.id)
    hits = _of_now().where(Capture.via == "http", Capture.purpose == "crawl", Capture.hit_count > 0)
    for capture in session.scalars(hits.where(~_visited(), ~_waits())):
        reason = f"no evidence visit was made of {capture.final_url}, which has hits; none waits."
        yield Finding("missing", "store", reason, capture.id)


def _of_now() -> Select[Capture]:
    """The captures that were made since such records are kept."""
    return select(Capture).where(_has("metadata")).order_by(Capture.id)


def _has(role: str) -> ColumnElement[bool]:
    other = aliased(Artifact)
    return exists().where(other.capture_id == Capture.id, other.role == role)


def _visited() -> ColumnElement[bool]:
    return exists().where(
        Observation.page_id == Capture.page_id,
        Observation.at >= Capture.at,
        Crawl.id == Observation.crawl_id,
        Crawl.purpose.in_(("evidence", "recheck")),
    )


def _waits() -> ColumnElement[bool]:
    """Whether a visit is still to be made, or was given up with a reason (demonstrations do)."""
    key = literal("evidence:") + cast(Capture.id, String)
    return exists().where(Job.key == key, (Job.state != _OVER) | (Job.last_error != ""))
