"""Time stamps after RFC 3161: asked for, verified, and kept as they came.

A stamp is judged at its own time, not today's: the certificate of its signer must stand under the
trusted roots at that moment.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.errors import NotFound
from lantian.evidence.authority import Authority, StampRefused
from lantian.evidence.day import statement_of
from lantian.evidence.reply import (
    SHA256,
    BadReply,
    Reply,
    read_reply,
    with_sorted_certificates,
)
from lantian.evidence.seal import digest_of
from lantian.model import SealedDay, TimeStamp
from lantian.store.engine import Store

STAMP = "evidence.stamp"
"""The act in the audit chain."""
ACTOR = "process:seal"
TOLERANCE = timedelta(minutes=10)
"""That two clocks may differ."""
_WHY = re.compile(r'(?:Verify error: ?|reason: ")([^"]+)"')

Ask = Callable[[Authority, bytes], bytes]
"""Brings a query to an authority and its answer back; raises `ServiceUnavailable`."""


@dataclass(frozen=True, slots=True)
class Query:
    """What an authority is asked: the bytes, and the number that its answer must repeat."""

    data: bytes
    nonce: int


def query_of(text: bytes) -> Query:
    """The query for a stamp over `text` with a fresh nonce, with the certificate of the signer."""
    made = (
        TimestampRequestBuilder()
        .data(text)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    if made.nonce is None:
        msg = "a query without a nonce was made"
        raise RuntimeError(msg)
    return Query(made.as_bytes(), made.nonce)


def judged_stamp(
    reply: bytes,
    text: bytes,
    authority: Authority,
    *,
    nonce: int | None = None,
    earliest: datetime | None = None,
    latest: datetime | None = None,
) -> Reply:
    """What a stamp over `text` says, every part of which was verified.

    `nonce` is that of the query, where it is known; the authority's time must lie between
    `earliest` and `latest`, but for `TOLERANCE`. Raises `StampRefused` saying what is wrong.
    """
    try:
        told = read_reply(reply)
        fault = told.refusal or _fault(
            told, text, authority.policy, nonce=nonce, earliest=earliest, latest=latest
        )
        if fault:
            raise _refused(authority, fault)
        _verify(with_sorted_certificates(reply), text, authority)
    except BadReply as error:
        raise _refused(authority, f"it is no answer after RFC 3161 ({error})") from error
    return told


def _fault(
    told: Reply,
    text: bytes,
    policy: str,
    *,
    nonce: int | None,
    earliest: datetime | None,
    latest: datetime | None,
) -> str:
    """What is wrong with what it says; empty if nothing."""
    if told.algorithm != SHA256 or told.imprint != hashlib.sha256(text).digest():
        return "it is over something else"
    if nonce is not None and told.nonce != nonce:
        return "its nonce is not that of the query"
    if policy and told.policy != policy:
        return f"its policy is {told.policy} and not {policy}"
    if earliest is not None and told.time < earliest - TOLERANCE:
        return f"its time {told.time:%Y-%m-%d %H:%M:%S} UTC lies before what it stamps"
    if latest is not None and told.time > latest + TOLERANCE:
        return f"its time {told.time:%Y-%m-%d %H:%M:%S} UTC had not come when it was received"
    return ""


def _verify(reply: bytes, text: bytes, authority: Authority) -> None:
    """Signature, chain, and purpose of the signer's certificate, by rfc3161-client."""
    builder = VerifierBuilder()
    for root in authority.certificates():
        builder = builder.add_root_certificate(root)
    if authority.policy:
        builder = builder.policy_id(x509.ObjectIdentifier(authority.policy))
    try:
        builder.build().verify_message(decode_timestamp_response(reply), text)
    except VerificationError as error:
        raise _refused(authority, _plain(str(error))) from error
    except ValueError as error:
        raise _refused(authority, f"it cannot be read: {error}") from error


def _plain(text: str) -> str:
    """What OpenSSL says in the middle of what the library makes of it, else all of that."""
    found = _WHY.findall(text)
    return f"its certificate or signature: {found[-1]}" if found else text.strip().rstrip(".")


def _refused(authority: Authority, why: str) -> StampRefused:
    return StampRefused(
        f"the stamp of the time authority {authority.name} is refused: {why}.",
        hint="If the authority has new certificates, put its root into the file in roots.",
    )


def stamp_day(
    store: Store,
    day: str,
    authority: Authority,
    ask: Ask,
    *,
    now: Callable[[], datetime],
    real_now: Callable[[], datetime],
) -> Reply | None:
    """Have an authority stamp a day, verify the answer, and keep it; none if it was there already.

    Raises `NotFound`, `ServiceUnavailable`, `EgressRefused`, `StampRefused`.
    """
    with store.read() as session:
        sealed = session.scalars(select(SealedDay).where(SealedDay.day == day)).first()
        if sealed is None:
            raise NotFound(f"{day} is not sealed.", hint="`lantian evidence seal`.")
        if _stamped(session, sealed.number, authority.name):
            return None
    text = statement_of(sealed).text
    query = query_of(text)
    reply = ask(authority, query.data)
    received = real_now()
    # Between the query and now, by our clock: a stamp of tomorrow, or of last year, is none.
    told = judged_stamp(
        reply, text, authority, nonce=query.nonce, earliest=received, latest=received
    )
    with store.write() as session:
        # Whoever was quicker has the one place that there is for it.
        session.get_one(SealedDay, sealed.number, with_for_update=True)
        if _stamped(session, sealed.number, authority.name):
            return None
        session.add(_row(sealed.number, authority, reply, told, received))
        audit.record(
            session,
            actor=ACTOR,
            action=STAMP,
            subject=f"day:{day}",
            detail={"authority": authority.name, "reply": digest_of(reply)},
            now=now(),
            real_now=received,
        )
    return told


def _row(
    number: int, authority: Authority, reply: bytes, told: Reply, received: datetime
) -> TimeStamp:
    return TimeStamp(
        day_number=number,
        authority=authority.name,
        url=authority.url,
        reply=reply,
        reply_digest=digest_of(reply),
        roots=authority.roots,
        stamped_at=told.time,
        serial=str(told.serial),
        policy=told.policy,
        received_at=received,
    )


def _stamped(session: Session, number: int, authority: str) -> bool:
    found = select(TimeStamp.id).where(
        TimeStamp.day_number == number, TimeStamp.authority == authority
    )
    return session.scalar(found) is not None


def unstamped(session: Session, authority: str) -> list[str]:
    """The days that the authority has not stamped, in order."""
    there = select(TimeStamp.day_number).where(TimeStamp.authority == authority)
    days = select(SealedDay.day).where(SealedDay.number.not_in(there))
    return list(session.scalars(days.order_by(SealedDay.number)))
