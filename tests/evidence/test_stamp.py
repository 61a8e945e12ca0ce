"""Stamps of real authorities are kept; whatever a faulty one answers is refused and named."""

import hashlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lantian.clock import legal_day
from lantian.egress.resolver import Resolver
from lantian.errors import ConfigError, EgressRefused, NotFound, ServiceUnavailable
from lantian.evidence.authority import Authority, StampRefused, ask, authorities_of
from lantian.evidence.day import statement_of
from lantian.evidence.reply import BadReply, read_reply, with_sorted_certificates
from lantian.evidence.sealing import Sealing
from lantian.evidence.stamp import judged_stamp, query_of, stamp_day, unstamped
from lantian.model import AuditEvent, SealedDay, TimeStamp
from lantian.settings import TimeAuthority, load_settings
from tests.evidence.authorities import MODES, POLICY, Office, Served, serving
from tests.evidence.conftest import Kept
from tests.services.web import canary

TEXT = b"lantian.day/1\n"
BRIEF = 1.0
"""Seconds that an answer may take here."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office") / "one")


@pytest.fixture
def served(office: Office) -> Iterator[Served]:
    with serving(office) as found:
        yield found


def now() -> datetime:
    return datetime.now(UTC)


def asking(authority: Authority, query: bytes) -> bytes:
    return ask(authority, query, Resolver(), seconds=BRIEF)


@pytest.fixture
def sealed(kept: Kept) -> Kept:
    """A store with one day that is sealed."""
    at = now() - timedelta(days=2)
    with kept.archive.writer("crawl-1", at=at) as writer:
        kept.capture(writer, "https://shop.example/1", b"<p>1", at=at, recorded_at=at)
    list(Sealing(kept.store, kept.archive).through(legal_day(at), now=now(), real_now=now()))
    return kept


def day_of(kept: Kept) -> SealedDay:
    with kept.store.read() as session:
        return session.scalars(select(SealedDay)).one()


def stamped(kept: Kept, authority: Authority, *, ahead: timedelta = timedelta(0)) -> bool:
    """Whether the day was stamped now; our clock runs `ahead` of the authority's."""
    made = stamp_day(
        kept.store,
        day_of(kept).day,
        authority,
        asking,
        now=now,
        real_now=lambda: now() + ahead,
    )
    return made is not None


def stamps(kept: Kept) -> list[TimeStamp]:
    with kept.store.read() as session:
        return list(session.scalars(select(TimeStamp)))


def test_a_stamp_is_kept_as_it_came_and_told_in_the_audit_chain(
    sealed: Kept, served: Served, tmp_path: Path
) -> None:
    assert stamped(sealed, served.authority(policy=POLICY))
    (stamp,) = stamps(sealed)
    assert (stamp.authority, stamp.policy, stamp.url) == ("one", POLICY, served.url)
    assert abs(stamp.stamped_at - now()) < timedelta(minutes=1)
    with sealed.store.read() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.action, event.subject) == ("evidence.stamp", f"day:{day_of(sealed).day}")
    assert event.detail == {"authority": "one", "reply": stamp.reply_digest}
    # A second verifier, which shares no code with the first.
    (tmp_path / "text").write_bytes(statement_of(day_of(sealed)).text)
    (tmp_path / "reply").write_bytes(stamp.reply)
    (tmp_path / "root.pem").write_text(stamp.roots)
    command = ["openssl", "ts", "-verify", "-data", "text", "-in", "reply", "-CAfile", "root.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr


def test_a_day_is_stamped_once_by_each_authority(sealed: Kept, served: Served) -> None:
    assert unstamped_by(sealed) == [day_of(sealed).day]
    assert stamped(sealed, served.authority())
    assert not stamped(sealed, served.authority())
    assert len(served.asked) == len(stamps(sealed)) == 1
    assert unstamped_by(sealed) == []
    assert stamped(sealed, served.authority(name="two"))
    assert {stamp.authority for stamp in stamps(sealed)} == {"one", "two"}


def unstamped_by(kept: Kept) -> list[str]:
    with kept.store.read() as session:
        return unstamped(session, "one")


@pytest.mark.parametrize(
    "mode, reason",
    [
        ("nonce", "its nonce is not that of the query"),
        ("imprint", "it is over something else"),
        ("expired", "certificate has expired"),
        ("usage", "unsuitable certificate purpose"),
        ("rejection", "rejection: Message digest algorithm is not supported"),
        ("garbage", "no answer after RFC 3161"),
        ("empty", "no answer after RFC 3161"),
        ("cut", "no answer after RFC 3161"),
        ("flipped", "its certificate or signature"),
        ("huge", "more than 262,144 bytes"),
        ("404", "answers 404"),
        ("302", "answers 302"),
    ],
)
def test_what_is_no_stamp_to_be_trusted_is_refused_and_not_kept(
    mode: str, reason: str, sealed: Kept, served: Served
) -> None:
    served.mode = mode
    with pytest.raises(StampRefused, match=reason):
        stamped(sealed, served.authority())
    assert stamps(sealed) == []
    assert len(served.asked) == 1
    served.mode = "ok"
    assert stamped(sealed, served.authority())


@pytest.mark.parametrize("mode", ["500", "503", "429", "hang", "drip"])
def test_one_that_does_not_answer_is_away(mode: str, sealed: Kept, served: Served) -> None:
    served.mode = mode
    with pytest.raises(ServiceUnavailable, match="the time authority one does not answer"):
        stamped(sealed, served.authority())
    assert stamps(sealed) == []


def test_a_closed_port_and_an_unknown_name_are_away_too(sealed: Kept, free_port: int) -> None:
    for url in (f"http://127.0.0.1:{free_port}/", "http://tsa.invalid/"):
        with pytest.raises(ServiceUnavailable, match="does not answer"):
            stamped(sealed, Authority("one", url, "", private=True))


def test_an_authority_of_another_root_is_refused(
    sealed: Kept, served: Served, tmp_path: Path
) -> None:
    stranger = Office(tmp_path / "two", "two")
    with pytest.raises(StampRefused, match="certificate"):
        stamped(sealed, served.authority(roots=stranger.root))
    # Both are trusted: then either is.
    assert stamped(sealed, served.authority(roots=stranger.root + served.office.root))


def test_another_policy_than_was_agreed_is_refused(sealed: Kept, served: Served) -> None:
    with pytest.raises(StampRefused, match=rf"its policy is {POLICY} and not 1\.2\.3\.4\.9"):
        stamped(sealed, served.authority(policy="1.2.3.4.9"))


@pytest.mark.parametrize(
    "days, reason", [(-1, "had not come when it was received"), (1, "lies before what it stamps")]
)
def test_a_clock_that_is_a_day_off_is_refused(
    days: int, reason: str, sealed: Kept, served: Served
) -> None:
    with pytest.raises(StampRefused, match=reason):
        stamped(sealed, served.authority(), ahead=timedelta(days=days))


def test_a_chain_that_openssl_sends_in_any_order_is_taken(sealed: Kept, served: Served) -> None:
    served.mode = "chain"
    assert stamped(sealed, served.authority())
    (stamp,) = stamps(sealed)
    assert with_sorted_certificates(with_sorted_certificates(stamp.reply)) == (
        with_sorted_certificates(stamp.reply)
    )
    assert len(with_sorted_certificates(stamp.reply)) == len(stamp.reply)


def test_only_what_may_be_connected_to_is_asked(sealed: Kept, served: Served) -> None:
    with pytest.raises(EgressRefused, match="its address is loopback"):
        stamped(sealed, served.authority(private=False))
    with canary() as bird:
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]"):
            url = f"http://{host}:{bird.port}/"
            with pytest.raises(EgressRefused):
                stamped(sealed, Authority("one", url, served.office.root))
    assert (served.asked, bird.taken) == ([], [])
    with pytest.raises(EgressRefused, match="only http and https"):
        stamped(sealed, Authority("one", "file:///etc/passwd", served.office.root))


