"""An agency's own website: home, services, a page of a service, contact; ICP number at the foot."""

from tests.services.loopback import Page

HOST = "agency.example"
NAME = "鼎衡知识产权代理（示例）有限公司"
ICP = "粤ICP备19999901号"
CLAIM = "发明专利包授权，授权率100%，不成功不收费"


def page(title: str, body: str) -> Page:
    """A page with the company's head and foot."""
    return Page(
        f"""<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">
<title>{title}-{NAME}</title><meta name="keywords" content="商标注册,专利申请,知识产权代理">
<meta name="description" content="{NAME}是一家代理机构"></head><body>
<div class="header"><a class="logo" href="/"><img src="/logo.png" alt="{NAME}"></a>
<ul class="nav"><li><a href="/">首页</a></li><li><a href="/services/">服务项目</a></li><li><a href="/about.html">关于我们</a></li>
<li><a href="/news/">新闻动态</a></li><li><a href="/contact.html">联系我们</a></li></ul>
<div class="tel">全国咨询热线：400-000-0000</div></div>
<div class="main">{body}</div>
<div class="footer"><p>版权所有 © 2026 {NAME}</p><p>地址：示例市示例路1号</p>
<p><a href="https://beian.miit.gov.cn/" target="_blank">粤ICP备19999901号-2</a></p></div></body></html>"""
    )


def pages() -> dict[str, Page]:
    """The website."""
    return {
        "/": page("首页", f"<h2>专业代理</h2><p>商标注册、专利申请、版权登记</p><p>{CLAIM}</p>"),
        "/services/": page(
            "服务项目",
            '<h1>服务项目</h1><ul><li><a href="/services/patent.html">专利申请</a></li><li><a href="/services/mark.html">商标注册</a></li></ul>',
        ),
        "/services/patent.html": page(
            "专利申请", f"<h1>专利申请</h1><p>{CLAIM}</p><a href='/apply.pdf'>下载</a>"
        ),
        "/services/mark.html": page("商标注册", "<h1>商标注册</h1><p>费用与周期以合同为准</p>"),
        "/about.html": page(
            "关于我们", f"<h1>关于我们</h1><p>{NAME}成立于2012年，机构代码 99999。</p>"
        ),
        "/news/": page("新闻动态", '<h1>新闻动态</h1><a href="/news/1.html">恭喜客户</a>'),
        "/news/1.html": page("恭喜客户", "<h1>恭喜客户</h1><p>三天加急，内部渠道，当天受理</p>"),
        "/contact.html": page(
            "联系我们", "<h1>联系我们</h1><p>电话：400-000-0000</p><p>微信同号</p>"
        ),
    }


GOLDEN = {
    "home": "/",
    "services": "/services/",
    "service": "/services/patent.html",
    "about": "/about.html",
    "contact": "/contact.html",
}
