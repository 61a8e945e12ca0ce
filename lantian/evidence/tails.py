"""What a killed writer left behind its last row: cut off, before the work goes on."""

from pathlib import PurePosixPath

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.errors import Conflict
from lantian.evidence.archive import SUFFIX, Archive
from lantian.model import Artifact


def named_end(session: Session, file: str) -> int:
    """Where the last record ends that a row names in `file`; 0 if none does."""
    end = func.max(Artifact.offset + Artifact.length)
    return int(session.scalar(select(end).where(Artifact.file == file)) or 0)


def cut_tails(session: Session, archive: Archive, names: str) -> dict[str, int]:
    """How many bytes were cut off each file whose name begins with `names`.

    A file of which no row names anything goes as a whole. Files that a writer has open are left
    alone. Call it in the transaction that holds the lease of the run whose files they are.
    """
    cut: dict[str, int] = {}
    for file in list(archive.files()):
        name = PurePosixPath(file).name
        if not name.startswith(names) or not name.endswith(SUFFIX):
            continue
        try:
            removed = archive.place(file).cut(named_end(session, file))
        except (Conflict, FileNotFoundError):
            continue
        if removed:
            cut[file] = removed
    return cut
