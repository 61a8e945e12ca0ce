"""The writer's process: `python -m crawler.writer FD`. Only it writes what a crawl visits.

It ends when the pipe to its spider does, after the batch that it has in hand.
"""

import logging
import pickle
import signal
import socket
import sys
import traceback

from crawler.writing import LENGTH, Finish, Opening, Taken, Writing
from lantian.errors import LeaseLost
from lantian.settings import load_settings
from lantian.wiring import open_parts


def main() -> int:
    """Take batches until the spider ends; the exit status is 0 unless something broke."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe = socket.socket(fileno=int(sys.argv[1]))
    try:
        with pipe:
            serve(pipe)
    except LeaseLost as error:
        print(f"writer: {error}", file=sys.stderr)  # noqa: T201
        return 3
    except (BrokenPipeError, ConnectionResetError):
        return 0
    except Exception:  # noqa: BLE001  (the edge of the process: the spider hears of its end)
        traceback.print_exc()
        return 1
    return 0


def serve(pipe: socket.socket) -> None:
    """Take batches from the pipe, acknowledging each after its commit."""
    parts = open_parts(load_settings())
    # Loaded while the spider gets ready.
    _ = parts.matcher
    opening = _receive(pipe)
    if not isinstance(opening, Opening):
        parts.close()
        return
    writing = Writing(parts, opening)
    try:
        while (message := _receive(pipe)) is not None:
            if isinstance(message, Finish):
                writing.finish(message)
                _send(pipe, "finished")
            elif isinstance(message, tuple):
                result = writing.take(message)
                _send(pipe, Taken(len(message), result.documents, result.hits))
    except LeaseLost:
        _send(pipe, "lease_lost")
        raise
    finally:
        writing.close()
        parts.close()


def _receive(pipe: socket.socket) -> object | None:
    """The next message; none at the end of the pipe, also in the midst of a message."""
    head = _exactly(pipe, LENGTH.size)
    if head is None:
        return None
    body = _exactly(pipe, LENGTH.unpack(head)[0])
    return None if body is None else pickle.loads(body)  # noqa: S301  (our own parent)


def _exactly(pipe: socket.socket, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        data = pipe.recv(min(count, 1 << 20))
        if not data:
            return None
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


def _send(pipe: socket.socket, message: object) -> None:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    pipe.sendall(LENGTH.pack(len(data)) + data)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    sys.exit(main())
