"""Keys of offices and platforms: shown once, kept as a digest, revocable.

`lt_live_` or `lt_test_`, an eight-character key id, 43 characters of a 256-bit secret, and six of
a CRC32 over all before it, so that a leak scanner can tell a key from noise. Keys go by real time.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.access.users import Moment
from lantian.errors import Conflict, Invalid, NotFound, Unauthorised
from lantian.model import ApiKey, Platform

Owner = Literal["office", "platform", "tips"]
SCOPES: dict[str, tuple[str, ...]] = {
    "office": ("clues:read", "notices:read", "notices:write", "tips:write"),
    "platform": ("notices:read", "notices:answer", "tips:write"),
    "tips": ("tips:write",),
}
"""What a key of each kind may do; one of tips is for a hotline or a form of others."""

LIVE, TEST = "lt_live_", "lt_test_"
# A row is not written at each request only to say that its key was used.
USED_GRAIN = timedelta(seconds=60)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"(lt_(?:live|test)_)([0-9A-Za-z]{8})([0-9A-Za-z]{43})([0-9A-Za-z]{6})")
_HINT = "Send `Authorization: Bearer lt_…` with a key that `lantian key add` printed."


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from, as its key says."""

    key_id: str
    owner: str
    platform_id: int | None
    label: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """As the audit chain names it."""
        return f"key:{self.key_id}"


def add_key(
    session: Session,
    *,
    owner: Owner,
    label: str,
    actor: str,
    at: Moment,
    platform: Platform | None = None,
    life: timedelta | None = None,
    test: bool = False,
) -> tuple[str, ApiKey]:
    """The new key, which is shown once and never kept, and its row.

    Two keys of one owner may live side by side, so that they can be rotated. Raises `Invalid`
    for a platform's key without platform, or an office's with one.
    """
    if (owner == "platform") != (platform is not None):
        raise Invalid(
            f"a key of kind {owner} was asked {'for' if platform else 'without'} a platform.",
            hint="Give `--platform NAME` for a platform's key, and only there.",
        )
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    body = f"{TEST if test else LIVE}{key_id}{_base62(secrets.randbits(256), 43)}"
    key = body + checksum(body)
    row = ApiKey(
        key_id=key_id,
        secret_digest=key_digest(key),
        owner=owner,
        platform_id=platform.id if platform else None,
        label=label,
        scopes=list(SCOPES[owner]),
        created_at=at.real,
        expires_at=at.real + life if life else None,
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="key.add",
        subject=f"key:{key_id}",
        detail={"owner": owner, "platform_id": row.platform_id, "label": label},
        now=at.now,
        real_now=at.real,
    )
    return key, row


def authenticate(session: Session, key: str, *, real_now: datetime) -> tuple[Principal, ApiKey]:
    """Whose key this is; raises `Unauthorised` for one that is unknown, revoked or expired."""
    key_id = well_formed(key)
    if key_id is None:
        raise Unauthorised("the key is damaged or no key of Lantian.", hint=_HINT)
    row = session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    # An unknown id costs the same comparison as a known one.
    kept = row.secret_digest if row else "sha256:" + "0" * 64
    same = hmac.compare_digest(kept, key_digest(key))
    if row is None or not same:
        raise Unauthorised("the key is unknown.", hint=_HINT)
    if row.revoked_at is not None:
        raise Unauthorised(f"key {key_id} was revoked.", hint="Ask the office for a new one.")
    if row.expires_at is not None and row.expires_at <= real_now:
        raise Unauthorised(f"key {key_id} has expired.", hint="Ask the office for a new one.")
    scopes = frozenset(row.scopes)
    return Principal(key_id, row.owner, row.platform_id, row.label, scopes), row


def needs_touch(row: ApiKey, *, real_now: datetime) -> bool:
    """Whether the row is to say anew when it was used."""
    return row.last_used_at is None or real_now - row.last_used_at >= USED_GRAIN


def touch(session: Session, key_id: str, *, real_now: datetime) -> None:
    """Let the row say that its key was used now."""
    session.execute(
        update(ApiKey)
        .where(ApiKey.key_id == key_id)
        .values(last_used_at=real_now)
        .execution_options(synchronize_session=False)
    )


def revoke_key(session: Session, key_id: str, *, actor: str, at: Moment) -> ApiKey:
    """The key, which no longer opens anything; raises `NotFound`, `Conflict` if it was before."""
    row = session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if row is None:
        raise NotFound(f"there is no key {key_id!r}.", hint="`lantian key list` shows them.")
    if row.revoked_at is not None:
        raise Conflict(f"key {key_id} was revoked before.", hint="Nothing is left to do.")
    row.revoked_at = at.real
    audit.record(
        session,
        actor=actor,
        action="key.revoke",
        subject=f"key:{key_id}",
        now=at.now,
        real_now=at.real,
    )
    return row


def well_formed(key: str) -> str | None:
    """The key id, if prefix, length and checksum are right: no look-up is needed to tell."""
    match = _SHAPE.fullmatch(key)
    if match is None or not hmac.compare_digest(checksum(key[:-6]), key[-6:]):
        return None
    return match.group(2)


def checksum(body: str) -> str:
    """CRC32 of all but the last six characters, as six characters."""
    return _base62(zlib.crc32(body.encode()), 6)


def key_digest(key: str) -> str:
    """The digest under which a key is kept (256 random bits need no slow one)."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits = _ALPHABET[rest] + digits
    return digits
