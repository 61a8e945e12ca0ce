"""A forum in the manner of NodeBB: what a page shows stands in it once more as JSON."""

import html
import json

from tests.services.loopback import Page

HOST = "nodebb.example"
CLAIM = "发明专利包授权，快至三个月，未授权全额退款"
REPLY = "我司是国知局指定机构，有绿色通道，审查员都熟"


def page(title: str, body: str, data: object, *, head: str = "") -> Page:
    """A page: drawn by the server, with its data for the scripts."""
    payload = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return Page(
        f"""<!DOCTYPE html><html lang="zh-CN"><head><title>{title} | 寻路者论坛</title>
<meta charset="utf-8">{head}<script>var config = {{"relative_path":"","csrf_token":"x"}};var app = {{user:{{"uid":0}}}};</script>
<link rel="stylesheet" href="/assets/client.css?v=1"></head><body class="page-topic">
<nav component="navbar"><a href="/categories">版块</a></nav><main id="panel">{body}</main>
<script id="ajaxify-data" type="application/json">{payload}</script><script src="/assets/nodebb.min.js"></script></body></html>""",
        headers={"X-Powered-By": "NodeBB"},
    )


def post(
    pid: int, index: int, user: tuple[int, str], at: str, content: str, **more: object
) -> dict[str, object]:
    """A post as the data hold it."""
    uid, name = user
    who = {"uid": uid, "username": name, "userslug": f"u{uid}", "displayname": name}
    return {"pid": pid, "index": index, "uid": uid, "timestampISO": at, "content": content,
            "deleted": 0, "user": who, "votes": 3, **more}  # fmt: skip


def topic(
    tid: int, title: str, posts: list[dict[str, object]], *, at: int = 1, of: int = 1
) -> Page:
    """A page of a topic."""
    drawn = "".join(
        f'<li component="post" data-pid="{one["pid"]}"><div component="post/content">{one["content"]}</div></li>'
        for one in posts
    )
    on = f'<link rel="next" href="/topic/{tid}/{slug(tid)}?page={at + 1}">' if at < of else ""
    data = {"tid": tid, "title": title, "titleRaw": title, "cid": 2, "posts": posts,
            "pagination": {"currentPage": at, "pageCount": of}, "template": {"name": "topic"}}  # fmt: skip
    return page(
        title,
        f'<h1 component="topic/title">{html.escape(title)}</h1><ul component="topic">{drawn}</ul>',
        data,
        head=on,
    )


def slug(tid: int) -> str:
    """The readable end of a topic's address."""
    return f"topic-{tid}"


def category(rows: list[tuple[int, str]], *, at: int, of: int) -> Page:
    """A page of a category."""
    drawn = "".join(
        f'<li component="category/topic" data-tid="{tid}"><h3 component="topic/header"><a href="/topic/{tid}/{slug(tid)}">{title}</a></h3>'
        f'<a href="/user/u41">作者</a><a href="/topic/{tid}/{slug(tid)}/3">末帖</a></li>'
        for tid, title in rows
    )
    on = f'<link rel="next" href="/category/2/patents?page={at + 1}">' if at < of else ""
    data = {
        "cid": 2,
        "name": "专利商标",
        "topics": [{"tid": tid, "title": title} for tid, title in rows],
    }
    return page("专利商标", f'<ul component="category">{drawn}</ul>', data, head=on)


def pages() -> dict[str, Page]:
    """The forum: categories, one of two pages, a topic over two pages, one with an edited post."""
    asker, agent = (41, "求知"), (42, "鼎立代理")
    return {
        "/": page("首页", '<ul><li component="categories/category"><h2><a href="/category/2/patents">专利商标</a></h2></li></ul>',
                  {"categories": [{"cid": 2, "name": "专利商标"}]}),
        "/category/2/patents": category([(301, "专利代理怎么选")], at=1, of=2),
        "/category/2/patents?page=2": category([(302, "转让一批专利")], at=2, of=2),
        "/topic/301/topic-301": topic(301, "专利代理怎么选", [
            post(9001, 0, asker, "2026-11-05T01:00:00.000Z", "<p>第一次申请，求推荐</p>"),
            post(9002, 1, agent, "2026-11-05T02:00:00.000Z", f"<p>{CLAIM}</p>", editedISO="2026-11-05T03:00:00.000Z"),
            post(9003, 2, agent, "2026-11-05T02:30:00.000Z", "<p>此帖已删除</p>", deleted=1),
        ], of=2),
        "/topic/301/topic-301?page=2": topic(301, "专利代理怎么选", [
            post(9004, 3, agent, "2026-11-06T02:00:00.000Z", f"<p>{REPLY}</p>")], at=2, of=2),
        "/topic/302/topic-302": topic(302, "转让一批专利", [
            post(9010, 0, agent, "2026-11-07T02:00:00.000Z", "<p>评职称用，<strong>可挂名</strong></p>")]),
    }  # fmt: skip


GOLDEN = {
    "home": "/",
    "category": "/category/2/patents",
    "topic-first-page": "/topic/301/topic-301",
    "topic-second-page": "/topic/301/topic-301?page=2",
}
