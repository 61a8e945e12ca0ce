"""A forum in the manner of Flarum: JSON:API by its interface and inside its pages."""

import json
from typing import Any

from tests.services.loopback import Page

HOST = "flarum.example"
API = "application/vnd.api+json"
CLAIM = "商标注册包下证，官方绿色通道，不成功退款"
USERS = {51: "新手", 52: "鼎立代理"}


def user(uid: int) -> dict[str, Any]:
    """A user as the interface tells."""
    return {
        "type": "users",
        "id": str(uid),
        "attributes": {"username": f"u{uid}", "displayName": USERS[uid], "slug": f"u{uid}"},
    }


def post(pid: int, number: int, uid: int, at: str, content: str, **more: object) -> dict[str, Any]:
    """A post as the interface tells."""
    attributes = {
        "number": number,
        "createdAt": at,
        "contentType": "comment",
        "contentHtml": content,
        **more,
    }
    return {"type": "posts", "id": str(pid), "attributes": attributes,
            "relationships": {"user": {"data": {"type": "users", "id": str(uid)}}}}  # fmt: skip


def page(title: str, document: dict[str, Any], shown: str, *, head: str = "") -> Page:
    """A page: a shell for scripts, with what they show as JSON and for those without scripts."""
    payload = {
        "resources": [],
        "session": {"userId": 0},
        "locale": "zh-Hans",
        "apiDocument": document,
    }
    text = json.dumps(payload, ensure_ascii=False).replace("</", "<\\/")
    return Page(
        f"""<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8"><title>{title} - 同行小站</title>{head}
<link rel="stylesheet" href="/assets/forum.css"></head><body><div id="app" class="App"><div id="flarum-loading">加载中</div></div>
<noscript id="flarum-content"><div class="container">{shown}</div></noscript>
<script>document.getElementById('flarum-loading').style.display = 'block';var flarum = {{extensions: {{}}}};</script>
<script id="flarum-json-payload" type="application/json">{text}</script></body></html>"""
    )


def discussion(did: int, title: str, posts: list[dict[str, Any]], *, more: str = "") -> Page:
    """A page of a discussion."""
    authors = sorted({int(one["relationships"]["user"]["data"]["id"]) for one in posts})
    document = {
        "data": {
            "type": "discussions",
            "id": str(did),
            "attributes": {"title": title, "slug": f"{did}-d"},
        },
        "included": [*posts, *(user(uid) for uid in authors)],
    }
    shown = "".join(one["attributes"].get("contentHtml", "") for one in posts)
    head = f'<link rel="next" href="{more}">' if more else ""
    return page(title, document, f"<h1>{title}</h1>{shown}", head=head)


def listed(rows: dict[int, str], following: str = "") -> dict[str, Any]:
    """Discussions as the interface lists them."""
    data = [
        {"type": "discussions", "id": str(did), "attributes": {"title": title, "slug": f"{did}-d"}}
        for did, title in rows.items()
    ]
    return {"links": {"next": following} if following else {}, "data": data, "included": [user(51)]}


def api(rows: dict[int, str], following: str = "") -> Page:
    """A page of the interface's list."""
    return Page(json.dumps(listed(rows, following), ensure_ascii=False), media_type=API)


def pages() -> dict[str, Page]:
    """The forum: its home page, the interface's list of two pages, a discussion of two pages."""
    on = "/api/discussions?page%5Boffset%5D=1&sort=-createdAt"
    rows = {11: "商标被抢注怎么办", 12: "求职称专利"}
    return {
        "/": page("首页", listed(rows, on), '<ul><li><a href="/d/11">商标被抢注怎么办</a></li></ul>'),
        "/api/discussions?sort=-createdAt": api({11: rows[11]}, on),
        on: api({12: rows[12]}),
        "/d/11": discussion(11, rows[11], [
            post(401, 1, 51, "2026-11-05T01:00:00+00:00", "<p>被别人注册了</p>"),
            post(402, 2, 52, "2026-11-05T02:00:00+00:00", f"<p>{CLAIM}</p>", editedAt="2026-11-05T03:00:00+00:00"),
            {"type": "posts", "id": "403", "attributes": {"number": 3, "contentType": "discussionRenamed", "content": ["a", "b"]},
             "relationships": {"user": {"data": {"type": "users", "id": "51"}}}},
        ], more="/d/11?page=2"),
        "/d/11?page=2": discussion(11, rows[11], [post(404, 4, 51, "2026-11-06T01:00:00+00:00", "<p>真的可以吗</p>")]),
        "/d/12": discussion(12, rows[12], [post(410, 1, 52, "2026-11-06T05:00:00+00:00", "<p>实用新型挂名，包授权</p>")]),
    }  # fmt: skip


GOLDEN = {
    "home": "/",
    "list-by-interface": "/api/discussions?sort=-createdAt",
    "discussion-first-page": "/d/11",
    "discussion-second-page": "/d/11?page=2",
}
