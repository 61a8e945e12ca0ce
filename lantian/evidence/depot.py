"""Evidence files that are complete, in a storage that is not this machine's: S3 or what is like it.

Reached by fsspec. Files are put there as a whole, read again, and never changed.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from lantian.errors import ConfigError, ServiceUnavailable
from lantian.evidence.seal import ALGORITHM

_PIECE = 4 * 1024 * 1024
T = TypeVar("T")


class Depot:
    """The storage under one address; names are those of the archive, as in `warc/2026/11/…`."""

    def __init__(self, url: str, system: Any, root: str) -> None:
        self.url = url
        self._system = system
        self._root = root.rstrip("/")

    def put(self, path: Path, file: str) -> int:
        """How many bytes were put there; all of them were read again and are the same.

        Raises `ServiceUnavailable`.
        """
        place = self._place(file)

        def carry() -> int:
            self._system.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(path), place)
            return path.stat().st_size

        size = self._asked(carry)
        if self.digest(file) != _digest(path):
            self.remove(file)
            raise ServiceUnavailable(
                f"{self.url} keeps other bytes of {file} than were put there.",
                hint="Look at that storage; the file is still in the data folder.",
            )
        return size

    def read(self, file: str, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`; raises `FileNotFoundError`, `ServiceUnavailable`."""
        place, end = self._place(file), start + length
        try:
            return self._asked(lambda: bytes(self._system.cat_file(place, start=start, end=end)))
        except ServiceUnavailable:
            if start >= self.size(file):  # S3 refuses a range behind the end
                return b""
            raise

    def open(self, file: str) -> IO[bytes]:
        """The file, to be read; raises `FileNotFoundError`, `ServiceUnavailable`."""
        opened: IO[bytes] = self._asked(
            lambda: self._system.open(self._place(file), "rb", block_size=_PIECE)
        )
        return opened

    def digest(self, file: str) -> str:
        """The digest of all bytes that are there."""
        found = hashlib.new(ALGORITHM)
        with self.open(file) as handle:
            while data := self._asked(lambda: handle.read(_PIECE)):
                found.update(data)
        return f"{ALGORITHM}:{found.hexdigest()}"

    def size(self, file: str) -> int:
        """How many bytes it has; raises `FileNotFoundError`, `ServiceUnavailable`."""
        return self._asked(lambda: int(self._system.size(self._place(file))))

    def remove(self, file: str) -> None:
        """Delete a file; it may have gone already."""
        try:
            self._asked(lambda: self._system.rm_file(self._place(file)))
        except FileNotFoundError:
            return

    def files(self) -> Iterator[tuple[str, int]]:
        """Every file that is there, in order, with its bytes."""

        def ask() -> dict[str, Any]:
            self._system.invalidate_cache()
            found: dict[str, Any] = self._system.find(self._root, detail=True)
            return found

        try:
            listed = self._asked(ask)
        except FileNotFoundError:
            return
        for place, told in sorted(listed.items()):
            yield place.removeprefix(f"{self._root}/"), int(told["size"])

    def _place(self, file: str) -> str:
        return f"{self._root}/{file}"

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FileNotFoundError:
            raise
        except _faults() as error:
            why = str(error) or type(error).__name__
            raise ServiceUnavailable(
                f"the evidence storage {self.url} does not answer: {why}.",
                hint="Start it, or correct evidence_store; what is in the data folder stays there.",
            ) from error


def open_depot(url: str) -> Depot | None:
    """The storage at an address such as `s3://BUCKET/FOLDER?endpoint_url=https://…`; none if empty.

    What stands behind `?` are options of its fsspec file system. Keys come from where its library
    looks for them (`AWS_ACCESS_KEY_ID` and so on). Raises `ConfigError`.
    """
    if not url:
        return None
    try:
        import fsspec
    except ImportError as error:
        raise ConfigError(
            "evidence_store is set, and fsspec is not installed.", hint="Install `lantian[s3]`."
        ) from error
    parts = urlsplit(url)
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if parts.scheme == "s3":
        # Listings are never remembered: other machines put files there, too.
        options |= {"use_listings_cache": False, "default_fill_cache": False}
    try:
        system, root = fsspec.core.url_to_fs(bare, skip_instance_cache=True, **options)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigError(
            f"evidence_store {bare} cannot be opened: {error}.",
            hint="Give s3://BUCKET/FOLDER, and install `lantian[s3]`.",
        ) from error
    return Depot(bare, system, root)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return f"{ALGORITHM}:{hashlib.file_digest(handle, ALGORITHM).hexdigest()}"


def _faults() -> tuple[type[Exception], ...]:
    """What a storage raises that does not answer, or refuses."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError, ClientError)
