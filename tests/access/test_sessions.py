"""Sessions end when they should, and at once when they are ended."""

from datetime import timedelta

import pytest

from lantian.access import sessions, users
from lantian.access.sessions import Limits
from lantian.errors import Forbidden, Unauthorised
from lantian.model import User, UserSession
from lantian.store.engine import Store
from tests.access.conftest import NOW, moment


def begin(store: Store, user: User, limits: Limits) -> tuple[str, UserSession]:
    with store.write() as session:
        return sessions.start_session(session, user, limits=limits, at=moment())


def found(store: Store, secret: str, limits: Limits, after: timedelta) -> UserSession:
    with store.read() as session:
        return sessions.find_session(session, secret, limits=limits, real_now=NOW + after)


def test_an_idle_session_ends(store: Store, user: User, limits: Limits) -> None:
    secret, _ = begin(store, user, limits)
    assert found(store, secret, limits, limits.idle - timedelta(seconds=1)).user_id == user.id
    with pytest.raises(Unauthorised):
        found(store, secret, limits, limits.idle)


def test_a_busy_session_ends_too(store: Store, user: User, limits: Limits) -> None:
    secret, row = begin(store, user, limits)
    with store.write() as session:
        session.merge(row).seen_at = NOW + limits.total - timedelta(minutes=1)
    assert found(store, secret, limits, limits.total - timedelta(seconds=1)).user_id == user.id
    with pytest.raises(Unauthorised):
        found(store, secret, limits, limits.total)


def test_an_ended_session_is_dead_at_the_next_request(
    store: Store, user: User, limits: Limits
) -> None:
    secret, row = begin(store, user, limits)
    with store.write() as session:
        sessions.end_session(session, session.merge(row), at=moment())
    with pytest.raises(Unauthorised):
        found(store, secret, limits, timedelta(0))


def test_another_role_ends_the_sessions_of_the_old_one(
    store: Store, user: User, limits: Limits
) -> None:
    secret, _ = begin(store, user, limits)
    with store.write() as session:
        users.set_role(session, session.merge(user), "administrator", actor="t", at=moment())
    with pytest.raises(Unauthorised):
        found(store, secret, limits, timedelta(0))


def test_a_guessed_id_opens_nothing(store: Store, user: User, limits: Limits) -> None:
    _, row = begin(store, user, limits)
    for guess in ("", row.id_digest, "x" * 43):
        with pytest.raises(Unauthorised):
            found(store, guess, limits, timedelta(0))


def test_a_form_is_of_one_session(store: Store, user: User, limits: Limits) -> None:
    _, mine = begin(store, user, limits)
    _, other = begin(store, user, limits)
    sessions.require_form_token(mine, sessions.form_token(mine))
    with pytest.raises(Forbidden):
        sessions.require_form_token(mine, sessions.form_token(other))


def test_the_row_says_not_at_each_request_when_it_was_seen(
    store: Store, user: User, limits: Limits
) -> None:
    _, row = begin(store, user, limits)
    assert not sessions.needs_touch(row, real_now=NOW + timedelta(seconds=59))
    assert sessions.needs_touch(row, real_now=NOW + timedelta(seconds=60))
