"""Writing what `lantian source add` proposed: the profile's file and the source."""

import getpass
import re
from pathlib import Path

from sqlalchemy import select

from crawler.run import source_named
from crawler.sources import grant, source_of_profile
from lantian.access import audit
from lantian.errors import Conflict, Invalid
from lantian.model import Source
from lantian.reading import profile_names
from lantian.reading.filling import name_for
from lantian.reading.propose import Proposal
from lantian.wiring import Parts


def free_name(parts: Parts, url: str, name: str) -> str:
    """The name for a new source: the given one, if no source or profile has it, or a free one."""
    with parts.store.read() as session:
        taken = {*session.scalars(select(Source.name)), *profile_names(folders(parts))}
    if not name:
        return name_for(url, taken)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        raise Invalid(
            f"{name!r} is no name of a source.", hint="Use small letters, digits and hyphens."
        )
    if name in taken:
        raise Conflict(
            f"there is a source or profile {name!r} already.", hint="Give another --name."
        )
    return name


def folders(parts: Parts) -> list[Path]:
    """The folder of the installation's own profiles."""
    return [parts.settings.profiles_dir] if parts.settings.profiles_dir else []


def profile_path(parts: Parts, name: str) -> Path:
    """The file of a profile in the folder of the installation's own."""
    return (folders(parts) or [parts.settings.data_dir])[0] / f"{name}.yaml"


def write(parts: Parts, proposal: Proposal, path: Path, allow: list[str], why: str) -> Source:
    """The source, with its profile written and its permissions granted."""
    user, at = getpass.getuser(), parts.moment()
    with parts.store.write() as session:
        source = source_of_profile(session, proposal.profile, now=at.now)
        granted = grant(
            session, source, allow, by=user, reason=why or "lantian source add --allow", now=at.now
        )
        told = [f"{permission.host}:{permission.port}" for permission in granted]
        audit.record(
            session,
            actor=f"process:source by {user}",
            action="source.add",
            subject=f"source:{source.id}",
            detail={"name": source.name, "family": proposal.family, "permitted": told, "why": why},
            now=at.now,
            real_now=at.real,
        )
        # Within the transaction: there is never a source without its profile.
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(proposal.text)
    return source


def switch(parts: Parts, name: str, *, enabled: bool) -> None:
    """Let a source be crawled by its schedule, or not; written into the audit chain."""
    at = parts.moment()
    with parts.store.write() as session:
        source = source_named(session, name)
        source.enabled = enabled
        audit.record(
            session,
            actor=f"process:source by {getpass.getuser()}",
            action="source.on" if enabled else "source.off",
            subject=f"source:{source.id}",
            now=at.now,
            real_now=at.real,
        )
