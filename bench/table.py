"""The table of `bench/README.md`, made from `bench/results.json` and from nothing else."""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
README = FOLDER / "README.md"
BEGIN, END = "<!-- table: written by make bench -->", "<!-- end of the table -->"

Figure = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `goal` is met if `value` is at least, or at most, as much."""

    figure: str
    what: str
    ours: str
    beside: str
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    cost: str = ""

    def cells(self) -> tuple[str, ...]:
        """Its cells as text."""
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        return (
            self.figure,
            self.what,
            self.ours,
            self.beside,
            self.ratio,
            self.goal,
            met,
            self.cost,
        )


HEAD = ("figure", "what", "Lantian", "beside", "ratio", "goal", "met", "CPU s · MB")


def render(results: Figure) -> str:
    """The table with a line above it about machine and commit."""
    figures = results["figures"]
    machine = results["machine"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB.",
        "Medians; ratio is Lantian to what stands beside it.",
        "",
        *_line(HEAD),
        "|" + "---|" * len(HEAD),
    ]
    for name, rows in ROWS.items():
        if name in figures:
            for row in rows(figures[name]):
                lines += _line(row.cells())
    lines += ["", "Measured:"]
    for name in ROWS:
        if name in figures:
            one = figures[name]
            note = " (quick: a smaller run)" if one["quick"] else ""
            before, after = one["load"]
            lines.append(
                f"- `{name}`{note}: {one['date']}, commit {one['commit']}, {one['rounds']} rounds, "
                f"load of the machine {before} before and {after} after."
            )
    return "\n".join(lines)


def written(readme: str, table: str) -> str:
    """The text of README.md with this table between its marks; raises `ValueError`."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks {BEGIN} or {END}: put them back where the table stands.")
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def read_results() -> Figure:
    """What `bench/results.json` holds; nothing yet, if there is none."""
    if not RESULTS.exists():
        return {"figures": {}}
    found: Figure = json.loads(RESULTS.read_text("utf-8"))
    return found


def median(samples: Iterable[Figure], *path: str) -> float:
    """The median over the rounds of a value in the samples."""
    values = []
    for sample in samples:
        value: Any = sample
        for name in path:
            value = value[name]
        values.append(float(value))
    return statistics.median(values)


def _line(cells: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(cells) + " |"]


def _cost(samples: Sequence[Figure]) -> str:
    return f"{median(samples, 'cpu_seconds'):.1f} · {median(samples, 'memory_mb'):.0f}"


def _crawl(figure: Figure) -> Iterator[Row]:
    samples = figure["samples"]
    ours = median(samples["lantian"], "pages_per_second")
    for name, about in (
        ("bare-seen", "bare spider, own seen set"),
        ("tutorial", "tutorial spider"),
        ("aiohttp", "aiohttp + Lexbor loop"),
    ):
        theirs = median(samples[name], "pages_per_second")
        judged = name == "bare-seen"
        yield Row(
            "crawl",
            f"pages/s, {figure['pages']:,} pages; {about}",
            f"{ours:.1f}",
            f"{theirs:.1f}",
            f"{ours / theirs:.2f}",
            f"≥ {figure['goal']}" if judged else "",
            ours / theirs >= figure["goal"] if judged else None,
            f"{_cost(samples['lantian'])} / {_cost(samples[name])}",
        )


def _match(figure: Figure) -> Iterator[Row]:
    for row in figure["rows"]:
        goal = row.get("goal")
        yield Row(
            "match",
            row["what"],
            f"{row['ours']:,.2f}",
            f"{row['beside']:,.2f}",
            f"{row['ratio']:.1f}",
            f"≥ {goal}" if goal else "",
            row["ratio"] >= goal if goal else None,
            row.get("cost", ""),
        )


def _cores(figure: Figure) -> Iterator[Row]:
    samples = figure["samples"]
    ours, beside = (median(samples[name], "seconds") for name in ("lantian", "bare"))
    yield Row(
        "cores",
        "MB/s of `lantian match --jobs 2`; two bare processes",
        f"{figure['megabytes'] / ours:.1f}",
        f"{figure['megabytes'] / beside:.1f}",
        f"{beside / ours:.2f}",
        f"≥ {figure['goal']}",
        beside / ours >= figure["goal"],
        f"{_cost(samples['lantian'])} / {_cost(samples['bare'])}",
    )
    stream = figure["stream"]
    first, last = stream["first_mb"], stream["last_mb"]
    yield Row(
        "cores",
        f"MB of memory in the last quarter of {stream['megabytes']:,.0f} MB; in the first",
        f"{last:.0f}",
        f"{first:.0f}",
        f"{last / first:.2f}",
        f"≤ {figure['goal_flat']}",
        last / first <= figure["goal_flat"],
    )


