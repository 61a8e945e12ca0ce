"""Writes records into a WARC file of its own; on the disk before any row names them."""

import fcntl
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Self

from lantian.errors import Conflict, StoreError
from lantian.evidence.record import (
    Fields,
    compressed_member,
    plain,
    small_member,
    stored_member,
)
from lantian.evidence.reference import RecordRef
from lantian.evidence.seal import digest_of
from lantian.evidence.spelling import address_of, date_of

_NAMESPACE = uuid.UUID("6f1d3c0e-7d0a-4b52-9a3e-6a2c3b1f4d11")
_REBUILT = "case and order of the fields and the transfer coding are rebuilt"
_SECRET = frozenset({b"cookie", b"authorization", b"proxy-authorization"})
"""Header fields of a request that open what is not public: they are not kept."""
_SMALL = 4096
_HOLD_BACK = 8 * 1024 * 1024
"""Bytes that are kept in memory at most before they go to the file."""


@dataclass(frozen=True, slots=True)
class Original:
    """The record that holds what was received again: `digest` is of its payload."""

    record_id: str
    url: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Place:
    """A file of the archive."""

    path: Path

    def held(self) -> bool:
        """Whether a writer has the file open."""
        with self.path.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def cut(self, keep_until: int) -> int:
        """How many bytes were cut off behind `keep_until`; with none kept the file goes.

        Raises `Conflict` while a writer has the file open.
        """
        with self.path.open("r+b") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(
                    f"{self.path.name} is being written.", hint="Wait until its crawl has ended."
                ) from error
            size = os.fstat(handle.fileno()).st_size
            if keep_until <= 0:
                self.path.unlink()
                sync_folder(self.path.parent)
            elif keep_until < size:
                handle.truncate(keep_until)
                os.fsync(handle.fileno())
        return max(0, size - max(0, keep_until))


