"""People and their one-time links."""

from datetime import timedelta

import pytest

from lantian.access import users
from lantian.errors import Conflict, Invalid, NotFound, Unauthorised
from lantian.model import LoginLink, User
from lantian.store.engine import Store
from tests.access.conftest import moment


def link(store: Store, user: User) -> str:
    with store.write() as session:
        return users.make_link(session, user, actor="t", at=moment())


def use(store: Store, secret: str, after: timedelta = timedelta(0)) -> User:
    with store.write() as session:
        return users.use_link(session, secret, at=moment(after))


def test_a_link_works_once(store: Store, user: User) -> None:
    secret = link(store, user)
    assert use(store, secret).name == "li"
    with pytest.raises(Unauthorised, match="used up"):
        use(store, secret)


def test_a_link_is_too_old_after_its_life(store: Store, user: User) -> None:
    secret = link(store, user)
    with pytest.raises(Unauthorised):
        use(store, secret, users.LINK_LIFE)
    assert use(store, secret, users.LINK_LIFE - timedelta(seconds=1)).name == "li"


def test_the_store_does_not_know_the_secret(store: Store, user: User) -> None:
    secret = link(store, user)
    with store.read() as session:
        kept = session.query(LoginLink).one()
    assert secret not in kept.secret_digest
    with pytest.raises(Unauthorised):
        use(store, kept.secret_digest)


def test_a_disabled_person_gets_in_no_more(store: Store, user: User) -> None:
    secret = link(store, user)
    with store.write() as session:
        users.disable_user(session, session.merge(user), actor="t", at=moment())
    with pytest.raises(Unauthorised):
        use(store, secret)


def test_names_are_taken_once_and_roles_are_few(store: Store, user: User) -> None:
    with store.write() as session, pytest.raises(Conflict, match="'li'"):
        users.add_user(session, name="li", display_name="", role="reviewer", actor="t", at=moment())
    with store.write() as session, pytest.raises(Invalid, match="'chief'"):
        users.add_user(session, name="x", display_name="", role="chief", actor="t", at=moment())
    with store.read() as session, pytest.raises(NotFound, match="'nobody'"):
        users.find_user(session, "nobody")
