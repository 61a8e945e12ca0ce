"""Keys: their shape, what is kept of them, and what opens nothing any more. On both stores."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.access import keys
from lantian.access.users import Moment
from lantian.errors import Conflict, Invalid, NotFound, Unauthorised
from lantian.model import ApiKey, AuditEvent, Platform
from lantian.store.engine import Store
from lantian.store.migrate import upgrade

NOW = datetime(2026, 11, 24, tzinfo=UTC)
AT = Moment(NOW, NOW)
# 256 bits, all zero but the last: a key of the right shape that nobody has.
BODY = "lt_live_" + "a1B2c3D4" + "0" * 42 + "1"
KEY = BODY + keys.checksum(BODY)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = Store(store_url)
    upgrade(store)
    yield store
    store.close()


def office_key(store: Store, *, life: timedelta | None = None) -> str:
    with store.write() as session:
        key, _ = keys.add_key(
            session, owner="office", label="某局", actor="process:cli", at=AT, life=life
        )
    return key


def ask(store: Store, key: str, now: datetime = NOW) -> keys.Principal:
    with store.read() as session:
        return keys.authenticate(session, key, real_now=now)[0]


def test_a_key_has_prefix_id_secret_and_checksum(store: Store) -> None:
    key = office_key(store)
    assert re.fullmatch(r"lt_live_[0-9A-Za-z]{8}[0-9A-Za-z]{43}[0-9A-Za-z]{6}", key)
    assert keys.well_formed(key) == key[8:16]
    assert key != office_key(store)


def test_only_the_digest_of_a_key_is_kept(store: Store) -> None:
    key = office_key(store)
    with store.read() as session:
        row = session.query(ApiKey).one()
        events = session.query(AuditEvent).all()
    kept = " ".join(str(value) for value in vars(row).values())
    told = " ".join(str(event.detail) for event in events)
    assert key[16:] not in kept + told
    assert row.secret_digest == keys.key_digest(key)
    assert [event.action for event in events] == ["key.add"]


def test_a_key_says_whose_it_is_and_what_it_may_do(store: Store) -> None:
    office = ask(store, office_key(store))
    assert (office.owner, office.platform_id) == ("office", None)
    assert office.scopes == {"clues:read", "notices:read", "notices:write", "tips:write"}
    with store.write() as session:
        platform = Platform(name="甲平台", created_at=NOW)
        session.add(platform)
        session.flush()
        key, _ = keys.add_key(
            session,
            owner="platform",
            label="",
            actor="process:cli",
            at=AT,
            platform=platform,
            test=True,
        )
    assert key.startswith("lt_test_")
    theirs = ask(store, key)
    assert (theirs.owner, theirs.platform_id) == ("platform", platform.id)
    assert theirs.scopes == {"notices:read", "notices:answer", "tips:write"}


def test_a_platforms_key_needs_a_platform_and_an_offices_has_none(store: Store) -> None:
    with store.write() as session, pytest.raises(Invalid, match="without a platform"):
        keys.add_key(session, owner="platform", label="", actor="a", at=AT)


def test_a_revoked_key_opens_nothing_and_is_revoked_once(store: Store) -> None:
    key = office_key(store)
    with store.write() as session:
        keys.revoke_key(session, key[8:16], actor="process:cli", at=AT)
    with pytest.raises(Unauthorised, match=f"key {key[8:16]} was revoked"):
        ask(store, key)
    with store.write() as session, pytest.raises(Conflict, match="revoked before"):
        keys.revoke_key(session, key[8:16], actor="process:cli", at=AT)
    with store.write() as session, pytest.raises(NotFound, match="no key 'zzzzzzzz'"):
        keys.revoke_key(session, "zzzzzzzz", actor="process:cli", at=AT)


def test_an_expired_key_opens_nothing(store: Store) -> None:
    key = office_key(store, life=timedelta(days=1))
    assert ask(store, key, NOW + timedelta(hours=23)).owner == "office"
    with pytest.raises(Unauthorised, match="has expired"):
        ask(store, key, NOW + timedelta(days=1))


def test_a_key_that_nobody_has_and_the_id_of_another_are_unknown(store: Store) -> None:
    with pytest.raises(Unauthorised, match="the key is unknown"):
        ask(store, KEY)
    body = office_key(store)[:16] + "0" * 43
    with pytest.raises(Unauthorised, match="the key is unknown"):
        ask(store, body + keys.checksum(body))


def test_the_last_use_is_kept_by_the_minute(store: Store) -> None:
    key = office_key(store)
    with store.write() as session:
        row = session.query(ApiKey).one()
        assert keys.needs_touch(row, real_now=NOW)
        keys.touch(session, key[8:16], real_now=NOW)
    with store.read() as session:
        row = session.query(ApiKey).one()
    assert row.last_used_at == NOW
    assert not keys.needs_touch(row, real_now=NOW + timedelta(seconds=59))
    assert keys.needs_touch(row, real_now=NOW + timedelta(seconds=60))


@given(st.integers(0, len(KEY) - 1), st.characters())
def test_a_key_with_one_other_character_is_damaged(place: int, other: str) -> None:
    changed = KEY[:place] + other + KEY[place + 1 :]
    assert (keys.well_formed(changed) is None) == (changed != KEY)


@given(st.text(max_size=100))
def test_no_text_at_all_is_taken_for_a_key_without_its_checksum(text: str) -> None:
    assert keys.well_formed(text) is None
