"""`lantian privacy`, and the worker that forgets each night."""

import json
from pathlib import Path

from sqlalchemy import text

from tests.services.loopback import Installation, Page, serving

PLAIN = "<title>启事</title><p>联系人张三，电话13800000000，商标查询免费，欢迎来所面谈咨询。</p>"


def test_what_is_due_is_shown_and_forgotten_by_the_worker(tmp_path: Path) -> None:
    more = {"LANTIAN_WRITER": "inline", "LANTIAN_KEEP_PERSON_DAYS": "30"}
    installation = Installation(tmp_path, more=more)
    with serving({"/": Page(PLAIN)}) as site:
        installation.crawl(site.url("/"), "--allow", site.place)

    def due() -> int:
        done = installation.command("privacy", "show", "--json")
        assert done.returncode == 0, done.stderr
        rows = {row["what"]: row for row in map(json.loads, done.stdout.splitlines())}
        assert rows["what was published"]["time"].startswith("30 days")
        return int(rows["what was published"]["due"])

    assert due() == 0
    store = installation.store()
    with store.write() as session:
        session.execute(text("update document set last_seen_at = '2020-01-01 00:00:00.000000'"))
    store.close()
    assert due() == 1
    dry = installation.command("privacy", "forget", "--dry-run")
    assert dry.stdout == "what was published: 1 would be forgotten.\n"
    assert due() == 1

    done = installation.command("worker", "--until-idle")
    assert done.returncode == 0, done.stderr
    assert due() == 0
    assert installation.rows("select text from document") == [("",)]
    ((detail,),) = installation.rows("select detail from audit_event where action='privacy.forget'")
    assert json.loads(detail)["documents"] == 1
    verified = installation.command("evidence", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
