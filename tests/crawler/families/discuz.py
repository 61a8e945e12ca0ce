"""A board in the manner of Discuz!: GBK, boards and threads over pages, replies, edits, a quote."""

from tests.services.loopback import Page

HOST = "discuz.example"
GBK = "text/html; charset=gbk"
CLAIM = "专利申请包授权，不授权全额退款，需要的加微信详谈"
SALE = "实用新型现货，包授权，评职称专用"
EDITED = "商标注册绿色通道，内部有人，七天下证"

Floor = tuple[int, int, str, str, str]
"""Id of the post, id and name of its author, time, body."""


def page(title: str, body: str) -> Page:
    """A page with the head and foot that the software gives to all."""
    html = f"""<!DOCTYPE html><html><head><meta charset="gbk">
<title>{title} - 青竹知产论坛 - Powered by Discuz!</title>
<meta name="generator" content="Discuz! X3.4"><meta name="keywords" content="知产">
<script>var STYLEID = '1', discuz_uid = '0', cookiepre = 'qz_', charset = 'gbk';</script></head>
<body id="nv_forum"><div id="toptb"><a href="member.php?mod=logging&amp;action=login">登录</a>
<a href="member.php?mod=register">注册</a></div>
<div id="hd"><a href="forum.php">青竹知产论坛</a></div>
<div id="wp" class="wp">{body}</div>
<div id="ft">Powered by <strong>Discuz!</strong> X3.4 <a href="archiver/">手机版</a></div>
</body></html>"""
    return Page(html.encode("gbk"), media_type=GBK)


def board(page_no: int, rows: list[tuple[int, str]], *, more: bool) -> Page:
    """A page of the board: pinned notice, threads, the way on."""
    threads = "".join(
        f'<tbody id="normalthread_{tid}"><tr><td class="icn"></td><th class="new">'
        f'<em>[<a href="forum.php?mod=forumdisplay&amp;fid=2&amp;typeid=3">求助</a>]</em>'
        f'<a href="forum.php?mod=viewthread&amp;tid={tid}&amp;extra=page%3D{page_no}" class="s xst">'
        f'{title}</a></th><td class="by"><cite><a href="home.php?mod=space&amp;uid=31">林间</a></cite>'
        f'<em><a href="forum.php?mod=redirect&amp;tid={tid}&amp;goto=lastpost">昨天</a></em></td></tr></tbody>'
        for tid, title in rows
    )
    on = (
        f'<div class="pg"><strong>{page_no}</strong><a href="forum.php?mod=forumdisplay&amp;fid=2'
        f'&amp;page={page_no + 1}" class="nxt">下一页</a></div>'
        if more
        else f'<div class="pg"><strong>{page_no}</strong></div>'
    )
    return page(
        "专利与商标", f'<div id="threadlist"><table summary="forum_2">{threads}</table></div>{on}'
    )


def floor(number: int, post: Floor) -> str:
    """One floor of a thread."""
    pid, uid, name, at, body = post
    called = {1: "楼主", 2: "沙发", 3: "板凳", 4: "地板"}.get(number, f"{number}#")
    return f"""<div id="post_{pid}"><table id="pid{pid}" class="plhin"><tr>
<td class="pls" rowspan="2"><div class="authi"><a href="home.php?mod=space&amp;uid={uid}" class="xw1">{name}</a></div>
<dl class="pil cl"><dt>积分</dt><dd>1{uid}</dd></dl></td>
<td class="plc"><div class="pi"><strong><a href="forum.php?mod=redirect&amp;goto=findpost&amp;ptid=7&amp;pid={pid}" id="postnum{pid}"><em>{called}</em></a></strong>
<div class="pti"><div class="authi"><em id="authorposton{pid}">发表于 {at}</em><span class="pipe">|</span><a href="#">只看该作者</a></div></div></div>
<div class="pct"><div class="pcb"><div class="t_fsz"><table><tr><td class="t_f" id="postmessage_{pid}">{body}</td></tr></table></div></div></div>
<div class="sign">签名:诚信为本</div></td></tr></table></div>"""


