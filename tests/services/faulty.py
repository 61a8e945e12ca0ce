"""A way to a service that can be cut, and that can hang: what a machine or its network does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Way:
    """Passes bytes both ways between a free port of loopback and a service, while it is `open`.

    `cut` breaks all connections off and refuses new ones; `hang` holds everything back; `mend`
    ends either.
    """

    def __init__(self, host: str, port: int) -> None:
        self._service = (host, port)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._passes = threading.Event()
        self._passes.set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        """Let everything pass again."""
        self._passes.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def hang(self) -> None:
        """Hold back whatever is sent; connections are taken, and nobody speaks."""
        self._passes.clear()

    def cut(self) -> None:
        """Break everything off."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _break(pair)
        self._passes.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._service)
            except OSError:
                return
            pair = near, far
            with self._lock:
                self._pairs.append(pair)
            for source, target in (pair, pair[::-1]):
                threading.Thread(
                    target=self._pass_on, args=(source, target, pair), daemon=True
                ).start()

    def _pass_on(
        self,
        source: socket.socket,
        target: socket.socket,
        pair: tuple[socket.socket, socket.socket],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._passes.wait()
                target.sendall(data)
        _break(pair)


def _break(pair: tuple[socket.socket, socket.socket]) -> None:
    for one in pair:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def way_to(host: str, port: int) -> Iterator[Way]:
    """A way to a service, for as long as the block runs."""
    way = Way(host, port)
    try:
        yield way
    finally:
        way.cut()