def open_writer(
    folder: Path,
    month: PurePosixPath,
    name: str,
    suffix: str,
    *,
    at: datetime,
    info: Mapping[str, str],
    info_id: str = "",
) -> "WarcWriter":
    """A writer with a new file below `folder`, on the disk with its name.

    `info` are further fields of its `warcinfo` record; `info_id`: of the file that it replaces.
    """
    home = folder / month
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "run"
    _make_folder(home)
    number = 1
    while True:
        file = month / (f"{safe}{suffix}" if number == 1 else f"{safe}-{number}{suffix}")
        try:
            handle = os.open(folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise _unwritable(folder / file, error) from error
        fcntl.flock(handle, fcntl.LOCK_EX)
        path = folder / file
        return WarcWriter(handle, path, file.as_posix(), at=at, info=info, info_id=info_id)


class WarcWriter:
    """Appends records to one file. `sync()` before the rows that name them are committed.

    Bytes reach the file at `sync()` at the latest. Not for use by several threads.
    """

    def __init__(
        self,
        handle: int,
        path: Path,
        file: str,
        *,
        at: datetime,
        info: Mapping[str, str],
        info_id: str = "",
    ) -> None:
        self.file = file
        self._handle = handle
        self._path = path
        self._written = 0
        self._pending: list[bytes] = []
        self._waiting = 0
        self._info_id = info_id or self._id("warcinfo")
        member = stored_member(plain(*_warcinfo(self._info_id, path.name, at, info)))
        self.info_digest = digest_of(member)
        """Of the record with which the file begins."""
        self._append(member)
        self.sync()
        self._start = self._written
        sync_folder(path.parent)

    @property
    def empty(self) -> bool:
        """Whether there is no record of a page in it yet."""
        return self.position == self._start

    @property
    def position(self) -> int:
        """Where the next record begins, in bytes of the file."""
        return self._written + self._waiting

    def write_response(
        self,
        *,
        url: str,
        at: datetime,
        head: bytes,
        body: bytes,
        remote_ip: str | None = None,
        via: str = "http",
        part_of: str | None = None,
    ) -> RecordRef:
        """The record of an answer: status line and fields as they are in `head`, and the body.

        `at` is real time. Transfer-Encoding is left out, since the body comes without it. What
        came through the browser (`via`) is decoded, so that field is renamed and marked. `part_of`
        is the record of the page that loaded it.
        """
        browser = via == "browser"
        head = _head(head, len(body), browser=browser)
        note = "fields as the browser tells them; body as it decoded it" if browser else _REBUILT
        block = head + body
        fields: list[tuple[str, str]] = [("Lantian-Rebuilt", note)]
        if part_of is not None:
            fields += [("Lantian-Role", "part"), ("WARC-Concurrent-To", f"<{part_of}>")]
        if remote_ip:
            fields.append(("WARC-IP-Address", remote_ip))
        fields.append(("Content-Type", "application/http; msgtype=response"))
        return self._record("response", url, at, tuple(fields), block=block, payload=body)

    def write_revisit(
        self,
        *,
        url: str,
        at: datetime,
        head: bytes,
        original: Original,
        remote_ip: str | None = None,
    ) -> RecordRef:
        """The record of an answer whose body is that of `original`, which holds it (WARC 1.1, 6.7).

        The reference is to the record itself, which has no payload of its own.
        """
        head = _head(head, 0, browser=False)
        profile = "server-not-modified" if _status(head) == b"304" else "identical-payload-digest"
        fields: list[tuple[str, str]] = [
            ("Lantian-Role", "revisit"),
            ("WARC-Profile", f"http://netpreserve.org/warc/1.1/revisit/{profile}"),
            ("WARC-Refers-To", f"<{original.record_id}>"),
            ("WARC-Refers-To-Target-URI", address_of(original.url)),
            ("WARC-Refers-To-Date", date_of(original.at)),
            ("Lantian-Rebuilt", _REBUILT),
        ]
        if remote_ip:
            fields.append(("WARC-IP-Address", remote_ip))
        fields.append(("Content-Type", "application/http; msgtype=response"))
        return self._record(
            "revisit", url, at, tuple(fields), block=head, payload=b"", claimed=original.digest
        )

    def write_resource(
        self,
        *,
        url: str,
        at: datetime,
        role: str,
        media_type: str,
        data: bytes,
        concurrent_to: str | None = None,
    ) -> RecordRef:
        """The record of what was made of a page: `role` is dom or screenshot."""
        fields = [("Lantian-Role", role)]
        if concurrent_to:
            fields.append(("WARC-Concurrent-To", f"<{concurrent_to}>"))
        fields.append(("Content-Type", media_type))
        place = f"urn:{role}:{address_of(url)}"
        return self._record("resource", place, at, tuple(fields), block=data, payload=data)

    def write_request(
        self, *, url: str, at: datetime, head: bytes, concurrent_to: str
    ) -> RecordRef:
        """The record of what was asked: request line and header fields as they were sent.

        Cookies and what else logs in are left out, and the record says which. `concurrent_to` is
        the record of the answer.
        """
        head, left_out = _without_secrets(head)
        own = [("Lantian-Role", "request"), ("WARC-Concurrent-To", f"<{concurrent_to}>")]
        if left_out:
            own.append(("Lantian-Left-Out", ", ".join(left_out)))
        own.append(("Content-Type", "application/http; msgtype=request"))
        return self._record("request", url, at, tuple(own), block=head, payload=b"")

    def write_metadata(
        self, *, url: str, at: datetime, told: bytes, concurrent_to: str
    ) -> RecordRef:
        """The record of how an answer was got: fields (`application/warc-fields`), one a line."""
        own = (
            ("Lantian-Role", "metadata"),
            ("WARC-Concurrent-To", f"<{concurrent_to}>"),
            ("Content-Type", "application/warc-fields"),
        )
        return self._record("metadata", url, at, own, block=told, payload=told)

    def copy(self, member: bytes) -> int:
        """Where a record begins now that was written elsewhere, byte by byte as it was there."""
        place = self.position
        self._append(member)
        return place

    def sync(self) -> None:
        """Everything that was written is on the disk when this returns.

        Raises `StoreError` naming the file if it is not.
        """
        self._flush()
        try:
            os.fsync(self._handle)
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def cut_back(self, position: int) -> None:
        """Take back what was written behind `position`: no row will name it."""
        if position >= self._written:
            # A flush may have taken some of it, never a part of a record.
            keep = position - self._written
            while self._waiting > keep:
                self._waiting -= len(self._pending.pop())
            return
        self._pending.clear()
        self._waiting = 0
        os.ftruncate(self._handle, position)
        os.lseek(self._handle, position, os.SEEK_SET)
        self._written = position
        os.fsync(self._handle)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Around the transaction of a batch: if it fails, its records are taken back."""
        before = self.position
        try:
            yield
        except BaseException:
            self.cut_back(before)
            raise

    def close(self) -> None:
        """Sync, and let the file go; another process may cut its tail from now on.

        A file without a record of a page goes away.
        """
        if self._handle < 0:
            return
        try:
            self.sync()
            if self.empty:
                self._path.unlink()
                sync_folder(self._path.parent)
        finally:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record(
        self,
        kind: str,
        url: str,
        at: datetime,
        own: Fields,
        *,
        block: bytes,
        payload: bytes,
        claimed: str = "",
    ) -> RecordRef:
        digest = digest_of(payload)
        record_id = self._id(claimed or digest)
        fields: Fields = (
            ("WARC-Type", kind),
            ("WARC-Record-ID", f"<{record_id}>"),
            ("WARC-Date", date_of(at)),
            ("WARC-Target-URI", url if url.startswith("urn:") else address_of(url)),
            ("WARC-Warcinfo-ID", f"<{self._info_id}>"),
            ("WARC-Payload-Digest", claimed or digest),
            ("WARC-Block-Digest", digest if block is payload else digest_of(block)),
            *own,
        )
        data = plain(fields, block)
        member = small_member(data) if len(data) <= _SMALL else compressed_member(data)
        offset = self.position
        self._append(member)
        return RecordRef(
            file=self.file,
            offset=offset,
            length=len(member),
            record_id=record_id,
            digest=digest,
            size=len(payload),
            record_digest=digest_of(member),
        )

    def _append(self, member: bytes) -> None:
        self._pending.append(member)
        self._waiting += len(member)
        if self._waiting > _HOLD_BACK:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._pending)
        self._pending.clear()
        self._waiting = 0
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError as error:
            os.ftruncate(self._handle, self._written)
            os.lseek(self._handle, self._written, os.SEEK_SET)
            raise _unwritable(self._path, error) from error
        self._written += len(data)

    def _id(self, what: str) -> str:
        # Of place and content: no randomness, and no two records of an archive share it.
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self.file} {self.position} {what}')}"


def _warcinfo(
    record_id: str, name: str, at: datetime, info: Mapping[str, str]
) -> tuple[Fields, bytes]:
    told = "".join(f"{key}: {' '.join(value.split())}\r\n" for key, value in info.items())
    block = (
        f"{told}"
        "format: WARC File Format 1.1\r\n"
        "conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/"
        "warc-1.1/\r\n"
        "description: what an advertising monitor received; `Lantian-Rebuilt` says what of a "
        "head or body is not as it came over the wire\r\n"
    ).encode()
    fields: Fields = (
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", f"<{record_id}>"),
        ("WARC-Date", date_of(at)),
        ("WARC-Filename", name),
        ("WARC-Block-Digest", digest_of(block)),
        ("Content-Type", "application/warc-fields"),
    )
    return fields, block


def _head(head: bytes, length: int, *, browser: bool) -> bytes:
    """The head as it is kept: without transfer coding, ended by an empty line."""
    first, *lines = head.strip(b"\r\n").split(b"\r\n")
    protocol, _, rest = first.partition(b" ")
    if not rest[:3].isdigit():
        raise ValueError(f"no status line: {first[:80]!r}")
    # Readers of WARC know HTTP/1 only; the fields are rebuilt in any case.
    kept = [first if protocol.startswith(b"HTTP/1.") else b"HTTP/1.1 " + rest]
    for line in lines:
        name = line.partition(b":")[0].strip().lower()
        if name == b"transfer-encoding" or (browser and name == b"content-length"):
            continue
        if browser and name == b"content-encoding":
            line = b"X-Archive-Orig-" + line  # noqa: PLW2901
        kept.append(line)
    if browser:
        kept.append(b"Content-Length: %d" % length)
    return b"\r\n".join(kept) + b"\r\n\r\n"


def _without_secrets(head: bytes) -> tuple[bytes, list[str]]:
    """A request's head without the fields that log in, and the names of those that it had."""
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    kept, left_out = [first], []
    for line in lines:
        name = line.partition(b":")[0].strip()
        if name.lower() in _SECRET:
            left_out.append(name.decode("latin-1"))
        else:
            kept.append(line)
    return b"\r\n".join(kept) + b"\r\n\r\n", sorted(set(left_out))


def _status(head: bytes) -> bytes:
    return head[:60].split(b" ")[1][:3]


def _make_folder(folder: Path) -> None:
    """Make `folder`, and have its name and those above it on the disk."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place in missing:
            sync_folder(place.parent)
    except OSError as error:
        raise _unwritable(folder, error) from error


def sync_folder(folder: Path) -> None:
    """What was made or removed in the folder is so on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the evidence file {path} cannot be written: {error.strerror}.",
        hint="Make room on that disk, or let this user write there.",
    )
