"""The content of a pack: the files of a folder, checked, and the same files out of the store."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from lantian.errors import ConfigError, PackError
from lantian.law.articles import articles_in_force, table_digest
from matchers.errors import MatcherError, PackFault
from matchers.pack import Pack, load_pack, pack_files
from matchers.scan import full_hash

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of all files of one pack."""
ANY_DAY = date(2026, 1, 1)
"""Whether a law key is known does not depend on the day."""
LONGEST_CLAIM = 40
"""Characters of a claim's name that the store holds."""


@dataclass(frozen=True, slots=True)
class Content:
    """A pack and the files that make it, by their place in its folder."""

    pack: Pack
    files: Mapping[str, bytes]

    @property
    def hash(self) -> str:
        """The hash that its hits carry."""
        return full_hash(self.pack)


def folder_pack(folder: Path | None) -> Pack:
    """The pack in `folder` (none: the shipped one), fit to run.

    Raises `PackError` naming file, line and cause.
    """
    try:
        pack = load_pack(folder)
    except MatcherError as error:
        raise PackError(error.message, hint=error.hint) from error
    for fault in _faults(pack):
        raise PackError(fault, hint="Correct the file.")
    return pack


def read_folder(folder: Path | None) -> Content:
    """The same with the files that make it, in which nothing changes any more."""
    pack = folder_pack(folder)
    try:
        files = pack_files(folder)
    except OSError as error:
        raise PackError(f"{folder} cannot be read: {error}.", hint="Try again.") from error
    size = sum(map(len, files.values()))
    if size > MOST_BYTES:
        raise PackError(
            f"{folder} holds {size:,} bytes; a pack has at most {MOST_BYTES:,}.",
            hint="Leave out what is no rule.",
        )
    kept = read_files(files, name=str(folder or "the shipped pack"))
    if kept.hash != full_hash(pack):
        raise PackError(f"{folder} changed while it was read.", hint="Try again.")
    return kept


def read_files(files: Mapping[str, bytes], *, name: str) -> Content:
    """The pack of these files; raises `PackError` naming the pack, file, line and cause."""
    with TemporaryDirectory(prefix="lantian-pack-") as made:
        folder = Path(made)
        for place, content in files.items():
            file = folder / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            return Content(load_pack(folder), files)
        except PackFault as error:
            file = Path(error.file).relative_to(folder)
            raise PackError(
                f"{name}: {file}:{error.line}: {error.cause}", hint=error.hint
            ) from error
        except (MatcherError, OSError) as error:
            raise PackError(f"{name} cannot be read: {error}") from error


def faults_digest() -> str:
    """While it is the same, a pack that was found fit to run is so: of this code and the laws."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest() + table_digest()


def _faults(pack: Pack) -> Iterator[str]:
    """What the schema of packs cannot know: laws and the store's limits."""
    for claim in pack.claims:
        file = pack.files[claim.claim]
        if len(claim.claim) > LONGEST_CLAIM:
            yield f"{file}: claim {claim.claim!r} has more than {LONGEST_CLAIM} characters."
        for owner, keys in ((claim.claim, claim.law), *((r.id, r.law) for r in claim.rules)):
            for key in keys:
                try:
                    articles_in_force([key], ANY_DAY)
                except ConfigError as error:
                    yield f"{file}: {owner}: {error.message}"
