"""Input cut into batches of whole lines, however it comes."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lantian.errors import Unreadable
from lantian.matching import batches
from lantian.matching.batches import Batch, Lines


@contextmanager
def opened(file: Path) -> Iterator[int]:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def of_bytes(data: bytes, folder: Path, most: int = 1 << 20) -> list[Batch]:
    file = folder / "lines"
    file.write_bytes(data)
    with opened(file) as descriptor:
        return list(Lines(descriptor, most=most).batches())


def whole(some: list[Batch]) -> bytes:
    return b"".join(batch.lines for batch in some)


def test_batches_are_whole_lines_and_know_their_numbers(tmp_path: Path) -> None:
    data = b"".join(b"%d\n" % number for number in range(400_000)) + b"the last"
    some = of_bytes(data, tmp_path)
    assert whole(some) == data
    assert len(some) > 2
    for batch in some:
        assert len(batch.lines) < batches.BATCH + batches.READ
        number, *_ = batch.lines.splitlines()
        assert number == b"%d" % (batch.first - 1)
    assert [batch.first for batch in some[1:]] == [batch.last + 1 for batch in some[:-1]]
    assert some[-1].last == 400_001


@pytest.mark.parametrize(
    "data,sizes", [(b"", []), (b"\n", [1]), (b"a", [1]), (b"\n\n", [2]), (b"a\nb", [3])]
)
def test_small_inputs(tmp_path: Path, data: bytes, sizes: list[int]) -> None:
    assert [len(batch.lines) for batch in of_bytes(data, tmp_path)] == sizes


def test_a_line_over_the_limit_is_passed_over_and_named_in_its_place(tmp_path: Path) -> None:
    long = b"x" * (3 * batches.READ)
    some = of_bytes(b"one\ntwo\n" + long + b"\nfour\n" + long, tmp_path, most=batches.READ)
    assert [(batch.first, batch.lines) for batch in some if not batch.fault] == [
        (1, b"one\ntwo\n"),
        (4, b"four\n"),
    ]
    faults = [batch.fault for batch in some if batch.fault]
    assert [fault.split(":")[0] for fault in faults] == ["line 3", "line 5"]
    assert "longer than 262,144 bytes" in faults[0]


def test_no_more_than_the_limit_is_kept_of_a_line_without_end() -> None:
    source, sink = os.pipe()
    lines = Lines(source, most=100_000)
    kept = []

    def write() -> None:
        for _ in range(200):
            os.write(sink, b"x" * 50_000)
        os.close(sink)

    writer = threading.Thread(target=write)
    writer.start()
    while not lines.ended:
        lines.read()
        kept.append(sum(map(len, lines._begun)))
    writer.join()
    os.close(source)
    assert max(kept) <= 100_000
    assert [batch.first for batch in lines.batches()] == [1]


def test_a_line_is_taken_when_no_more_input_waits() -> None:
    source, sink = os.pipe()
    some = Lines(source).batches()
    for number in (1, 2):
        os.write(sink, b"line\nbegun")
        assert next(some).first == number
        os.write(sink, b"\n")
        os.write(sink, b"")
    os.close(sink)
    assert whole(list(some)).endswith(b"begun\n")
    os.close(source)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as folder, pytest.raises(Unreadable, match="directory"):
        Lines(folder).read()
