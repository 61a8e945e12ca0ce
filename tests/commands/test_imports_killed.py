"""An import whose process is killed is gone on with by the same command; nothing comes twice."""

import json
import time
from pathlib import Path

from sqlalchemy import text

from tests.services.loopback import Installation

ROWS = 600


def listed(path: Path) -> Path:
    """A list of clues: each third row has a claim, each row its own address."""
    lines = ["网址,标题,内容"]
    for number in range(ROWS):
        said = "商标注册包授权，不授权全额退款。" if number % 3 == 0 else "商标查询和续展服务。"
        lines.append(f"https://shop{number % 7}.example/goods/{number},商品{number},{said}")
    path.write_text("\n".join(lines), "utf-8")
    return path


def counts(installation: Installation) -> dict[str, int]:
    tables = ("capture", "document", "hit", "clue", "handed_row", "artifact")
    return {
        table: installation.rows(f"select count(*) from {table}")[0][0]  # noqa: S608
        for table in tables
    }


def test_an_import_goes_on_after_kill_9_with_the_counts_of_an_undisturbed_one(
    tmp_path: Path,
) -> None:
    file = listed(tmp_path / "list.csv")
    whole, killed = Installation(tmp_path / "a"), Installation(tmp_path / "b")
    done = whole.command("import", str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["taken"] == ROWS

    process = killed.start("import", str(file))
    until = time.monotonic() + 200
    while time.monotonic() < until:
        try:
            taken = killed.rows("select taken from handover")
        except Exception:  # noqa: BLE001  (the store is not there yet)
            taken = []
        if taken and 0 < taken[0][0] < ROWS:
            break
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = killed.rows("select taken from handover")[0][0]
    assert 0 < before < ROWS

    store = killed.store()
    with store.write() as session:
        # What the passing of a minute does.
        session.execute(text("update job set lease_until = created_at where kind = 'import'"))
    store.close()
    done = killed.command("import", str(file), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["taken"] + told["known"] == ROWS
    assert killed.rows("select count(*), max(state) from handover") == [(1, "finished")]
    assert counts(killed) == counts(whole)
    verified = killed.command("evidence", "verify", "--deep")
    assert verified.returncode == 0, verified.stdout + verified.stderr
