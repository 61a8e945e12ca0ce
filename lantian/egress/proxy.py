"""A proxy on loopback through which browsers and webhooks reach the web, and nothing else.

It resolves once, checks all answers, and connects to the address that it checked: a name that
answers differently a moment later (DNS rebinding) gains nothing. One proxy serves one run, with
the permissions of one source. Plain HTTP comes in absolute form, one request a connection;
everything else by CONNECT (RFC 9110, 9.3.6; RFC 9112, 3.2.2).
"""

import asyncio
import base64
import hmac
import socket
import struct
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lantian.egress.deny import NONE, Permissions
from lantian.egress.hosts import Endpoint
from lantian.egress.request import Head, read_head
from lantian.egress.resolver import Resolver
from lantian.errors import EgressRefused, FetchFailed, Invalid, LantianError

CHUNK = 64 * 1024
REMEMBERED = 4096
"""Of how many hosts a proxy knows how it last went."""
USER = "lantian"
MARK = b"Lantian-Refused"
"""The field that tells an answer of the proxy from one of the site."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """What one connection may take: seconds and bytes; and how many there may be."""

    head_seconds: float = 10.0
    connect_seconds: float = 10.0
    idle_seconds: float = 60.0
    total_seconds: float = 300.0
    max_bytes: int = 64 * 1024 * 1024
    connections: int = 128


class EgressProxy:
    """A listening proxy; `url` is its address.

    With a token, a client must give it as the password of user `lantian`. Without one, whoever
    finds the port on this machine reaches what the source may reach.
    """

    def __init__(
        self,
        resolver: Resolver,
        permissions: Permissions = NONE,
        *,
        token: str | None = None,
        limits: ProxyLimits | None = None,
    ) -> None:
        self.port = 0
        self._resolver = resolver
        self._permissions = permissions
        self._limits = limits or ProxyLimits()
        self._credentials = base64.b64encode(f"{USER}:{token}".encode()) if token else None
        self._outcomes: OrderedDict[tuple[str, int], str | LantianError] = OrderedDict()
        self._slots = asyncio.Semaphore(self._limits.connections)
        # Threads of its own: names that hang must not hold up what else runs in the loop.
        self._lookups = ThreadPoolExecutor(16, thread_name_prefix="egress-lookup")
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    def ip_of(self, host: str, port: int) -> str | None:
        """The address at which this host was last reached."""
        outcome = self._outcomes.get((host, port))
        return outcome if isinstance(outcome, str) else None

    def error_of(self, host: str, port: int) -> LantianError | None:
        """Why this host was refused, or did not answer, when it was last asked for."""
        outcome = self._outcomes.get((host, port))
        return outcome if isinstance(outcome, LantianError) else None

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End listener and connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs this as a task)
        self._open.add(task)
        try:
            async with self._slots, asyncio.timeout(self._limits.total_seconds):
                await self._serve((reader, writer))
        except OSError:
            # A clean end would make a cut body look whole.
            _reset(writer)
        finally:
            writer.close()
            self._open.discard(task)

    async def _serve(self, client: Streams) -> None:
        try:
            async with asyncio.timeout(self._limits.head_seconds):
                head = await read_head(client[0])
            if head is None:
                return
            if not self._may_use(head):
                await _answer(client[1], 407, "This proxy wants the token of its run.")
                return
            upstream = await self._connect(head)
        except LantianError as error:
            await _answer(client[1], _status(error), str(error))
            return
        try:
            if head.tunnel:
                client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                upstream[1].write(head.forwarded())
            await self._relay(head, client, upstream)
        finally:
            upstream[1].close()

    def _may_use(self, head: Head) -> bool:
        if self._credentials is None:
            return True
        scheme, _, given = head.field(b"proxy-authorization").partition(b" ")
        return scheme.lower() == b"basic" and hmac.compare_digest(given.strip(), self._credentials)

    async def _connect(self, head: Head) -> Streams:
        place = (head.host, head.port)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                endpoints = await loop.run_in_executor(
                    self._lookups, self._resolver.resolve, *place, self._permissions
                )
                streams, ip = await _first(endpoints)
        except LantianError as error:
            self._remember(place, error)
            raise
        except OSError as error:
            why = "it took too long" if isinstance(error, TimeoutError) else str(error)
            failure = FetchFailed(
                f"{head.authority} does not answer: {why}.", hint="Try again later."
            )
            self._remember(place, failure)
            raise failure from error
        self._remember(place, ip)
        return streams

    def _remember(self, place: tuple[str, int], outcome: str | LantianError) -> None:
        self._outcomes[place] = outcome
        self._outcomes.move_to_end(place)
        if len(self._outcomes) > REMEMBERED:
            self._outcomes.popitem(last=False)

    async def _relay(self, head: Head, client: Streams, upstream: Streams) -> None:
        """Pass bytes both ways until the upstream has said everything.

        A plain request is bound to the upstream that was checked for it: more from the client
        than its body ends the connection, since the next request may be for another host.
        """
        async with asyncio.timeout(self._limits.idle_seconds) as idle:
            most = None if head.tunnel else head.body_length
            up = asyncio.create_task(self._pump(client[0], upstream[1], most, idle))
            down = asyncio.create_task(
                self._pump(upstream[0], client[1], self._limits.max_bytes, idle)
            )
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
                if not down.done() and up.exception() is None and head.tunnel:
                    upstream[1].write_eof()
                    await down
                for task in (down, up):
                    if task.done():
                        task.result()
            finally:
                up.cancel()
                down.cancel()
                await asyncio.gather(up, down, return_exceptions=True)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        most: int | None,
        idle: asyncio.Timeout,
    ) -> None:
        loop = asyncio.get_running_loop()
        passed = 0
        while data := await source.read(CHUNK):
            passed += len(data)
            if most is not None and passed > most:
                raise ConnectionAbortedError
            idle.reschedule(loop.time() + self._limits.idle_seconds)
            sink.write(data)
            await sink.drain()


async def _first(endpoints: Iterable[Endpoint]) -> tuple[Streams, str]:
    """A connection to the first endpoint that takes one."""
    failure: OSError | None = None
    for endpoint in endpoints:
        try:
            streams = await asyncio.open_connection(endpoint.ip, endpoint.port, limit=CHUNK)
        except OSError as error:
            failure = error
        else:
            return streams, endpoint.ip
    raise failure or OSError("no address")


def _status(error: LantianError) -> int:
    if isinstance(error, EgressRefused):
        return 403
    return 400 if isinstance(error, Invalid) else 502


async def _answer(writer: asyncio.StreamWriter, status: int, text: str) -> None:
    reason = {400: b"Bad Request", 403: b"Forbidden", 407: b"Proxy Authentication Required"}
    body = text.encode() + b"\n"
    fields = [
        b"HTTP/1.1 %d %s" % (status, reason.get(status, b"Bad Gateway")),
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: %d" % len(body),
        b"Cache-Control: no-store",
        b"Connection: close",
        MARK + b": %d" % status,
    ]
    if status == 407:
        fields.append(b'Proxy-Authenticate: Basic realm="lantian"')
    writer.write(b"\r\n".join(fields) + b"\r\n\r\n" + body)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Let the other side see a broken connection instead of a clean end."""
    handle = writer.get_extra_info("socket")
    if handle is not None:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
