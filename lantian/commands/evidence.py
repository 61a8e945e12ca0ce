"""`lantian evidence`: the archive indexed for other people's tools, and read again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.commands.evidence_bundle import export, verifier, verify_bundle
from lantian.commands.evidence_keeping import expire, hold, holds, release, store
from lantian.commands.evidence_log import checkpoint, consistency
from lantian.commands.evidence_receive import received, take_in
from lantian.commands.evidence_record import record
from lantian.commands.evidence_seal import seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lantian.evidence.parts import Done, Scope
    from lantian.store.jobs import Claim
    from lantian.wiring import Parts
    from lantian.worker.handlers import Task


def register(app: typer.Typer) -> None:
    """Add the commands."""
    evidence = typer.Typer(help="The evidence archive.", no_args_is_help=True)
    evidence.command("verify")(verify)
    evidence.command("index")(index)
    evidence.command("seal")(seal)
    evidence.command("checkpoint")(checkpoint)
    evidence.command("consistency")(consistency)
    evidence.command("expire")(expire)
    evidence.command("store")(store)
    evidence.command("hold")(hold)
    evidence.command("holds")(holds)
    evidence.command("release")(release)
    evidence.command("export")(export)
    evidence.command("record")(record)
    evidence.command("import")(take_in)
    evidence.command("received")(received)
    evidence.command("verifier")(verifier)
    app.add_typer(evidence, name="evidence")


def index() -> None:
    """Make the CDXJ indexes of WARC files that are complete and have none yet.

    pywb replays from them: `index_paths` is the folder `evidence/indexes`, `archive_paths` the
    folder `evidence/`. They can be deleted and made again at any time.
    """
    from lantian.evidence.indexing import index_archive
    from lantian.evidence.retention import unused_files
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    parts = open_parts(load_settings())
    files = lines = 0
    try:
        with parts.store.read() as session:
            unused = unused_files(session)
        for made in index_archive(parts.archive, unused):
            files, lines = files + 1, lines + made.lines
            if made.damage:
                typer.echo(f"{made.file}: {made.damage}; what follows is not indexed.", err=True)
    finally:
        parts.close()
    typer.echo(f"{files} files indexed anew, {lines} lines.")


def verify(  # noqa: PLR0917  (Typer's own way)
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle (.wacz): checked by itself, without the store.")
    ] = None,
    expect: Annotated[
        str, typer.Option(help="The SHA-256 that the bundle must have, as the office told it.")
    ] = "",
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read each capture again and find each hit.")
    ] = False,
    processes: Annotated[
        int, typer.Option("--jobs", "-j", help="Processes; 0: one for each core.")
    ] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the last run was broken off.")
    ] = False,
    trust: Annotated[
        list[Path],
        typer.Option(help="Root certificates (PEM) of a time authority; for a bundle's stamps."),
    ] = [],  # noqa: B006
    key: Annotated[
        list[str],
        typer.Option(
            help="A key as the office told it: of the log (NAME+ID+KEY), of bundles (sha256:…)."
        ),
    ] = [],  # noqa: B006
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Read everything that was kept, or one bundle, and name what is missing or changed.

    Of the store: records, sealed days with their chain and time stamps, the audit chain. Exit
    status 1 if anything is found.
    """
    from lantian.errors import Invalid

    if bundle is not None:
        for option, given in (("--deep", deep), ("--resume", resume)):
            if given:
                raise Invalid(
                    f"{option} is for the whole archive.", hint="Leave it out for a bundle."
                )
        verify_bundle(bundle, expect=expect, trust=trust, keys=key, as_json=as_json)
        return
    for option, told in (("--expect", expect), ("--trust", trust), ("--key", key)):
        if told:
            raise Invalid(f"{option} is for one bundle.", hint="Name its file.")
    _verify_archive(deep=deep, processes=processes, resume=resume, as_json=as_json)


