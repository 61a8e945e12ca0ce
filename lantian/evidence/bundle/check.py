"""Checks one bundle, with nothing but the file: no store, no network, no settings.

Whatever the bytes are, the outcome is a list of findings that name the member and what is wrong
with it. That nothing is found says that the bundle agrees with itself; whether it is the one that
was exported says the digest of the file, told by another way (`expect`).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lantian.errors import Unreadable
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.manifest import manifest_findings
from lantian.evidence.bundle.opened import Opened, Wrong
from lantian.evidence.bundle.proved import Proved, proof_findings
from lantian.evidence.bundle.records import record_findings
from lantian.evidence.bundle.signed import Signed, signature_findings
from lantian.evidence.bundle.statements import statement_findings
from lantian.evidence.bundle.zipped import PIECE, BadZip, members_of
from lantian.evidence.finding import Finding
from lantian.evidence.seal import ALGORITHM


@dataclass
class BundleCheck:
    """One check. After `findings()` the figures say what was looked at."""

    path: Path
    expect: str = ""
    progress: Callable[[int], None] | None = None
    digest: str = ""
    size: int = 0
    members: int = 0
    records: int = 0
    proved: Proved = field(default_factory=Proved)
    opener: Callable[[], IO[bytes]] | None = None
    """Where the bytes come from, if not from the file at `path`."""
    keys: Sequence[str] = ()
    """Those that may have signed it, as the office told them; empty: any.

    NAME+ID+KEY signs checkpoints, and the digest of a key (sha256:…) names the one of the whole.
    """
    signed: Signed = field(default_factory=Signed)
    office: str = ""
    """Who made it, as it says itself; after `findings()`."""

    def findings(self) -> Iterator[Finding]:
        """Everything that is not as it was exported; nothing, if all of it is.

        Raises `Unreadable` if the file itself cannot be read.
        """
        try:
            with self.path.open("rb") if self.opener is None else self.opener() as handle:
                self._sum(handle)
                yield from self._all(handle)
        except OSError as error:
            raise Unreadable(
                f"the bundle {self.path} cannot be read: {error.strerror}.",
                hint="Name a file that this user may read.",
            ) from error

    def _sum(self, handle: IO[bytes]) -> None:
        found = hashlib.new(ALGORITHM)
        while data := handle.read(PIECE):
            found.update(data)
        self.size = handle.tell()
        self.digest = f"{ALGORITHM}:{found.hexdigest()}"

    def _all(self, handle: IO[bytes]) -> Iterator[Finding]:
        if self.expect and self.expect.lower().removeprefix(f"{ALGORITHM}:") != (
            self.digest.removeprefix(f"{ALGORITHM}:")
        ):
            reason = f"its digest is {self.digest}: it is not the file that was expected."
            yield Finding("changed", self.path.name, reason)
        try:
            members = members_of(handle, self.size)
        except BadZip as error:
            yield Finding("changed", error.member, error.reason)
            return
        bundle = Opened(handle, {member.name: member for member in members}, self.progress)
        self.members = len(members)
        yield from bundle.read_all()
        yield from manifest_findings(bundle)
        yield from record_findings(bundle)
        self.records = len(bundle.records)
        if bundle.sound(layout.BUNDLE):
            self.office = _office(bundle)
        yield from statement_findings(bundle)
        whole = [key for key in self.keys if key.startswith(f"{ALGORITHM}:")]
        self.signed.keys = whole
        self.proved.log.keys = [key for key in self.keys if key not in whole]
        yield from signature_findings(bundle, self.signed)
        yield from proof_findings(bundle, self.proved)

    def told(self) -> Iterator[str]:
        """What signature and proofs prove, in sentences; call it after `findings()`."""
        proved = self.proved
        yield from self.signed.told()
        if not proved.days:
            yield "Nothing in it is in a sealed day yet: nothing proves when it was there."
            return
        records = f"{len(proved.records)} of {len(proved.all_records)} records"
        events = f"{len(proved.events)} of {len(proved.all_events)} events"
        yield f"{records} and {events} are in sealed days ({', '.join(proved.days)})."
        yield from proved.log.told()
        if proved.deleted:
            yield f"{len(proved.deleted)} of the records were deleted when their time was over."
        if proved.unjudged_sm3:
            yield f"{proved.unjudged_sm3} SM3 digests are not judged: this Python has no SM3."


def _office(bundle: Opened) -> str:
    try:
        told = bundle.told(layout.BUNDLE)
    except Wrong:
        return ""
    office = told.get("office") if isinstance(told, dict) else None
    return office[:200] if isinstance(office, str) else ""