def thread(
    tid: int, page_no: int, subject: str, first: int, posts: list[Floor], *, more: bool
) -> Page:
    """A page of a thread."""
    floors = "".join(floor(first + at, post) for at, post in enumerate(posts))
    on = (
        f'<div class="pgs"><div class="pg"><a href="forum.php?mod=viewthread&amp;tid={tid}&amp;extra=page%3D1'
        f'&amp;page={page_no + 1}" class="nxt">下一页</a></div></div>'
        if more
        else ""
    )
    return page(
        subject,
        f'<div id="postlist" class="pl bm"><table><tr><td class="pls">查看: 3{page_no}2</td><td class="plc vwthd">'
        f'<h1 class="ts"><span id="thread_subject">{subject}</span></h1></td></tr></table>{floors}</div>{on}'
        '<div id="postlistreply"><div id="post_new"></div></div>',
    )


def static() -> Page:
    """A thread at a static address, of a board that tells times in words: the time is a title."""
    post = (91001, 33, "老代理", '<span title="2026-11-09 07:05:11">3&nbsp;天前</span>', SALE)
    served = thread(12, 1, "出几件专利", 1, [post], more=False)
    text = served.data.decode("gbk").replace("home.php?mod=space&amp;uid=33", "space-uid-33.html")
    return Page(text.encode("gbk"), media_type=GBK)


def told(text: str) -> Page:
    """What the software says instead of a page."""
    return page("提示信息", f'<div id="messagetext" class="alert_error"><p>{text}</p></div>')


EDIT = '<i class="pstatus"> 本帖最后由 林间 于 2026-11-06 10:12 编辑 </i><br>'
QUOTE = (
    '<div class="quote"><blockquote><font size="2">林间 发表于 2026-11-05 08:30</font><br>'
    "专利申请包授权</blockquote></div><br>"
)


def pages() -> dict[str, Page]:
    """The board: an index, two pages of a board, three threads, one of them removed."""
    index = page(
        "首页",
        '<div class="fl"><table class="fl_tb"><tr><td><h2><a href="forum.php?mod=forumdisplay&amp;fid=2">专利与商标</a>'
        '</h2></td><td><h2><a href="forum.php?mod=forumdisplay&amp;fid=9">内部版块</a></h2></td>'
        '<td><h2><a href="forum-5-1.html">知产杂谈</a></h2></td></tr></table></div>',
    )
    long = [
        (88001, 31, "林间", "2026-11-05 08:30", EDIT + CLAIM),
        (88002, 32, "路过的人", "2026-11-05 09:01", QUOTE + "这样说不违规吗？"),
    ]
    later = [(88003, 33, "老代理", "2026-11-07 19:45", f"我们可以做，<br>{CLAIM}")]
    return {
        "/": index,
        "/forum.php": index,
        "/forum.php?fid=2&mod=forumdisplay": board(
            1, [(7, "推荐一家靠谱的代理"), (8, "已删除的广告")], more=True
        ),
        "/forum.php?fid=2&mod=forumdisplay&page=2": board(2, [(9, "商标怎么加快")], more=False),
        "/forum.php?fid=9&mod=forumdisplay": told("抱歉，您尚未登录，没有权限访问该版块"),
        "/forum.php?mod=viewthread&tid=7": thread(7, 1, "推荐一家靠谱的代理", 1, long, more=True),
        "/forum.php?mod=viewthread&page=2&tid=7": thread(
            7, 2, "推荐一家靠谱的代理", 3, later, more=False
        ),
        "/forum-5-1.html": page(
            "知产杂谈",
            '<div id="threadlist"><table><tbody id="normalthread_12"><tr><th class="common">'
            '<a href="thread-12-1-1.html" class="s xst">出几件专利</a></th></tr></tbody></table></div>',
        ),
        "/thread-12-1-1.html": static(),
        "/forum.php?mod=viewthread&tid=8": told("抱歉，指定的主题不存在或已被删除或正在被审核"),
        "/forum.php?mod=viewthread&tid=9": thread(
            9, 1, "商标怎么加快", 1, [(90001, 33, "老代理", "2026-11-08 11:20", EDITED)], more=False
        ),
    }


GOLDEN = {
    "index": "/forum.php",
    "board": "/forum.php?fid=2&mod=forumdisplay",
    "thread-first-page": "/forum.php?mod=viewthread&tid=7",
    "thread-second-page": "/forum.php?mod=viewthread&page=2&tid=7",
    "thread-static": "/thread-12-1-1.html",
    "thread-removed": "/forum.php?mod=viewthread&tid=8",
    "board-wants-log-in": "/forum.php?fid=9&mod=forumdisplay",
}