def _verify_archive(*, deep: bool, processes: int, resume: bool, as_json: bool) -> None:
    from lantian.commands.progress import Progress
    from lantian.evidence.parts import Journal, do_parts
    from lantian.evidence.sealing import unsealed_count
    from lantian.evidence.verify import parts_of
    from lantian.matching.cores import cores
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    settings = load_settings()
    parts = open_parts(settings)
    journal = Journal(settings.cache_dir / "evidence-verify.jsonl")
    progress, tally = Progress(), Tally()
    try:
        with parts.store.read() as session:
            work = parts_of(session, parts.archive, deep=deep)
            unsealed = unsealed_count(session)
        total = sum(part.bytes for part in work)
        if not resume:
            journal.forget()
        for done in do_parts(
            _scope(parts, deep=deep), work, processes=processes or cores(), journal=journal
        ):
            tally.add(done, as_json=as_json)
            progress.show(
                f"{tally.parts} of {len(work)} parts, {tally.size / 1e6:,.0f} of"
                f" {total / 1e6:,.0f} MB, {tally.findings} findings"
            )
    finally:
        progress.end()
        parts.close()
    if not as_json:
        tally.tell(unsealed)
    if tally.findings:
        raise typer.Exit(1)


def _scope(parts: "Parts", *, deep: bool) -> "Scope":
    from lantian.evidence.authority import authorities_of
    from lantian.evidence.parts import Scope

    settings = parts.settings
    return Scope(
        settings.effective_store_url,
        settings.evidence_dir,
        authorities_of(settings),
        deep,
        (settings.profiles_dir,) if settings.profiles_dir else (),
        settings.evidence_store,
    )


SLICE = 600.0
"""Seconds of the nightly run after which other work on the archive gets its turn."""


def verify_kept(parts: "Parts", task: "Task") -> None:
    """Read everything again, a slice at a time; what was found goes into the audit chain."""
    import logging
    import time
    from contextlib import closing

    from lantian.evidence.nightly import told_of
    from lantian.evidence.parts import REMEMBERED, Journal, do_parts
    from lantian.evidence.verify import parts_of
    from lantian.worker.handlers import Postpone

    logger = logging.getLogger(__name__)
    journal = Journal(parts.settings.cache_dir / "evidence-verify-nightly.jsonl")
    with parts.store.read() as session:
        work = parts_of(session, parts.archive)
    known = journal.done()
    begun, every = time.monotonic(), []
    with closing(do_parts(_scope(parts, deep=False), work, processes=1, journal=journal)) as done:
        for one in done:
            every.append(one)
            if one.part in known or one.part.kind not in REMEMBERED or len(every) == len(work):
                continue  # whoever comes back here would only do it again
            if task.stop.is_set() or time.monotonic() - begun > SLICE:
                why = f"{len(every)} of {len(work)} parts verified"
                raise Postpone(why, due=parts.clock.now())
    findings = [finding for one in every for finding in one.findings]
    for finding in findings:
        logger.error("%s: %s", finding.kind, finding)
    task.claim.payload["_verified"] = told_of(
        sum(one.records for one in every), sum(one.bytes for one in every), findings
    )


def verified(parts: "Parts") -> "Callable[[Session, Claim], None]":
    """Tell in the audit chain what the nightly run found."""

    def step(session: "Session", claim: "Claim") -> None:
        from lantian.evidence.nightly import record_check

        now, real_now = parts.clock.now(), parts.real_clock.now()
        record_check(session, claim.payload["_verified"], now=now, real_now=real_now)

    return step


@dataclass
class Tally:
    """What was read and found so far."""

    parts: int = 0
    records: int = 0
    size: int = 0
    days: int = 0
    findings: int = 0

    def add(self, done: "Done", *, as_json: bool) -> None:
        """Count a part, and print what was found in it."""
        self.parts += 1
        self.records += done.records
        self.size += done.bytes
        self.days += done.part.kind == "day"
        self.findings += len(done.findings)
        for finding in done.findings:
            if as_json:
                typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
            else:
                typer.echo(f"{finding.kind}: {finding}")

    def tell(self, unsealed: int) -> None:
        """Print the sum of it; `unsealed` records are in no tree yet."""
        told = "nothing is missing or changed" if not self.findings else f"{self.findings} findings"
        days = f", {self.days} sealed days" if self.days else ""
        typer.echo(f"{self.records} records{days}, {self.size / 1e6:.1f} MB: {told}.")
        if unsealed:
            typer.echo(f"{unsealed} records are in no sealed day yet.")
