"""Pages that need a person, in the dashboard."""

import re

from lantian.model import AuditEvent, Page, PersonTask, RobotsException, Source
from tests.dashboards.conftest import Office


def made(office: Office) -> int:
    """A page that wants a log-in, with hostile words, and an exception from robots.txt."""
    office.market.posting(office.platform_id)
    now = office.market.now
    with office.parts.store.write() as session:
        source = session.query(Source).order_by(Source.id).first()
        assert source is not None
        page = Page(
            source_id=source.id,
            url="http://forum.example/t/1?<script>alert(1)</script>",
            first_seen_at=now,
            last_visit_at=now,
            last_outcome="logged_out",
            looks=[],
        )
        session.add(page)
        session.flush()
        task = PersonTask(
            source_id=source.id,
            page_id=page.id,
            kind="login",
            detail="<b>status</b> 401",
            since=now,
            last_at=now,
        )
        session.add(task)
        exception = {"path": "/list/", "granted_by": "张三", "reason": "书面同意"}
        session.add(RobotsException(source_id=source.id, granted_at=now, **exception))
        session.flush()
        return task.id


def test_tasks_are_listed_in_both_languages_and_dropped_with_a_reason(office: Office) -> None:
    number = made(office)
    client = office.client()
    html = client.get("/tasks").text
    assert "wants a log-in" in html
    assert "http://forum.example/t/1?&lt;script&gt;" in html
    assert "<b>status" not in html
    assert "张三" in html
    assert "/list/" in html
    chinese = client.get("/tasks", headers={"Accept-Language": "zh-CN"}).text
    assert "待人工处理" in chinese
    assert "需要登录" in chinese

    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token is not None
    path = f"/tasks/{number}/drop"
    assert client.post(path, data={"token": token[1], "why": " "}).status_code == 422
    gone = client.post(path, data={"token": token[1], "why": "与监测无关"})
    assert (gone.status_code, gone.headers["location"]) == (303, "/tasks")
    assert f'data-task="{number}"' not in client.get("/tasks").text
    with office.parts.store.read() as session:
        task = session.get_one(PersonTask, number)
        assert (task.state, task.how, task.ended_by) == (
            "dropped",
            "与监测无关",
            "user:the-reviewer",
        )
        assert session.query(AuditEvent).filter_by(action="task.drop").count() == 1
    assert client.post(path, data={"token": token[1], "why": "x"}).status_code == 409
