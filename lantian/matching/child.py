"""One of the processes of `lantian.matching.pool`: batches of lines in, answers out.

It loads the matcher, says so, and answers batch after batch until its parent is gone.
"""

import gc
import os
import sys
import threading
from queue import SimpleQueue

from lantian.errors import LantianError
from lantian.matching.answer import Answer
from lantian.matching.lines import answer
from lantian.matching.pipes import HEAD, read_exactly, write_all
from lantian.matching.setup import Setup, hello, refusal

Given = SimpleQueue[tuple[int, bytes]]


def main(setup: Setup) -> None:
    """Answer every batch that comes through standard input."""
    out = os.dup(1)
    os.dup2(2, 1)  # What a library prints must not stand among the answers.
    given: Given = SimpleQueue()
    # The parent may go while a text is being read: a thread of its own sees that.
    threading.Thread(target=_receive, args=(given,), daemon=True).start()
    try:
        matcher = setup.matcher()
    except LantianError as error:
        _send(out, refusal(error))
        return
    _send(out, hello(matcher))
    gc.freeze()  # The matcher stays: no collection need go through it.
    while True:
        first, lines = given.get()
        _send(out, answer(matcher, setup.day, first, lines, entities=setup.entities))
        del lines  # It may be long until the next ones come.


def _receive(given: Given) -> None:
    """Take what the parent sends; when it sends no more, all is answered, or nobody waits."""
    try:
        while True:
            first, size = HEAD.unpack(read_exactly(0, HEAD.size))
            given.put((first, read_exactly(0, size)))
    finally:
        os._exit(0)


def _send(out: int, answered: Answer) -> None:
    head = HEAD.pack(len(answered.out), len(answered.faults))
    try:
        write_all(out, head + answered.out + answered.faults)
    except BrokenPipeError:
        os._exit(0)  # The parent is gone.


if __name__ == "__main__":
    main(Setup.read(sys.argv[1]))
