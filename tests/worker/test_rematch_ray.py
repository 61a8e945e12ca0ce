"""The archive matched again on Ray: from its own files, with the same hits as the jobs find."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from lantian.commands.rematch_ray import Archived, scan_archived
from lantian.commands.rematch_ray import _chunk as chunk_of
from lantian.reading import find_profile
from tests.packs import FOUR, four
from tests.services.loopback import ROOT, Installation, Page, serving

CLAIM = "专利申请包授权，不授权全额退款"
HITS = (
    'select document_id, claim, rule_id, rule_hash, pack_hash, start, "end", text, score'
    " from hit order by document_id, rule_id, start"
)
CLUES = "select posting_key, pack_hash, revision, score from clue order by posting_key"
WAITING = "select kind, count(*) from job where kind <> 'rematch_range' group by kind order by kind"
ON_TWO_NODES = """
import sys
import ray
from ray.cluster_utils import Cluster
from lantian.commands import rematch_ray
from lantian.settings import load_settings
from lantian.wiring import open_parts

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
rematch_ray.CHUNK = 3
parts = open_parts(load_settings())
try:
    rounds = list(rematch_ray.match_on_ray(parts, cluster.address))
finally:
    parts.close()
    cluster.shutdown()
print(*rounds[-1])
"""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An archive of pages on which the first rules found nothing."""
    folder = tmp_path_factory.mktemp("collected")
    installation = Installation(folder, more={"LANTIAN_WRITER": "inline"})
    first = folder / "first"
    shutil.copytree(FOUR, first)
    (first / "guaranteed_grant.yaml").unlink()
    installation.more["LANTIAN_PACK_DIR"] = str(first)
    links = "".join(f"<a href=/p/{number}>{number}</a>" for number in range(10))
    pages = {"/": Page(links)}
    for number in range(10):
        told = CLAIM if number % 3 == 0 else "专利申请代理服务，费用与周期以合同为准"
        pages[f"/p/{number}"] = Page(f"<h1>商品{number}</h1><p>{told}，第{number}号</p>")
    with serving(pages) as site:
        assert installation.crawl(site.url(), "--allow", site.place)["documents"] == 11
    assert installation.rows(HITS) == []
    del installation.more["LANTIAN_PACK_DIR"]
    return installation


def copy(collected: Installation, folder: Path) -> Installation:
    """The same installation once more, with another store; the archive is one."""
    shutil.copytree(collected.folder / "data", folder / "data", symlinks=True)
    return Installation(folder, more=dict(collected.more))


def test_a_node_finds_in_the_files_what_the_texts_say(collected: Installation) -> None:
    store = collected.store()
    with store.read() as session:
        wanted = chunk_of(session, 0)
        session.expunge_all()
    store.close()
    profiles = {"site": find_profile("site")}
    archived = Archived(collected.folder / "data" / "evidence", "")

    scans = scan_archived(wanted, archived, profiles, four().to_bytes())
    assert len(scans) == len(wanted) == 11
    assert sum(bool(scan.hits) for _, scan in scans) == 4

    elsewhere = Archived(collected.folder / "nowhere", "")
    assert scan_archived(wanted, elsewhere, profiles, four().to_bytes()) == []


@pytest.mark.ray
def test_two_nodes_find_the_same_hits_as_the_jobs(
    collected: Installation, tmp_path: Path, ray_python: Path
) -> None:
    by_jobs, by_ray = copy(collected, tmp_path / "jobs"), copy(collected, tmp_path / "ray")
    done = by_jobs.command("rematch")
    assert done.stdout.startswith("11 documents matched, "), done.stderr

    packages = sysconfig.get_paths()["purelib"]
    environment = {**by_ray.environment, "PYTHONPATH": os.pathsep.join([str(ROOT), packages])}
    told = subprocess.run(
        [str(ray_python), "-c", ON_TWO_NODES],
        env={**environment, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert told.stdout.splitlines()[-1:] == ["11 11"], told.stderr[-3000:]

    hits = by_jobs.rows(HITS)
    assert len({row[0] for row in hits}) == 4
    assert by_ray.rows(HITS) == hits
    assert by_ray.rows(CLUES) == by_jobs.rows(CLUES)
    assert [row for row in by_ray.rows(WAITING) if row[0] == "evidence"] == [
        row for row in by_jobs.rows(WAITING) if row[0] == "evidence"
    ]
    shown = by_jobs.command("rematch", "--status")
    assert shown.stdout == "11 of 11 documents matched, 0 of 1 ranges to do.\n", shown.stderr
