"""What the commands tell the audit chain of copies that were taken."""

import getpass
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lantian.wiring import Parts


def tell_copy(parts: "Parts", action: str, subjects: Iterable[str], digest: str) -> None:
    """Put into the audit chain that a copy of that digest was taken, of each of these."""
    from lantian.access import audit

    at = parts.moment()
    with parts.store.write() as session:
        for subject in dict.fromkeys(subjects):
            audit.record(
                session,
                actor=f"process:evidence by {getpass.getuser()}",
                action=action,
                subject=subject,
                detail={"digest": digest},
                now=at.now,
                real_now=at.real,
            )
