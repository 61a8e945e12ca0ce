"""`lantian evidence checkpoint` and `consistency`, as they are typed."""

import json
from datetime import timedelta
from pathlib import Path

from lantian.evidence.archive import Archive
from lantian.evidence.note import Verifier, opened
from lantian.evidence.sealing import Sealing
from lantian.evidence.signing import signing_key
from lantian.model import SealedDay
from lantian.settings import load_settings
from lantian.store.engine import Store
from lantian.store.migrate import upgrade
from tests.commands.test_evidence import evidence
from tests.evidence.conftest import Kept
from tests.evidence.test_sealing import LATER, MONDAY, NOON, add


def test_somebody_keeps_a_checkpoint_and_is_shown_later_that_nothing_was_changed(
    data_dir: Path, tmp_path: Path
) -> None:
    store = Store(f"sqlite:///{data_dir / 'lantian.sqlite3'}")
    upgrade(store)
    settings = load_settings(data_dir=data_dir)
    kept = Kept(store, Archive(settings.evidence_dir))
    kept.begin()
    assert "no checkpoint was signed" in evidence("checkpoint").stderr
    with kept.archive.writer("crawl-1", at=NOON) as writer:
        for day in range(3):
            add(kept, writer, NOON + timedelta(days=day))
    sealing = Sealing(store, kept.archive, key=lambda: signing_key(settings.signing_key_path))
    days = list(sealing.through(MONDAY + timedelta(days=2), now=LATER, real_now=LATER))
    assert len(days) == 3

    shown = evidence("checkpoint", "2026-11-24")
    old = tmp_path / "from-the-mail.txt"
    old.write_text(shown.stdout, "utf-8")
    told = json.loads(evidence("checkpoint", "--json").stdout)
    assert told["key"] in evidence("checkpoint").stderr
    assert opened(told["note"], [Verifier.read(told["key"])]).split("\n")[1] == "3"

    proof = tmp_path / "proof.json"
    made = evidence("consistency", str(old))
    proof.write_text(made.stdout)
    assert made.returncode == 0, made.stderr
    checked = evidence("consistency", "--check", str(proof), "--key", told["key"])
    assert (checked.returncode, "2 days became that of 3 days" in checked.stdout) == (0, True)
    assert evidence("verify").returncode == 0

    proof.write_text(made.stdout.replace('"path": [\n  "', '"path": [\n  "00'))
    changed = evidence("consistency", "--check", str(proof))
    assert (changed.returncode, "Traceback" in changed.stderr) == (1, False)
    assert "proof.json" in changed.stderr
    with store.write() as session:
        session.get_one(SealedDay, 1).leaves = 99
    grown = evidence("consistency", str(old))
    assert (grown.returncode, "did not grow" in grown.stderr) == (1, True)
    store.close()
