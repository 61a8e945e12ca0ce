"""The index of the archive: one CDXJ file for each WARC file that nobody writes any more.

An index is made from the WARC file alone, put in place as a whole, and can be made again at any
time, so that a kill at any moment costs the index of one file at most. Its name tells of how many
bytes of which file it is: `indexes/2026-11-crawl-1.4711.cdxj`. A file that was cut or that grew
since has another size, and gets another index.
"""

import fcntl
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lantian.errors import Conflict, StoreError
from lantian.evidence.archive import FOLDER, SUFFIX, Archive
from lantian.evidence.cdxj import line_of, sorting
from lantian.evidence.walk import Damage, walk

INDEXES = "indexes"
_PART = ".part"
_NAME = re.compile(rf"^[A-Za-z0-9._-]+\.\d+\.cdxj({re.escape(_PART)})?$")


@dataclass(frozen=True, slots=True)
class Indexed:
    """One file of the archive whose index was made; `damage` tells where reading it ended early."""

    file: str
    lines: int
    damage: str = ""


def is_index(file: str) -> bool:
    """Whether a file in the archive's folder is an index, which no row names."""
    folder, _, name = file.rpartition("/")
    return folder == INDEXES and _NAME.match(name) is not None


def index_archive(archive: Archive, unused: Collection[str] = ()) -> Iterator[Indexed]:
    """Make the indexes that are missing or behind, and take away those of what is gone.

    Files that a writer has open are left for later; those that are `unused` count as gone. Raises
    `StoreError` if an index cannot be written, and `Conflict` while another process makes indexes
    here.
    """
    folder = archive.folder / INDEXES
    with _only_one(folder):
        present = {path.name for path in folder.iterdir() if _NAME.match(path.name)}
        wanted: set[str] = set()
        for file, look in list(archive.looks()):
            if not (file.startswith(f"{FOLDER}/") and file.endswith(SUFFIX)) or file in unused:
                continue
            begins = f"{_stem(file)}."
            if look.held:
                wanted |= {name for name in present if name.startswith(begins)}
                continue
            name = f"{begins}{look.size}.cdxj"
            wanted.add(name)
            if name not in present:
                yield _index(archive, file, look.size, name)
        for name in present - wanted:
            (folder / name).unlink(missing_ok=True)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
        os.fsync(handle)
    except BlockingIOError as error:
        raise Conflict(
            f"another process makes indexes in {folder}.", hint="Wait until it has ended."
        ) from error
    finally:
        os.close(handle)


def _stem(file: str) -> str:
    """`2026-11-crawl-1` of `warc/2026/11/crawl-1.warc.gz`."""
    return "-".join(PurePosixPath(file).parts[1:]).removesuffix(SUFFIX)


def _index(archive: Archive, file: str, size: int, name: str) -> Indexed:
    folder = archive.folder / INDEXES
    count, damage = 0, ""
    try:
        with archive.open(file) as handle, sorting(folder) as lines:
            for found in walk(handle, end=size):
                if isinstance(found, Damage):
                    damage = f"at {found.offset}: {found.reason}"
                    break
                line = line_of(found, file)
                if line is not None:
                    lines.add(line)
                    count += 1
            part = folder / f"{name}{_PART}"
            with part.open("wb") as out:
                out.writelines(lines.lines())
                out.flush()
                os.fsync(out.fileno())
            part.chmod(0o640)
            part.replace(folder / name)
    except OSError as error:
        raise _unwritable(folder / name, error) from error
    return Indexed(file, count, damage)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the index {path} cannot be written: {error.strerror}.",
        hint="Make room on that disk, or let this user write there.",
    )
