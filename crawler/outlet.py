"""Where visits leave the spider: in batches to the writer, never blocking the reactor."""

import asyncio
import copyreg
import logging
import pickle
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from io import BytesIO
from operator import attrgetter
from typing import Any, Protocol

from crawler.run import Run
from crawler.starting import WriterProcess, start_writer
from crawler.writing import LENGTH, Finish, Opening, Taken, Writing
from lantian.errors import LeaseLost
from lantian.intake.visit import Visit
from lantian.reading import Link, ReadDocument, Reading
from lantian.store.frontier import Planned

logger = logging.getLogger(__name__)

BATCH = 32
BATCH_BYTES = 4_000_000
BATCH_SECONDS = 1.0
MOST_WAITING = 64
MOST_WAITING_BYTES = 64_000_000


def _fields(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """How an object is pickled that is made of its fields in their order."""
    values = attrgetter(*(one.name for one in fields(kind)))
    return lambda found: (kind, values(found))


def _reading(found: Reading) -> tuple[Any, ...]:
    """What the writer asks of a page: links and text only where there are no documents."""
    kept = replace(found, links=(), text="") if found.documents else found
    return _AS_IT_IS(kept)


_AS_IT_IS = _fields(Reading)


class Packer(pickle.Pickler):
    """Pickles what goes to the writer: dataclasses with slots are else read in Python, by field."""

    dispatch_table = copyreg.dispatch_table | {
        Link: _fields(Link),
        Planned: _fields(Planned),
        ReadDocument: _fields(ReadDocument),
        Reading: _reading,
    }


Lost = Callable[[str], Awaitable[None]]
"""Told once if the writer is gone: with `writer_lost` or `lease_lost`."""


class Outlet(Protocol):
    """Takes visits, and says when there is room for more."""

    stored: int

    async def put(self, visit: Visit) -> None:
        """Take a visit."""
        ...

    async def room(self) -> None:
        """Return when the writer has caught up enough."""
        ...

    async def finish(self, finish: Finish | None) -> bool:
        """Store what waits, then end the crawl if `finish` says how; whether all was stored."""
        ...


class InlineOutlet:
    """Writes in the spider's own process: for looking for faults."""

    def __init__(self, run: Run, lost: Lost) -> None:
        self._writing = Writing(run.parts, opening_of(run))
        self._lost = lost
        self._buffer: list[Visit] = []
        self._gone = False
        self.stored = 0

    async def put(self, visit: Visit) -> None:
        """Take a visit; a full batch is stored at once."""
        self._buffer.append(visit)
        if len(self._buffer) >= BATCH or sum(one.size for one in self._buffer) >= BATCH_BYTES:
            await self._store()

    async def room(self) -> None:
        """There always is."""

    async def finish(self, finish: Finish | None) -> bool:
        """Store what waits, then end the crawl."""
        await self._store()
        if finish is not None and not self._gone:
            self._writing.finish(finish)
        self._writing.close()
        return not self._gone

    async def _store(self) -> None:
        batch, self._buffer = self._buffer, []
        if not batch or self._gone:
            return
        try:
            self._writing.take(batch)
        except LeaseLost:
            self._gone = True
            await self._lost("lease_lost")
        except Exception:
            logger.exception("The writer broke")
            self._gone = True
            await self._lost("writer_lost")
        else:
            self.stored += len(batch)


class ProcessOutlet:
    """Sends batches to a child that writes, and counts what it acknowledged."""

    def __init__(self, run: Run, lost: Lost) -> None:
        self._lost = lost
        self._run = run
        self._buffer: list[Visit] = []
        self._buffered = 0
        self._sizes: list[tuple[int, int]] = []
        self._waiting = self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._gone = self._finished = False
        self._process: WriterProcess | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self.stored = 0

    @property
    def pid(self) -> int | None:
        """Process id of the writer."""
        return self._process.process.pid if self._process is not None else None

    async def open(self) -> None:
        """Start the writer; it reads what is sent as soon as it has started."""
        self._process = self._run.writer or start_writer()
        reader, self._writer = await asyncio.open_unix_connection(sock=self._process.pipe)
        self._send(opening_of(self._run))
        self._listener = asyncio.ensure_future(self._listen(reader))

    async def put(self, visit: Visit) -> None:
        """Take a visit; a full batch is sent at once, another after a second."""
        self._buffer.append(visit)
        self._buffered += visit.size
        if len(self._buffer) >= BATCH or self._buffered >= BATCH_BYTES:
            self._flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(BATCH_SECONDS, self._flush)

    async def room(self) -> None:
        """Return when fewer than 64 visits are unacknowledged, or the writer is gone."""
        while not self._gone and (
            self._waiting >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES
        ):
            self._changed.clear()
            await self._changed.wait()

    async def finish(self, finish: Finish | None) -> bool:
        """Send what waits, wait for the last acknowledgement, end the writer."""
        self._flush()
        if finish is not None:
            self._send(finish)
        while not self._gone and (self._waiting or (finish is not None and not self._finished)):
            self._changed.clear()
            await self._changed.wait()
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            self._listener.cancel()
        if self._process is not None:
            await asyncio.to_thread(self._process.reap)
        return not self._gone

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._buffer:
            return
        batch, self._buffer = self._buffer, []
        size, self._buffered = self._buffered, 0
        if self._gone:
            return
        self._sizes.append((len(batch), size))
        self._waiting += len(batch)
        self._waiting_bytes += size
        self._send(tuple(batch))

    def _send(self, message: object) -> None:
        if self._writer is not None and not self._gone:
            data = packed(message)
            self._writer.write(LENGTH.pack(len(data)))
            self._writer.write(data)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        reason = "writer_lost"
        try:
            while True:
                message: Any = pickle.loads(await _frame(reader))  # noqa: S301  (our own child)
                if isinstance(message, Taken):
                    self._acknowledged()
                elif message == "finished":
                    self._finished = True
                elif message == "lease_lost":
                    reason = "lease_lost"
                self._changed.set()
        except (asyncio.IncompleteReadError, OSError):
            self._gone = not self._finished
            self._changed.set()
        if self._gone:
            logger.error("The writer is gone (%s)", reason)
            await self._lost(reason)

    def _acknowledged(self) -> None:
        count, size = self._sizes.pop(0)
        self._waiting -= count
        self._waiting_bytes -= size
        self.stored += count


def packed(message: object) -> memoryview:
    """The message as it goes over the pipe."""
    buffer = BytesIO()
    Packer(buffer, pickle.HIGHEST_PROTOCOL).dump(message)
    return buffer.getbuffer()


async def open_outlet(run: Run, lost: Lost) -> Outlet:
    """The outlet of a run: a child process, or inline where the setting says so."""
    if run.parts.settings.writer == "inline":
        return InlineOutlet(run, lost)
    outlet = ProcessOutlet(run, lost)
    await outlet.open()
    return outlet


def opening_of(run: Run) -> Opening:
    """What a writer must know of its crawl."""
    return Opening(
        crawl_id=run.crawl_id,
        source_id=run.source.id,
        platform_id=run.source.platform_id,
        job_id=run.claim.id,
        token=run.claim.token,
        profile=run.profile,
    )


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)
