"""Compiled packs, kept between processes, and the matcher of the pack that runs."""

import hashlib
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import PackError
from lantian.model import RulePack
from lantian.rulebook.content import faults_digest
from lantian.rulebook.packs import content_of, present_mark, released, with_mark
from lantian.store.engine import Store
from matchers import pack as packs
from matchers import words
from matchers.errors import MatcherError
from matchers.pack import Pack, load_pack
from matchers.scan import MATCHER_VERSION, Matcher, full_hash

logger = logging.getLogger(__name__)


def load_matcher(pack_dir: Path | None, cache_dir: Path) -> Matcher:
    """The compiled matcher of the pack in a folder; raises `PackError`."""
    try:
        pack = load_pack(pack_dir)
    except MatcherError as error:
        raise PackError(error.message, hint=error.hint) from error
    return compiled(pack, cache_dir)


def compiled(pack: Pack, cache_dir: Path) -> Matcher:
    """The compiled matcher of the pack; raises `PackError`.

    Its bytes are kept in `cache_dir` under the hashes of the pack and of the matcher's code.
    """
    kept = _cached(full_hash(pack), cache_dir)
    found = kept_matcher(full_hash(pack), cache_dir)
    if found is not None:
        return found
    try:
        matcher = Matcher.compile(pack)
    except MatcherError as error:
        raise PackError(error.message, hint=error.hint) from error
    cache_dir.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{id(matcher)}.part")
    part.write_bytes(matcher.to_bytes())
    part.replace(kept)
    return matcher


def kept_matcher(pack_hash: str, cache_dir: Path) -> Matcher | None:
    """The matcher of that pack from the cache; none of another machine or program version."""
    try:
        return Matcher.from_bytes(_cached(pack_hash, cache_dir).read_bytes())
    except (FileNotFoundError, MatcherError):
        return None


def _cached(pack_hash: str, cache_dir: Path) -> Path:
    code = packs.code_digest().removeprefix("sha256:")[:16]
    return cache_dir / f"matcher-{pack_hash.removeprefix('sha256:')[:32]}-{code}.bin"


def _note_of(mark: str, cache_dir: Path) -> Path | None:
    """The file that says which pack the files of that mark were, when they were found fit to run.

    Its name tells all that this depends on, so that of the files nothing but bytes need be read.
    """
    if not mark:
        return None
    told = (mark, str(MATCHER_VERSION), words.VERSION, packs.code_digest(), faults_digest())
    return cache_dir / f"pack-{hashlib.sha256(' '.join(told).encode()).hexdigest()[:48]}.hash"


@dataclass
class Running:
    """The matcher of the pack that runs, in one process; asked again, it follows releases."""

    store: Store
    pack_dir: Path | None
    cache_dir: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hash: str | None = None
    _matcher: Matcher | None = None

    def matcher(self) -> Matcher:
        """The matcher; a pack that cannot be loaded does not take the place of one that runs.

        Raises `PackError` if there is none yet.
        """
        with self._lock, self.store.read() as session:
            row = released(session)
            wanted = row.hash if row is not None else ""
            if self._matcher is None or wanted != self._hash:
                try:
                    self._matcher = self._present(session)
                    self._hash = wanted
                except PackError:
                    if self._matcher is None:
                        raise
                    logger.exception("the pack before it keeps running")
            return self._matcher

    def _present(self, session: Session) -> Matcher:
        """The matcher of the pack that runs now: read from the cache if its files are known."""
        note = _note_of(present_mark(session, self.pack_dir), self.cache_dir)
        with suppress(OSError):
            found = kept_matcher(note.read_text("ascii"), self.cache_dir) if note else None
            if found is not None:
                return found
        pack, mark = with_mark(session, self.pack_dir)
        matcher = compiled(pack, self.cache_dir)
        # What was read may be older than what is there now.
        note = _note_of(mark, self.cache_dir)
        if note is not None:
            with suppress(OSError):
                part = note.with_suffix(f".{id(matcher)}.part")
                part.write_text(matcher.pack_hash, "ascii")
                part.replace(note)
        return matcher

    def matcher_of(self, pack_hash: str) -> Matcher | None:
        """The matcher of that pack: the one that runs, a cached one, or one that is kept."""
        present = self.matcher()
        if present.pack_hash == pack_hash:
            return present
        found = kept_matcher(pack_hash, self.cache_dir)
        if found is not None:
            return found
        with self.store.read() as session:
            row = session.scalar(select(RulePack).where(RulePack.hash == pack_hash))
            try:
                matcher = compiled(content_of(session, row).pack, self.cache_dir) if row else None
            except PackError as error:
                logger.warning("%s", error)
                return None
        # A later program may read the same files otherwise: then it is no longer that pack.
        return matcher if matcher and matcher.pack_hash == pack_hash else None
