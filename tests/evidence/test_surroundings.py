"""What a WARC file says of the machine and the clock that made it."""

from datetime import UTC, datetime

import pytest

from lantian.evidence.archive import Archive
from lantian.evidence.record import parsed, unpacked
from lantian.evidence.surroundings import clock_check, clock_sentence, surroundings

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "state, estimated, most, said",
    [
        (0, 250, 1_500, "estimated error 0.000250 s, at most 0.001500 s"),
        (0, 16_000_000, 16_000_000, "estimated error 16.000000 s"),
        (0, 0, -1, "error not known"),
        (0, 0, 2**62, "error not known"),
        (5, 0, 0, "not synchronised"),
    ],
)
def test_the_clock_is_told_in_a_sentence(state: int, estimated: int, most: int, said: str) -> None:
    assert said in clock_sentence(state, estimated, most)


def test_the_kernel_of_this_machine_answers() -> None:
    assert "synchronised, as the kernel says" in clock_check()


def test_a_file_tells_machine_and_clock_in_lines_of_their_own(archive: Archive) -> None:
    with archive.writer("one", at=AT, software="lantian test\r\nhostname: forged") as writer:
        writer.write_response(url="https://a.example/", at=AT, head=b"HTTP/1.1 200 OK", body=b"x")
    block = parsed(unpacked(archive.warcinfo(writer.file), 100_000)[0]).payload.decode()
    lines = dict(line.split(": ", 1) for line in block.strip().splitlines())
    assert lines["software"] == "lantian test hostname: forged"
    assert lines["hostname"] == surroundings()["hostname"]
    assert "(adjtimex)" in lines["clock"]
    assert lines["format"] == "WARC File Format 1.1"
