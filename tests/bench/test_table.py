"""The table is what the results give, and the generators give the same thing twice."""

import re
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench import market, site, table
from lantian.model import Clue, ClueClaim
from lantian.store.engine import Store
from lantian.store.migrate import upgrade


def test_the_table_in_the_readme_is_what_the_results_give() -> None:
    readme = table.README.read_text("utf-8")

    assert table.written(readme, table.render(table.read_results())) == readme


def test_every_figure_of_the_table_names_commit_date_rounds_and_raw_samples() -> None:
    figures = table.read_results()["figures"]

    assert figures
    for name, figure in figures.items():
        assert re.fullmatch(r"[0-9a-f]{10}\+?", figure["commit"]), name
        assert figure["date"].startswith("20")
        assert not figure["quick"]
        assert all(len(taken) >= figure["rounds"] for taken in figure["samples"].values()), name


def test_the_results_tell_no_path_of_the_machine() -> None:
    text = table.RESULTS.read_text("utf-8")

    assert str(Path.home()) not in text
    assert not re.search(r'"/[a-z]', text)


def test_a_readme_without_its_marks_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="end of the table"):
        table.written(f"words\n{table.BEGIN}\n", "a table")


def test_a_missed_goal_is_told() -> None:
    sample = {"pages_per_second": 50, "cpu_seconds": 1, "memory_mb": 1}
    samples = {name: [sample] for name in ("lantian", "tutorial", "aiohttp")}
    samples["bare-seen"] = [{**sample, "pages_per_second": 100}]

    row = next(iter(table.ROWS["crawl"]({"pages": 3_000, "goal": 0.6, "samples": samples})))

    assert (row.ratio, row.met) == ("0.50", False)
    assert "**no**" in row.cells()


def test_the_same_seed_gives_the_same_pages_and_another_seed_others() -> None:
    def digest(seed: int) -> str:
        return sha256(b"".join(page.body for page in site.pages(60, seed))).hexdigest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_the_site_is_as_large_as_asked_and_every_page_is_linked() -> None:
    pages = list(site.pages(400))

    assert len(pages) == len({page.path for page in pages}) == 400
    assert sum(page.offends for page in pages) == 20
    links = {link for page in pages for link in re.findall(rb'href="([^"?]+)', page.body)}
    assert {page.path.encode() for page in pages} <= links
    sizes = [len(page.body) for page in islice(pages, 10, None)]
    assert 28_000 < min(sizes) <= max(sizes) < 32_000


def test_the_market_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        store = Store(f"sqlite:///{tmp_path / name}.sqlite3")
        upgrade(store)
        made.append(market.fill(store, 60))
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Clue)) == 60
            assert session.scalar(select(func.count(ClueClaim.clue_id.distinct()))) == 60
        store.close()

    assert made[0] == made[1]
