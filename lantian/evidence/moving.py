"""Moves files that are complete from the folder into the depot behind it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.evidence.archive import FOLDER, Archive
from lantian.evidence.receiving import FOLDER as RECEIVED
from lantian.evidence.tails import named_end
from lantian.model import ReceivedBundle
from lantian.store.engine import Store


@dataclass(frozen=True, slots=True)
class Moved:
    """A file that is in the depot now, and no more in the folder."""

    file: str
    size: int


def move_complete(store: Store, archive: Archive, unused: Collection[str] = ()) -> Iterator[Moved]:
    """Move each WARC file that nobody writes, and of which rows name everything; and bundles.

    What stands in the depot was read again before the file leaves the folder; after a kill it is
    in both, and moved anew. Files that are `unused` are left to go. Raises `ServiceUnavailable`.
    """
    if archive.depot is None:
        return
    for file in list(archive.files()):
        if file in unused or not file.startswith((f"{FOLDER}/", f"{RECEIVED}/")):
            continue
        look = archive.look(file)
        if look is None or look.held:
            continue
        with store.read() as session:
            named = _named_size(session, file)
        if named != look.size:  # a killed writer's tail is cut off first
            continue
        size = archive.depot.put(archive.path(file), file)
        archive.forget(file)
        yield Moved(file, size)


def _named_size(session: Session, file: str) -> int:
    if file.startswith(f"{FOLDER}/"):
        return named_end(session, file)
    row = session.scalars(select(ReceivedBundle.size).where(ReceivedBundle.file == file)).first()
    return -1 if row is None else row
