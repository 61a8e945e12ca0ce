"""Rule packs for administrators: proposed by one, released by another, brought back by any."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from dashboards.people import ActingAdministrator, Visitor
from lantian.errors import Conflict, NotFound, PackError
from lantian.model import RulePack, User
from lantian.rulebook import release as releasing
from lantian.rulebook.packs import Act, every, short

router = APIRouter(prefix="/admin/rules")


@dataclass(frozen=True, slots=True)
class Row:
    """A pack as the page shows it; `proposer` is empty where nobody proposes it."""

    pack: RulePack
    name: str
    proposer: str


def packs(session: Session) -> list[Row]:
    """All packs, the newest first."""
    return [Row(pack, short(pack.hash), _proposer(session, pack)) for pack in every(session)]


@router.post("/{pack_id}/release")
def release(visitor: ActingAdministrator, pack_id: int) -> Response:
    """Propose the pack or, if another proposed it, release it."""
    parts = visitor.parts
    with parts.store.read() as session:
        pack = session.get(RulePack, pack_id)
        if pack is None:
            raise NotFound(f"there is no pack {pack_id}.", hint="Load the page again.")
    with _told():
        releasing.release(
            parts.store,
            pack.hash,
            act=_act(visitor),
            pack_dir=parts.settings.pack_dir,
            cache_dir=parts.settings.cache_dir,
        )
    return RedirectResponse("/admin#rules", 303)


@router.post("/rollback")
def rollback(visitor: ActingAdministrator) -> Response:
    """Let the pack run again that was released before."""
    parts = visitor.parts
    with _told():
        releasing.rollback(
            parts.store,
            act=_act(visitor),
            pack_dir=parts.settings.pack_dir,
            cache_dir=parts.settings.cache_dir,
        )
    return RedirectResponse("/admin#rules", 303)


@contextmanager
def _told() -> Iterator[None]:
    """Tell the person what is wrong with a pack: it is no fault of the server."""
    try:
        yield
    except PackError as error:
        raise Conflict(error.message, hint=error.hint) from error


def _act(visitor: Visitor) -> Act:
    return Act(f"user:{visitor.user.name}", visitor.at, way="page")


def _proposer(session: Session, pack: RulePack) -> str:
    return session.get_one(User, pack.proposed_by).name if pack.proposed_by is not None else ""
