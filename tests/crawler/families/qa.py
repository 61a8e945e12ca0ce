"""Questions and answers: a list, a question with its answers, older answers by a button."""

import json

from tests.services.loopback import Page

HOST = "qa.example"
JSON = "application/json; charset=utf-8"
CLAIM = "找我，包授权，评职称的专利三个月下来"


def page(title: str, body: str, head: str = "") -> Page:
    """A page of the site."""
    return Page(
        f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title} - 问渠</title>{head}</head>
<body><header><a href="/">问渠</a><a href="/topics">话题</a></header><main>{body}</main></body></html>"""
    )


def answer(number: int, user: tuple[int, str], at: str, body: str) -> str:
    """An answer as the page shows it."""
    uid, name = user
    return f"""<div class="answer-item" data-answer-id="{number}" itemprop="suggestedAnswer" itemscope itemtype="https://schema.org/Answer">
<div class="author" itemprop="author" itemscope itemtype="https://schema.org/Person"><a class="name" href="/people/{uid}" itemprop="name">{name}</a></div>
<div class="answer-text" itemprop="text">{body}</div><time itemprop="dateCreated" datetime="{at}">编辑于 {at[:10]}</time><span class="votes">赞同 12</span></div>"""


def question(number: int, title: str, detail: str, answers: list[str], *, more: int = 0) -> Page:
    """The page of a question."""
    button = (
        f'<button class="more-answers" data-url="/api/questions/{number}/answers?offset={more}">查看更多回答</button>'
        if more
        else ""
    )
    return page(
        title,
        f"""<div itemscope itemtype="https://schema.org/QAPage"><div class="question" data-question-id="{number}" itemprop="mainEntity" itemscope itemtype="https://schema.org/Question">
<h1 class="question-title" itemprop="name">{title}</h1><div class="question-detail" itemprop="text">{detail}</div>
<div class="asker"><a class="name" href="/people/90">提问的人</a></div><time itemprop="dateCreated" datetime="2026-11-01T08:00:00+08:00"></time>
<div class="answers">{"".join(answers)}</div></div></div>{button}""",
    )


def pages() -> dict[str, Page]:
    """The site: a list of two pages, two questions, more answers by JSON."""
    rest = {
        "data": [{"id": 803, "question": {"id": 7}, "content": "<p>有内部渠道，绿色通道加急</p>", "created": 1793936000,
                  "author": {"id": 93, "name": "商标老王"}}],
        "paging": {"next": None},
    }  # fmt: skip
    return {
        "/": page("首页", '<div class="item"><h2><a href="/question/7">专利能包授权吗</a></h2></div><a rel="next" href="/?page=2">下一页</a>'),
        "/?page=2": page("首页", '<div class="item"><h2><a href="/question/8">商标注册要多久</a></h2></div>'),
        "/topics": page("话题", "<h1>话题</h1>"),
        "/question/7": question(7, "专利能包授权吗", "有人打电话说能", [
            answer(801, (91, "鼎立代理"), "2026-11-02T10:00:00+08:00", CLAIM),
            answer(802, (92, "热心人"), "2026-11-03T10:00:00+08:00", "不能，代理机构不得承诺授权结果")], more=2),
        "/question/8": question(8, "商标注册要多久", "", [
            answer(810, (91, "鼎立代理"), "2026-11-04T10:00:00+08:00", "官方指定，七天下证")]),
        "/api/questions/7/answers?offset=2": Page(json.dumps(rest, ensure_ascii=False), media_type=JSON),
    }  # fmt: skip


GOLDEN = {
    "list": "/",
    "question": "/question/7",
    "more-answers": "/api/questions/7/answers?offset=2",
}
