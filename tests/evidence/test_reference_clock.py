"""How far our clock is off, by NTP and by the date of a web server, on loopback."""

import struct
from datetime import UTC, datetime

import pytest

from lantian.egress.resolver import Resolver
from lantian.errors import ConfigError, EgressRefused, ServiceUnavailable
from lantian.evidence.reference_clock import (
    ClockReference,
    check_clock,
    offset_of,
    read_date,
    read_ntp,
)
from tests.evidence.clocks import EPOCH, date_server, ntp_server

RESOLVER = Resolver()


@pytest.mark.parametrize("off", [0.0, 42.5, -3600.25])
def test_an_ntp_server_tells_the_offset_within_what_it_says(off: float) -> None:
    with ntp_server(off) as server:
        reference = ClockReference(f"ntp://127.0.0.1:{server.port}", private=True)
        found = offset_of(reference, RESOLVER)
    assert abs(found.seconds - off) <= found.within
    # Root delay 10 ms, dispersion 20 ms, and half of the way there and back.
    assert 0.02 < found.within < 1.0
    assert len(server.asked) == 1


def test_what_is_sent_tells_nobody_our_time() -> None:
    with ntp_server() as server:
        reference = ClockReference(f"ntp://127.0.0.1:{server.port}", private=True)
        for _ in range(2):
            offset_of(reference, RESOLVER)
    first, second = (query[40:48] for query in server.asked)
    assert first != second
    assert server.asked[0][:40] == b"\x23" + bytes(39)


@pytest.mark.parametrize("off", [0, 120])
def test_a_web_server_tells_it_to_a_second(off: int) -> None:
    with date_server(off) as port:
        found = offset_of(ClockReference(f"http://127.0.0.1:{port}/", private=True), RESOLVER)
    assert abs(found.seconds - off) <= found.within + 0.001
    assert 0.5 <= found.within < 2


@pytest.mark.parametrize(
    "mode, why",
    [
        ("silent", "timed out"),
        ("short", "too short"),
        ("stranger", "none to what was asked"),
        ("unsynchronised", "not synchronised"),
    ],
)
def test_a_server_of_no_use_is_named_with_the_reason(mode: str, why: str) -> None:
    with ntp_server(mode=mode) as server:
        reference = ClockReference(f"ntp://127.0.0.1:{server.port}", private=True)
        with pytest.raises(ServiceUnavailable, match=why) as caught:
            offset_of(reference, RESOLVER, seconds=0.3)
    assert reference.url in caught.value.message


def test_a_web_server_without_a_date_is_of_no_use() -> None:
    with date_server(dated=False) as port, pytest.raises(ServiceUnavailable, match="has no date"):
        offset_of(ClockReference(f"http://127.0.0.1:{port}/", private=True), RESOLVER)


@pytest.mark.parametrize("scheme", ["ntp", "http"])
def test_what_is_not_public_is_asked_with_a_permission_only(scheme: str) -> None:
    with ntp_server() as server:
        reference = ClockReference(f"{scheme}://127.0.0.1:{server.port}")
        with pytest.raises((EgressRefused, ServiceUnavailable), match="not connected to"):
            offset_of(reference, RESOLVER)
    assert server.asked == []


def test_another_scheme_is_no_reference() -> None:
    with pytest.raises(ConfigError, match="no known kind"):
        offset_of(ClockReference("gopher://127.0.0.1/"), RESOLVER)


def test_the_next_reference_is_asked_where_one_does_not_answer() -> None:
    with ntp_server(mode="silent") as away, ntp_server(7.0) as there:
        references = [
            ClockReference(f"ntp://127.0.0.1:{one.port}", private=True) for one in (away, there)
        ]
        found = check_clock(references, RESOLVER, seconds=0.3)
    assert found.offset is not None
    assert found.offset.url == references[1].url
    assert len(found.faults) == 1
    assert references[0].url in found.faults[0]
    assert check_clock([], RESOLVER).offset is None


def test_times_behind_the_year_2036_are_read() -> None:
    at = datetime(2040, 1, 1, tzinfo=UTC).timestamp()
    stamp = int((at + EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
    answer = struct.pack(
        ">BBBb4s4s4sQQQQ", 0x24, 1, 0, 0, bytes(4), bytes(4), b"", 0, 5, stamp, stamp
    )
    offset, within = read_ntp(answer, 5, sent=at - 10.0, received=at - 9.0)
    assert offset == pytest.approx(9.5, abs=0.001)
    assert within == pytest.approx(0.5, abs=0.001)


def test_a_date_means_the_middle_of_its_second() -> None:
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert read_date(at, sent=at.timestamp(), received=at.timestamp() + 1) == (0.0, 1.0)
