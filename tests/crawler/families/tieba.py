"""A post bar in the manner of Tieba: JSON in attributes, floors, comments by a JSON address."""

import html
import json

from tests.services.loopback import Page

HOST = "tieba.example"
JSON = "application/json; charset=utf-8"
CLAIM = "实用新型包授权，评职称专用，名额有限"
COMMENT = "发明专利挂名，第一发明人可选，联系楼主"


def attribute(value: object) -> str:
    """A value as an attribute holds it."""
    return html.escape(json.dumps(value, ensure_ascii=False), quote=True)


def page(title: str, body: str, data: object) -> Page:
    """A page of the bar."""
    return Page(
        f"""<!DOCTYPE html><html><head><meta charset="UTF-8"><title>{title}</title>
<script>var PageData = {json.dumps(data, ensure_ascii=False)}; PageData.product = "frs";</script></head>
<body><div class="card_head"><a class="card_title_fname" href="/f?kw=%E4%B8%93%E5%88%A9">专利吧</a></div>
{body}<div class="footer">贴吧协议</div></body></html>"""
    )


def bar(start: int, rows: list[tuple[int, str]], *, more: bool) -> Page:
    """A page of the bar's threads."""
    threads = "".join(
        f"""<li class="j_thread_list clearfix" data-field="{attribute({"id": tid, "reply_num": 3})}">
<div class="threadlist_title"><a class="j_th_tit" href="/p/{tid}" title="{title}">{title}</a></div></li>"""
        for tid, title in rows
    )
    on = (
        f'<a class="next pagination-item" href="/f?kw=%E4%B8%93%E5%88%A9&amp;ie=utf-8&amp;pn={start + 50}">下一页&gt;</a>'
        if more
        else ""
    )
    return page(
        "专利吧",
        f'<code class="pagelet_html" id="pagelet_html_frs-list/thread_list"><!-- <ul id="thread_list">{threads}</ul><div id="frs_list_pager">{on}</div> --></code>',
        {"pn": start},
    )


def floor(
    post_no: int, pid: int, user: tuple[int, str], date: str, body: str, *, comments: int = 0
) -> str:
    """One floor; what is known of it stands as JSON in its attribute."""
    uid, name = user
    field = {
        "author": {"user_id": uid, "user_name": name, "portrait": f"tb.1.{uid}"},
        "content": {"post_id": pid, "post_no": post_no, "comment_num": comments, "date": date},
    }
    return f"""<div class="l_post l_post_bright j_l_post" data-field="{attribute(field)}" data-pid="{pid}">
<div class="d_author"><ul class="p_author"><li class="d_name"><a class="p_author_name" href="/home/main?un={name}">{name}</a></li></ul></div>
<div class="d_post_content_main"><cc><div id="post_content_{pid}" class="d_post_content j_d_post_content">{body}</div></cc>
<div class="post-tail-wrap"><span class="tail-info">{post_no}楼</span><span class="tail-info">{date}</span></div></div></div>"""


def thread(tid: int, title: str, floors: list[str], next_page: int = 0) -> Page:
    """A page of a thread."""
    on = f'<a href="/p/{tid}?pn={next_page}">下一页</a>' if next_page else ""
    return page(
        f"{title}_专利吧",
        f'<h3 class="core_title_txt" title="{title}">{title}</h3>'
        f'<div class="p_postlist" id="j_p_postlist" data-tid="{tid}">{"".join(floors)}</div>'
        f'<ul class="l_posts_num"><li class="l_pager pager_theme_5">{on}</li></ul>',
        {"thread": {"thread_id": tid, "title": title}},
    )


def comments(tid: int, of: dict[str, list[dict[str, object]]]) -> Page:
    """The comments below the floors of a thread."""
    lists = {pid: {"comment_num": len(all_), "comment_info": all_} for pid, all_ in of.items()}
    answer = {"errno": 0, "errmsg": "success", "data": {"comment_list": lists, "tid": tid}}
    return Page(json.dumps(answer, ensure_ascii=False), media_type=JSON)


def pages() -> dict[str, Page]:
    """The bar: two pages of threads, one thread over two pages with comments, one removed."""
    asker, agent = (501, "山里的风"), (502, "知产小王")
    said: dict[str, object] = {
        "thread_id": "6001", "post_id": "70002", "comment_id": "71001", "username": "知产小王",
        "user_id": 502, "now_time": 1793926800, "content": f"回复 <a href='/home/main?un=山里的风'>山里的风</a>：{COMMENT}",
    }  # fmt: skip
    return {
        "/f?kw=%E4%B8%93%E5%88%A9": bar(
            0, [(6001, "实用新型多久下来"), (6002, "删了的贴子")], more=True
        ),
        "/f?ie=utf-8&kw=%E4%B8%93%E5%88%A9&pn=50": bar(
            50, [(6003, "商标被驳回怎么办")], more=False
        ),
        "/p/6001": thread(
            6001,
            "实用新型多久下来",
            [
                floor(1, 70001, asker, "2026-11-05 21:10", "有做过的吗"),
                floor(2, 70002, agent, "2026-11-05 21:40", CLAIM, comments=1),
            ],
            next_page=2,
        ),
        "/p/6001?pn=2": thread(
            6001, "实用新型多久下来", [floor(3, 70003, asker, "2026-11-06 08:00", "谢谢楼上")]
        ),
        "/p/6002": page("贴吧404", '<div class="main"><h1>很抱歉，该贴已被删除。</h1></div>', {}),
        "/p/6003": thread(
            6003,
            "商标被驳回怎么办",
            [floor(1, 70004, agent, "2026-11-06 09:00", "走绿色通道，三天加急")],
        ),
        "/p/totalComment?pn=1&tid=6001": comments(6001, {"70002": [said]}),
        "/p/totalComment?pn=1&tid=6003": comments(6003, {}),
    }


GOLDEN = {
    "bar": "/f?kw=%E4%B8%93%E5%88%A9",
    "thread-first-page": "/p/6001",
    "thread-second-page": "/p/6001?pn=2",
    "thread-removed": "/p/6002",
    "comments": "/p/totalComment?pn=1&tid=6001",
    "no-comments": "/p/totalComment?pn=1&tid=6003",
}
