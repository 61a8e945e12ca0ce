"""Release by two people, and the way back by one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lantian.access.users import find_user
from lantian.errors import Conflict, Forbidden
from lantian.model import RulePack, User
from lantian.rulebook.compiled import compiled
from lantian.rulebook.content import folder_pack, read_folder
from lantian.rulebook.examples import require_passing
from lantian.rulebook.packs import Act, content_of, find, keep, one_at_a_time, released
from lantian.store import jobs
from lantian.store.engine import Store

FOLDER = "folder"
"""What stands for the pack in the settings' folder, where a hash may be given."""


@dataclass(frozen=True, slots=True)
class Released:
    """What a call for release came to: proposed, or released."""

    pack: RulePack
    step: Literal["proposed", "released"]


def release(
    store: Store, prefix: str, *, act: Act, pack_dir: Path | None, cache_dir: Path
) -> Released:
    """Propose the pack for release or, as another administrator than who did, release it.

    Its examples pass first, here and now. Raises `PackError` where they do not, `Forbidden` to
    all but administrators and to the proposer, `Conflict` if it is released already.
    """
    with store.read() as session:
        _administrator(session, act)
        pack = find(session, prefix)
        _require_step(session, pack, act)
        content = content_of(session, pack)
    require_passing(content.pack, compiled(content.pack, cache_dir))
    with store.write() as session:
        one_at_a_time(session)
        user = _administrator(session, act)
        pack = session.get_one(RulePack, pack.id)
        _require_step(session, pack, act)
        if pack.proposed_by is None:
            pack.proposed_by, pack.proposed_at = user.id, act.at.now
            act.record(session, "propose", pack)
            return Released(pack, "proposed")
        _keep_present(session, pack_dir, act)
        _run(session, pack, act)
        pack.release = _next_release(session)
        act.record(session, "release", pack, proposed_by=pack.proposed_by)
        pack.proposed_by = pack.proposed_at = None
        return Released(pack, "released")


def rollback(
    store: Store, *, act: Act, pack_dir: Path | None, cache_dir: Path, to: str = ""
) -> RulePack | None:
    """The pack that was released before and runs again; with `to` that one.

    `to="folder"` lets the folder of the settings run again (none is given back). Raises
    `Conflict` if there is nothing to go back to, and `PackError`, changing nothing, if it cannot
    be loaded.
    """
    with store.write() as session:
        one_at_a_time(session)
        _administrator(session, act)
        present = released(session)
        if present is None:
            raise Conflict(
                "no pack is released, so there is none to leave.",
                hint="The folder that the setting pack_dir names runs.",
            )
        if to == FOLDER:
            compiled(folder_pack(pack_dir), cache_dir)
            _retire(present, act)
            act.record(session, "rollback", None, left=present.hash)
            _ask_for_rematch(session, act)
            return None
        target = find(session, to) if to else _before(session, present)
        if target.release is None or target.state != "retired":
            raise Conflict(
                f"pack {to} is {target.state} and was not released before.",
                hint="A rollback goes to a pack that ran; another needs a release.",
            )
        compiled(content_of(session, target).pack, cache_dir)
        _run(session, target, act)
        act.record(session, "rollback", target, left=present.hash)
        return target


def _administrator(session: Session, act: Act) -> User:
    user = find_user(session, act.actor.removeprefix("user:"))
    if user.disabled_at is not None or user.role != "administrator":
        raise Forbidden(
            f"{user.name} may not release or roll back rules.", hint="Administrators may."
        )
    return user


def _require_step(session: Session, pack: RulePack, act: Act) -> None:
    """Nothing, if this person may take the next step with the pack."""
    if pack.state == "released":
        raise Conflict("this pack is released already.", hint="`lantian rules list` shows it.")
    if pack.proposed_by is not None:
        proposer = session.get_one(User, pack.proposed_by)
        if act.actor == f"user:{proposer.name}":
            raise Forbidden(
                f"{proposer.name} proposed this pack and cannot release it.",
                hint="Another administrator must.",
            )


def _keep_present(session: Session, pack_dir: Path | None, act: Act) -> None:
    """Keep the folder's pack that runs before the first release, to be gone back to."""
    if released(session) is not None:
        return
    content = read_folder(pack_dir)
    row = session.scalar(select(RulePack).where(RulePack.hash == content.hash))
    if row is None:
        row = keep(session, content, note="ran before the first release", state="retired", act=act)
        act.record(session, "keep", row)
    row.release = _next_release(session)
    _retire(row, act)
    session.flush()


def _next_release(session: Session) -> int:
    return (session.scalar(select(func.max(RulePack.release))) or 0) + 1


def _before(session: Session, present: RulePack) -> RulePack:
    """The pack released before the present one; going back twice goes on to the one before."""
    earlier = (
        select(RulePack)
        .where(RulePack.state == "retired", RulePack.release < present.release)
        .order_by(RulePack.release.desc())
        .limit(1)
    )
    found = session.scalar(earlier)
    if found is None:
        raise Conflict(
            "no pack was released before this one.",
            hint=f"`lantian rules rollback --to {FOLDER}` lets the folder's pack run.",
        )
    return found


def _run(session: Session, pack: RulePack, act: Act) -> None:
    """Let the pack run instead of the one that does."""
    present = released(session)
    if present is not None:
        _retire(present, act)
        session.flush()
    pack.state, pack.changed_by, pack.changed_at = "released", act.actor, act.at.now
    session.flush()
    _ask_for_rematch(session, act)


def _retire(pack: RulePack, act: Act) -> None:
    pack.state, pack.changed_by, pack.changed_at = "retired", act.actor, act.at.now


def _ask_for_rematch(session: Session, act: Act) -> None:
    """Let kept documents be matched under the pack that runs from now on."""
    jobs.enqueue(
        session,
        kind="rematch",
        key=f"rematch:{act.at.real.isoformat()}",
        payload={},
        due=act.at.now,
        now=act.at.now,
        lane="rematch",
    )
