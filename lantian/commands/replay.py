"""`lantian rules replay|shadow`: a pack beside the one that runs, on kept and on live documents."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lantian.commands.progress import Progress
from lantian.commands.rulebook import act_of, content_named, opened

if TYPE_CHECKING:
    from lantian.rulebook.overlap import ShadowReport
    from lantian.rulebook.replay import Change, Replay
    from lantian.rulebook.samples import Sample

Samples = Annotated[int, typer.Option("--sample", min=0, help="Samples of each claim.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def add(rules: typer.Typer) -> None:
    """Add the commands to `lantian rules`."""
    rules.command("replay")(replay)
    rules.command("shadow")(shadow)


def replay(
    pack: Annotated[str, typer.Argument(metavar="HASH|DIR", help="The pack to try.")],
    days: Annotated[
        int | None, typer.Option(min=1, help="Only postings first seen in the last days.")
    ] = None,
    sample: Samples = 3,
    as_json: AsJson = False,
) -> None:
    """Tell what a pack would find in kept documents that the present one does not, and back.

    It reads the newest version of each posting and writes nothing.
    """
    from lantian.rulebook import replay as replaying
    from lantian.rulebook.compiled import compiled

    progress = Progress()
    with opened() as parts:
        other = compiled(content_named(parts, pack).pack, parts.settings.cache_dir)
        rounds = replaying.replay(
            parts.store, parts.matcher, other, now=parts.clock.now(), days=days, most=sample
        )
        for found in rounds:
            progress.show(f"{found.documents} of {found.total} documents")
        progress.end()
    typer.echo(_as_json(_replayed(found)) if as_json else "\n".join(_replay_lines(found)))


def shadow(  # noqa: PLR0917  (a command's options)
    pack: Annotated[str, typer.Argument(metavar="HASH", help="The draft that reads along.")] = "",
    report: Annotated[
        bool, typer.Option("--report", help="Tell what the last shadow run saw.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the shadow run.")] = False,
    sample: Samples = 3,
    as_json: AsJson = False,
    by: Annotated[str, typer.Option("--by", metavar="USER", help="Who does it.")] = "",
) -> None:
    """Let a draft read along with the crawls that begin from now on; it makes no clue."""
    if sum((bool(pack), report, stop)) != 1:
        raise typer.BadParameter("Give a HASH, --report or --stop.")
    if report:
        tell_shadow(sample, as_json=as_json)
    elif stop:
        stop_shadow(by)
    else:
        start_shadow(pack, by)


def start_shadow(name: str, by: str) -> None:
    """Begin the shadow run, if the pack can be compiled."""
    from lantian.rulebook import shadow as shadowing
    from lantian.rulebook.compiled import compiled
    from lantian.rulebook.packs import find, short

    with opened() as parts:
        compiled(content_named(parts, name).pack, parts.settings.cache_dir)
        act = act_of(parts, by)
        with parts.store.write() as session:
            pack = find(session, name)
            shadowing.start(session, pack, act=act)
    typer.echo(f"{short(pack.hash)} reads along with the crawls that begin from now on.")


def stop_shadow(by: str) -> None:
    """End the shadow run."""
    from lantian.rulebook import shadow as shadowing
    from lantian.rulebook.packs import short

    with opened() as parts:
        act = act_of(parts, by)
        with parts.store.write() as session:
            pack = shadowing.stop(session, act=act)
    typer.echo(f"{short(pack.hash)} is a draft again; what it saw stays for `--report`.")


def tell_shadow(sample: int, *, as_json: bool) -> None:
    """Print what the last shadow run saw."""
    from lantian.rulebook.overlap import shadow_report

    with opened() as parts, parts.store.read() as session:
        found = shadow_report(session, most=sample)
    typer.echo(_as_json(_shadowed(found)) if as_json else "\n".join(_shadow_lines(found)))


def _replay_lines(found: "Replay") -> Iterator[str]:
    yield f"{found.documents} documents, first seen over {found.span} days"
    yield (
        f"queue a day: {found.per_day(found.live_by_day):.1f} postings now, "
        f"{found.per_day(found.other_by_day):.1f} with this pack"
    )
    yield f"claims found by both: {found.same}"
    yield from _change_lines("would appear", found.appears)
    yield from _change_lines("would vanish", found.vanishes)


def _change_lines(title: str, change: "Change") -> Iterator[str]:
    yield f"{title}: {change.claims.total()}"
    for claim, number in sorted(change.claims.items()):
        yield f"  {claim}: {number} documents"
        for (of_claim, rule), count in sorted(change.rules.items()):
            if of_claim == claim:
                yield f"    {rule}: {count}"
    yield from _sample_lines(change.samples)


def _sample_lines(samples: "Sequence[Sample]") -> Iterator[str]:
    for one in samples:
        yield f"  - {one.rule}  document {one.document_id}  {one.url}"
        yield f"    {one.text}"


def _shadow_lines(found: "ShadowReport") -> Iterator[str]:
    from lantian.rulebook.packs import short

    yield f"pack {short(found.pack.hash)} ({found.pack.state}): {found.documents} documents"
    if found.pack.fault:
        yield f"its run was stopped: {found.pack.fault}"
    yield f"{'':26}{'both':>8}{'only shadow':>13}{'only live':>11}"
    for claim, one in found.claims.items():
        yield f"{claim:<26}{one.both:>8}{one.only_shadow:>13}{one.only_live:>11}"
    for day, (read, one) in found.days.items():
        name = f"{day} ({read} documents)"
        yield f"{name:<26}{one.both:>8}{one.only_shadow:>13}{one.only_live:>11}"
    yield "only the shadow finds"
    yield from _sample_lines(found.only_shadow)
    yield "only the live pack finds"
    yield from _sample_lines(found.only_live)


def _replayed(found: "Replay") -> dict[str, Any]:
    return {
        "live": found.live_hash,
        "pack": found.other_hash,
        "documents": found.documents,
        "days": found.span,
        "same": found.same,
        "queue_per_day": {
            "live": found.per_day(found.live_by_day),
            "pack": found.per_day(found.other_by_day),
        },
        "queue": {
            day.isoformat(): {"live": found.live_by_day[day], "pack": found.other_by_day[day]}
            for day in sorted(found.days)
        },
        "appears": _changed(found.appears),
        "vanishes": _changed(found.vanishes),
    }


def _changed(change: "Change") -> dict[str, Any]:
    return {
        "claims": dict(sorted(change.claims.items())),
        "rules": {rule: count for (_claim, rule), count in sorted(change.rules.items())},
        "samples": _sampled(change.samples),
    }


def _shadowed(found: "ShadowReport") -> dict[str, Any]:
    return {
        "pack": found.pack.hash,
        "state": found.pack.state,
        "fault": found.pack.fault,
        "documents": found.documents,
        "claims": {claim: dataclasses.asdict(one) for claim, one in found.claims.items()},
        "days": {
            day.isoformat(): {"documents": read, **dataclasses.asdict(one)}
            for day, (read, one) in found.days.items()
        },
        "only_shadow": _sampled(found.only_shadow),
        "only_live": _sampled(found.only_live),
    }


def _sampled(samples: "Sequence[Sample]") -> list[dict[str, Any]]:
    names = ("document_id", "claim", "rule", "url", "text")
    return [{name: getattr(one, name) for name in names} for one in samples]


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