def _index(figure: Figure) -> Iterator[Row]:
    samples, clues = figure["samples"], figure["clues"]
    seconds = {name: median(taken, "seconds") for name, taken in samples.items()}
    ratio = seconds["helpers.bulk"] / seconds["lantian"]
    yield Row(
        "index",
        "documents/s into Elasticsearch; helpers.bulk of prepared bodies",
        f"{clues / seconds['lantian']:,.0f}",
        f"{clues / seconds['helpers.bulk']:,.0f}",
        f"{ratio:.2f}",
        f"≥ {figure['goal']}",
        ratio >= figure["goal"],
        f"{_cost(samples['lantian'])} / {_cost(samples['helpers.bulk'])}",
    )
    yield Row(
        "index",
        f"seconds to rebuild {clues:,} clues: Elasticsearch; embedded",
        f"{seconds['lantian']:.1f}",
        f"{seconds['embedded']:.1f}",
        f"{seconds['lantian'] / seconds['embedded']:.2f}",
        cost=f"{_cost(samples['lantian'])} / {_cost(samples['embedded'])}",
    )


def _queue(figure: Figure) -> Iterator[Row]:
    for store, title in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        ours = figure["samples"][f"{store}/lantian"]
        theirs = figure["samples"][f"{store}/by key"]
        for kind in ("list", "clue", "facets"):
            goal = figure["goal_ms"][kind]
            mine, other = median(ours, kind, "p95"), median(theirs, kind, "p95")
            searched = kind != "facets"
            yield Row(
                "queue",
                f"{kind}, p95 in ms, {title}" + ("; the same page by key" if searched else ""),
                f"{mine:.1f}",
                f"{other:.1f}" if searched else "",
                f"{mine / other:.2f}" if searched else "",
                f"≤ {goal}",
                mine <= goal,
                f"{_cost(ours)} / {_cost(theirs)}" if kind == "list" else "",
            )


def _start(figure: Figure) -> Iterator[Row]:
    ours, theirs = figure["samples"]["lantian"], figure["samples"]["datasette"]
    for key, what, form in (
        ("setup_seconds", "seconds of `make setup`; Datasette's installation", ".1f"),
        ("setup_mb", "MB of the environment; Datasette's", ".0f"),
        ("first_page_seconds", "seconds from `make run` to the first page; Datasette's", ".2f"),
        ("memory_mb", "MB of memory then; Datasette's", ".0f"),
    ):
        mine, other = median(ours, key), median(theirs, key)
        yield Row("start", what, f"{mine:{form}}", f"{other:{form}}", f"{mine / other:.1f}")


def _likeness(figure: Figure) -> Iterator[Row]:
    samples, least = figure["samples"]["lantian"], f"{figure['threshold']}"
    for what, mine, other in (
        (
            "copies found, 3% of letters changed; 10%",
            "3 % of letters changed, each alone",
            "10 % of letters changed, each alone",
        ),
        (
            "copies found, 10% rewritten in stretches; 30%",
            "10 % rewritten in stretches",
            "30 % rewritten in stretches",
        ),
    ):
        light, heavy = (median(samples, "found", edit, least) for edit in (mine, other))
        yield Row("likeness", what, f"{light:.3f}", f"{heavy:.3f}")
    mixed = median(samples, "groups", least, "mixed")
    half = median(samples, "wrong", "50% in common", least)
    yield Row(
        "likeness",
        "texts in a group that mixes; pairs wrongly found, half in common",
        f"{mixed:.4f}",
        f"{half:.4f}",
        goal="≤ 0.01",
        met=mixed <= 0.01,
        cost=f"{median(samples, 'signed_per_second'):,.0f} texts/s signed",
    )


def _revisit(figure: Figure) -> Iterator[Row]:
    again, first = figure["samples"]["again"], figure["samples"]["first"]
    for key, what, form in (
        ("requests", "requests", ",.0f"),
        ("mb", "MB received", ",.1f"),
        ("seconds", "seconds", ",.1f"),
        ("archive_mb", "MB written to the archive", ",.1f"),
    ):
        mine, other = median(again, key), median(first, key)
        yield Row(
            "revisit",
            f"{what}: {figure['pages']:,} unchanged pages again; the first time",
            f"{mine:{form}}",
            f"{other:{form}}",
            f"{mine / other:.3f}",
            cost=f"{_cost(again)} / {_cost(first)}" if key == "seconds" else "",
        )


