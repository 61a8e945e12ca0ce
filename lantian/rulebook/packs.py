"""Packs in the store: drafts made, packs found, and the one that runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lantian.access import audit
from lantian.access.users import Moment
from lantian.errors import Conflict, Invalid, NotFound, PackError
from lantian.model import RulePack, RulePackFile
from lantian.rulebook.content import Content, folder_pack, read_files
from matchers.pack import Pack, pack_files

_PACKS_LOCK = 7_140_517  # any number, as long as only changes of packs take it
SHORT = 12
"""Characters of a hash that people are shown; fewer do if they name one pack."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes packs, when, and by which way in."""

    actor: str
    at: Moment
    way: str = "command"

    def record(self, session: Session, action: str, pack: RulePack | None, **more: Any) -> None:
        """Put the step into the audit chain."""
        audit.record(
            session,
            actor=self.actor,
            action=f"rules.{action}",
            subject=f"pack:{short(pack.hash) if pack else 'folder'}",
            detail={"way": self.way} | ({"hash": pack.hash} if pack else {}) | more,
            now=self.at.now,
            real_now=self.at.real,
        )


def short(pack_hash: str) -> str:
    """The hash as people are shown it."""
    return pack_hash.removeprefix("sha256:")[:SHORT]


def one_at_a_time(session: Session) -> None:
    """Hold other changes of packs off until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _PACKS_LOCK})


def make_draft(session: Session, content: Content, *, note: str, act: Act) -> RulePack:
    """The new draft; raises `Conflict` if the same content is kept already."""
    if not note.strip():
        raise Invalid("a draft needs a note.", hint="Say in a sentence what changes and why.")
    one_at_a_time(session)
    known = session.scalar(select(RulePack).where(RulePack.hash == content.hash))
    if known is not None:
        raise Conflict(
            f"this content is kept already, as pack {short(known.hash)} ({known.state}).",
            hint="Use that one, or change the files.",
        )
    pack = keep(session, content, note=note.strip(), state="draft", act=act)
    act.record(session, "draft", pack)
    return pack


def keep(session: Session, content: Content, *, note: str, state: str, act: Act) -> RulePack:
    """The row of a pack that is new to the store, with its files."""
    pack = RulePack(
        hash=content.hash,
        state=state,
        note=note,
        made_by=act.actor,
        made_at=act.at.now,
        changed_by=act.actor,
        changed_at=act.at.now,
    )
    session.add(pack)
    session.flush()
    session.add_all(
        RulePackFile(pack_id=pack.id, place=place, content=file)
        for place, file in content.files.items()
    )
    session.flush()
    return pack


def find(session: Session, prefix: str) -> RulePack:
    """The pack whose hash begins so; raises `NotFound`, or `Invalid` if several do."""
    wanted = prefix.lower().removeprefix("sha256:")
    if not wanted or any(char not in "0123456789abcdef" for char in wanted):
        raise Invalid(f"{prefix!r} is no hash of a pack.", hint="`lantian rules list` shows them.")
    begins = RulePack.hash.startswith(f"sha256:{wanted}", autoescape=True)
    found = session.scalars(select(RulePack).where(begins).limit(2)).all()
    if not found:
        raise NotFound(f"there is no pack {prefix}.", hint="`lantian rules list` shows them.")
    if len(found) > 1:
        raise Invalid(f"several packs begin with {prefix}.", hint="Give more of the hash.")
    return found[0]


def every(session: Session) -> Sequence[RulePack]:
    """All packs, the newest first."""
    return session.scalars(select(RulePack).order_by(RulePack.id.desc())).all()


def released(session: Session) -> RulePack | None:
    """The released pack; while there is none, the pack in the settings' folder runs."""
    return session.scalar(select(RulePack).where(RulePack.state == "released"))


def content_of(session: Session, pack: RulePack) -> Content:
    """The content of a kept pack.

    Raises `PackError` if it cannot be read: damaged, or refused by this program version.
    """
    return read_files(files_of(session, pack), name=f"pack {short(pack.hash)}")


def files_of(session: Session, pack: RulePack) -> dict[str, bytes]:
    """The files of a kept pack by their place."""
    rows = select(RulePackFile.place, RulePackFile.content)
    kept = rows.where(RulePackFile.pack_id == pack.id).order_by(RulePackFile.place)
    return dict(session.execute(kept).all())


def running(session: Session, pack_dir: Path | None) -> Pack:
    """The pack that runs; it is read once, and again when another is released.

    Raises `PackError`.
    """
    pack = released(session)
    return _of_folder(pack_dir)[0] if pack is None else _released(session, pack)


def with_mark(session: Session, pack_dir: Path | None) -> tuple[Pack, str]:
    """The pack that runs, and the mark of the files of which it was read; "" if they changed."""
    pack = released(session)
    if pack is None:
        return _of_folder(pack_dir)
    return _released(session, pack), mark_of(files_of(session, pack))


def _released(session: Session, pack: RulePack) -> Pack:
    try:
        return _kept(session, pack)
    except PackError as error:
        raise PackError(
            error.message, hint="`lantian rules rollback --by USER` brings the one before back."
        ) from error


def present_mark(session: Session, pack_dir: Path | None) -> str:
    """The mark of the files of the pack that runs, as they are now; "" if they cannot be read."""
    pack = released(session)
    return _folder_mark(pack_dir) if pack is None else mark_of(files_of(session, pack))


def mark_of(files: Mapping[str, bytes]) -> str:
    """What tells the files of a pack from all others: 64 hexadecimal digits."""
    told = sorted((place, sha256(content).hexdigest()) for place, content in files.items())
    return sha256(json.dumps(told).encode()).hexdigest()


def _folder_mark(pack_dir: Path | None) -> str:
    try:
        return mark_of(pack_files(pack_dir))
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _of_folder(pack_dir: Path | None) -> tuple[Pack, str]:
    before = _folder_mark(pack_dir)
    pack = folder_pack(pack_dir)
    return pack, before if before == _folder_mark(pack_dir) else ""


_KEPT: dict[str, Pack] = {}


def _kept(session: Session, pack: RulePack) -> Pack:
    """The pack of a row; its content never changes, so the newest that was read is kept."""
    found = _KEPT.get(pack.hash)
    if found is None:
        found = content_of(session, pack).pack
        _KEPT.clear()
        _KEPT[pack.hash] = found
    return found
