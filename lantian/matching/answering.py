"""Lines of texts answered from descriptor to descriptor, in one process or in several."""

from lantian.errors import LantianError
from lantian.matching.answer import Answer, told
from lantian.matching.batches import Lines
from lantian.matching.pipes import write_all
from lantian.matching.pool import Pool, Write
from lantian.matching.setup import Setup


def answer_lines(setup: Setup, jobs: int, *, source: int, out: int, faults: int) -> bool:
    """Answer the lines of `source` on `out`, in order; whether every line could be.

    Lines that cannot be answered are named on `faults`. The answers do not depend on `jobs`, the
    number of processes; with 1 this one matches. Raises `PackError`, and `BrokenPipeError` where
    nobody reads `out`.
    """
    whole = True

    def write(answer: Answer) -> None:
        nonlocal whole
        _write(out, answer.out)
        if answer.faults:
            whole = False
            _write(faults, answer.faults)

    lines = Lines(source)
    if jobs == 1:
        _alone(setup, lines, write)
    else:
        with Pool(setup, jobs) as pool:
            pool.answer(lines, write)
    return whole


def _alone(setup: Setup, lines: Lines, write: Write) -> None:
    from lantian.matching.lines import answer

    matcher = setup.matcher()
    for batch in lines.batches():
        if batch.fault:
            write(told(batch.fault))
        else:
            found = answer(matcher, setup.day, batch.first, batch.lines, entities=setup.entities)
            write(found)


def _write(descriptor: int, data: bytes) -> None:
    try:
        write_all(descriptor, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LantianError(
            f"the answers cannot be written: {error}.", hint="Make room, or write elsewhere."
        ) from error