def _workers(figure: Figure) -> Iterator[Row]:
    samples = figure["samples"]
    one = median(samples["1 workers"], "pages_per_second")
    sources, pages = figure["sources"], figure["pages"]
    for number in (1, 2, 4):
        name = f"{number} workers"
        mine = median(samples[name], "pages_per_second")
        twice = max(sample["duplicates"] for sample in samples[name])
        yield Row(
            "workers",
            f"pages/s, {number} workers, {sources} sources, {pages:,} pages, PostgreSQL; one",
            f"{mine:.1f}, {twice:.0f} twice",
            f"{one:.1f}",
            f"{mine / one:.2f}",
            "0 twice",
            twice == 0,
            _cost(samples[name]),
        )
    theirs = median(samples["bare-seen"], "pages_per_second")
    for name, what, goal in (
        ("postgres", "one crawl on PostgreSQL", figure["goal"]),
        ("two hosts", "two crawls over two hosts, PostgreSQL", None),
    ):
        mine = median(samples[name], "pages_per_second")
        yield Row(
            "workers",
            f"pages/s, {what}; bare spider, own seen set",
            f"{mine:.1f}",
            f"{theirs:.1f}",
            f"{mine / theirs:.2f}",
            f"≥ {goal}" if goal else "",
            mine / theirs >= goal if goal else None,
            f"{_cost(samples[name])} / {_cost(samples['bare-seen'])}",
        )


def _verify(figure: Figure) -> Iterator[Row]:
    samples = figure["samples"]
    ours, beside = (median(samples[name], "seconds") for name in ("lantian", "sha256sum"))
    megabytes = figure["megabytes"]
    yield Row(
        "verify",
        f"MB/s of `lantian evidence verify`, {megabytes:,.0f} MB; sha256sum",
        f"{megabytes / ours:.1f}",
        f"{megabytes / beside:.1f}",
        f"{beside / ours:.2f}",
        cost=f"{_cost(samples['lantian'])} / {_cost(samples['sha256sum'])}",
    )
    seconds, bare = (median(samples[name], "seconds") for name in ("chain", "hash"))
    events, goal = figure["events"], figure["goal_seconds"]
    yield Row(
        "verify",
        f"rows/s, an audit chain of {events:,} events verified; hashed only",
        f"{events / seconds:,.0f}",
        f"{events / bare:,.0f}",
        f"{bare / seconds:.2f}",
        f"≥ {1_000_000 / goal:,.0f}",
        events / seconds >= 1_000_000 / goal,
        f"{_cost(samples['chain'])} / {_cost(samples['hash'])}",
    )


def _browser(figure: Figure) -> Iterator[Row]:
    samples, pages = figure["samples"], figure["pages"]
    speed = {name: median(taken, "pages_per_second") for name, taken in samples.items()}
    for ours, theirs, about, judged in (
        ("lantian", "raw", "whole crawl; raw Playwright that waits for a selector", True),
        ("lantian", "networkidle", "whole crawl; raw Playwright that waits for quiet", False),
        ("pool", "raw", "the tabs alone; raw Playwright that waits for a selector", False),
    ):
        ratio = speed[ours] / speed[theirs]
        yield Row(
            "browser",
            f"pages/s, {pages} pages drawn by script, {figure['tabs']} tabs; {about}",
            f"{speed[ours]:.2f}",
            f"{speed[theirs]:.2f}",
            f"{ratio:.2f}",
            f"≥ {figure['goal']}" if judged else "",
            ratio >= figure["goal"] if judged else None,
            f"{_cost(samples[ours])} / {_cost(samples[theirs])}",
        )
    memory = figure["memory"]
    first, last = memory["first_mb"], memory["last_mb"]
    yield Row(
        "browser",
        f"MB (PSS) in the last quarter of {memory['visits']:,} pages; in the first",
        f"{last:.0f}",
        f"{first:.0f}",
        f"{last / first:.2f}",
        f"≤ {figure['goal_flat']}",
        last / first <= figure["goal_flat"],
    )


def _ocr(figure: Figure) -> Iterator[Row]:
    samples = figure["samples"]
    ours, theirs = (
        median(samples[name], "pictures_per_second") for name in ("lantian", "rapidocr")
    )
    yield Row(
        "ocr",
        f"pictures/s read, {figure['pictures']} posters; bare rapidocr in one process",
        f"{ours:.2f}",
        f"{theirs:.2f}",
        f"{ours / theirs:.2f}",
        f"≥ {figure['goal']}",
        ours / theirs >= figure["goal"],
        f"{_cost(samples['lantian'])} / {_cost(samples['rapidocr'])}",
    )


ROWS: dict[str, Callable[[Figure], Iterator[Row]]] = {
    "crawl": _crawl,
    "workers": _workers,
    "revisit": _revisit,
    "browser": _browser,
    "match": _match,
    "cores": _cores,
    "likeness": _likeness,
    "index": _index,
    "queue": _queue,
    "verify": _verify,
    "ocr": _ocr,
    "start": _start,
}
"""The figures in the order of the table."""