def test_a_proxy_of_the_environment_is_not_gone_round_by(
    sealed: Kept, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    with pytest.raises(EgressRefused):
        stamped(sealed, served.authority(private=False))
    assert stamped(sealed, served.authority())


def test_a_day_that_is_not_sealed_cannot_be_stamped(kept: Kept) -> None:
    with pytest.raises(NotFound, match="2026-01-01 is not sealed"):
        stamp_day(kept.store, "2026-01-01", Authority("one", "", ""), asking, now=now, real_now=now)


def test_a_stamp_is_judged_at_its_own_time(served: Served) -> None:
    query = query_of(TEXT)
    reply = served.office.reply(query.data)
    told = judged_stamp(reply, TEXT, served.authority(), nonce=query.nonce)
    assert told.imprint == hashlib.sha256(TEXT).digest()
    assert told.nonce == query.nonce
    with pytest.raises(StampRefused, match="over something else"):
        judged_stamp(reply, TEXT + b"x", served.authority())


def test_every_flipped_byte_of_a_stamp_is_refused_or_says_the_same(served: Served) -> None:
    reply = served.office.reply(query_of(TEXT).data)
    sound = read_reply(reply)
    harmless = 0
    for place in range(len(reply)):
        changed = bytearray(reply)
        changed[place] ^= 0x55
        try:
            told = judged_stamp(bytes(changed), TEXT, served.authority())
        except StampRefused:
            continue
        # Not all of an answer is signed, its version numbers for one.
        assert told == sound
        harmless += 1
    assert harmless < 20


@given(data=st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    for read in (read_reply, with_sorted_certificates):
        with pytest.raises(BadReply):
            read(data)


@given(
    place=st.integers(0, 5000), change=st.integers(1, 255), mode=st.sampled_from(["ok", "chain"])
)
def test_no_changed_answer_makes_it_fail_otherwise(place: int, change: int, mode: str) -> None:
    reply = bytearray(REPLIES[mode])
    reply[place % len(reply)] ^= change
    for read in (read_reply, with_sorted_certificates):
        try:
            read(bytes(reply))
        except BadReply:
            continue


REPLIES: dict[str, bytes] = {}


@pytest.fixture(scope="module", autouse=True)
def _replies(office: Office) -> None:
    for mode in ("ok", "chain"):
        REPLIES[mode] = MODES[mode](office, query_of(TEXT).data)


def test_the_settings_name_authorities(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    file.write_text(office.root)
    one = TimeAuthority(name="one", url="http://tsa.example/", roots=file, policy=POLICY)
    (found,) = authorities_of(load_settings(time_authorities=(one,)))
    assert found == Authority("one", "http://tsa.example/", office.root, POLICY, private=False)
    file.write_text("none")
    with pytest.raises(ConfigError, match="the roots of the time authority one"):
        authorities_of(load_settings(time_authorities=(one,)))
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        authorities_of(load_settings(time_authorities=(one,)))
    with pytest.raises(ConfigError, match="two authorities have one name"):
        load_settings(time_authorities=(one, one))
    with pytest.raises(ConfigError, match="time_authorities"):
        load_settings(time_authorities=({"name": "../x", "url": "", "roots": "x"},))
