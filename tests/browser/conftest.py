"""One Chromium for a module of tests, with a site on loopback that plays the web."""

import asyncio
import base64
import gzip
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.async_api import BrowserContext

from lantian.browser.pool import TabPool, browsing
from lantian.browser.visit import BrowserVisit, VisitLimits
from lantian.egress.deny import Permissions
from lantian.egress.resolver import Resolver
from tests.services import web
from tests.services.web import Answer, Handle, Site

T = TypeVar("T")
HTML = {"Content-Type": "text/html; charset=utf-8"}
LIMITS = VisitLimits(seconds=60, settle_seconds=60, max_bytes=1_000_000, page_bytes=4_000_000)


def page(text: str, **fields: str) -> Answer:
    """An HTML page of that body."""
    return 200, {**HTML, **fields}, f"<!doctype html><title>页</title><body>{text}".encode()


def redirect(to: str) -> Answer:
    return 302, {"Location": to}, b""


def slow(seconds: float) -> Handle:
    def handle(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        body = "<p>晚到的报价：包授权</p>".encode()
        request.send_response(200)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return handle


def endless(kind: str, pause: float) -> Handle:
    """An answer that never ends."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Connection", "close")
        request.end_headers()
        for _ in range(3000):
            request.wfile.write(b"<p>" + b"x" * (20_000 if not pause else 10))
            request.wfile.flush()
            time.sleep(pause)

    return handle


GB = "<!doctype html><title>商标</title><body><p>商标注册，包授权</p>".encode("gb18030")
MALFORMED = (
    "<!doctype html><title>商标</title><body><p>商标</p>".encode("gb18030") + b"\xff\xfe<p>x"
)
NOISE = """<canvas width=1280 height=700></canvas><p>噪声里的字</p><script>
const c = document.querySelector("canvas").getContext("2d"), d = c.createImageData(1280, 700);
for (let i = 0; i < d.data.length; i++) d.data[i] = i % 4 == 3 ? 255 : Math.random() * 256;
c.putImageData(d, 0, 0);</script>"""
BOMB = gzip.compress(b"<p>x</p>" * 4_000_000)
LAZY = """<div style="height:3000px">高</div><p>注册商标<b>包授权</b>，不成退款</p>
<img loading="lazy" src="/picture.png"><div style="height:2000px"></div>"""


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHADOW = """<p>外面</p><offer-card id=one><b slot=price>980元</b><i>默认处</i></offer-card>
<noscript><p>没有脚本</p></noscript><script>
customElements.define("offer-card", class extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({mode: "open"}).innerHTML = `<style>b {color: red}</style>
      <h2>影子里：包授权</h2><a href="/goods/7">看</a>价<slot name=price></slot><slot></slot>
      <nested-card></nested-card><slot name=none>没有放的</slot>`;
  }
});
customElements.define("nested-card", class extends HTMLElement {
  constructor() { super(); this.attachShadow({mode: "open"}).innerHTML = "<em>再里面</em>"; }
});
customElements.define("closed-card", class extends HTMLElement {
  constructor() { super(); this.attachShadow({mode: "closed"}).innerHTML = "<em>关着的</em>"; }
});
document.body.append(document.createElement("closed-card"));
</script>"""
FRAMESET = (
    "<!doctype html><title>旧</title><frameset cols='30%,*'>"
    "<frame src='/inner?a=1'><frame src='/plain'></frameset>"
).encode()
GOODS = """<ul></ul><button class=more>加载更多</button><script>
const list = document.querySelector("ul"), more = document.querySelector(".more");
let page = 0;
async function load() {
  page += 1;
  list.insertAdjacentHTML("beforeend", await (await fetch("/more?page=" + page)).text());
  if (page == 3) more.remove();
}
more.onclick = load; load();
setTimeout(() => document.body.insertAdjacentHTML("beforeend", `<p class=late><button
  onclick="list.append(Object.assign(document.createElement('li'), {className: 'goods'}))">`), 900);
</script>"""
RUDE = GOODS.replace("page += 1;", "page += 1; if (page > 1) { alert(1); open('/plain'); }")
SHADOW_GOODS = f"""<div id=host></div><template>{GOODS.partition("<script>")[0]}</template><script>
const root = host.attachShadow({{mode: "open"}});
root.append(document.querySelector("template").content);
const list = root.querySelector("ul"), more = root.querySelector(".more");
let page = 0;
async function load() {{
  page += 1;
  list.insertAdjacentHTML("beforeend", await (await fetch("/more?page=" + page)).text());
  if (page == 3) more.remove();
}}
more.onclick = load; load();</script>"""


def scroll(last: int, style: str = "", inner: str = "window") -> str:
    """A list that loads three more each time its end comes into view."""
    return f"""<style>li {{height: 400px}} {style}</style><div class=list><ul></ul></div><script>
const list = document.querySelector("ul"), box = document.querySelector(".list");
let page = 0, loading = false;
async function load() {{
  if (loading || page == {last}) return;
  loading = true; page += 1;
  list.insertAdjacentHTML("beforeend", await (await fetch("/more?page=" + page)).text());
  loading = false;
}}
function near() {{
  const one = {"box" if inner != "window" else "document.scrollingElement"};
  if (one.scrollTop + one.clientHeight > one.scrollHeight - 50) load();
}}
{inner}.addEventListener("scroll", () => setTimeout(near, 150)); load();</script>"""


def more(_request: BaseHTTPRequestHandler) -> None:
    """Three goods, a little late."""
    time.sleep(0.1)
    body = "".join(f'<li class="goods">商标 {n}</li>' for n in range(3)).encode()
    _request.send_response(200)
    _request.send_header("Content-Type", "text/html; charset=utf-8")
    _request.send_header("Content-Length", str(len(body)))
    _request.end_headers()
    _request.wfile.write(body)


FOREIGN: dict[str, Answer | Handle] = {
    "/frame": page("<p>别处<b>的框</b></p><img src='/picture.png'>"),
    "/picture.png": (200, {"Content-Type": "image/png"}, PIXEL),
}


def pages(other: int, foreign: str) -> dict[str, Answer | Handle]:
    """The site; `other` is a port that it has no permission for, at `foreign` is another site."""
    here = f"http://127.0.0.1:{other}/"
    return {
        "/plain": page("<p>商标注册代理</p>"),
        "/filled": page("<main></main><script>fetch('/offer').then(r => r.text())"
                        ".then(t => document.querySelector('main').innerHTML = t)</script>"),
        "/offer": slow(0.6),
        "/gb": (200, {"Content-Type": "text/html; charset=gb2312"}, GB),
        "/malformed": (200, {"Content-Type": "text/html; charset=gb2312"}, MALFORMED),
        "/unknown": (200, {"Content-Type": "text/html; charset=x-user-defined"}, b"<p>\x80</p>"),
        "/gzip": (200, {**HTML, "Content-Encoding": "gzip"}, gzip.compress(b"<p>packed</p>" * 99)),
        "/json": (200, {"Content-Type": "application/json"}, b'{"a": "\xe4\xb8\xad"}'),
        "/missing": (404, HTML, "<p>商品已下架</p>".encode()),
        "/pictures": page("<img src='/picture.png'><img src='/picture.png?x=1'>"
                          "<style>@font-face{font-family:f;src:url(/font.woff2)}p{font-family:f}"
                          "</style><p>有图</p>"),
        "/picture.png": (200, {"Content-Type": "image/png"}, b"no picture"),
        "/picture.png?x=1": (200, {"Content-Type": "image/png"}, b"no picture"),
        "/font.woff2": (200, {"Content-Type": "font/woff2"}, b"no font"),
        "/favicon.ico": (404, {}, b""),
        "/lazy": page(LAZY),
        "/high": page("<div style='height:40000px'>高</div>"),
        "/noise": page(NOISE),
        "/dialogs": page("<p>有</p><script>alert(1); confirm(2); prompt(3)</script>"),
        "/dialogs-for-ever": page("<script>while (true) alert(1)</script>"),
        "/popups": page("<p>窗</p><script>for (let i = 0; i < 3; i++) open('/plain')</script>"),
        "/download": (200, {"Content-Type": "application/zip",
                            "Content-Disposition": "attachment; filename=a.zip"}, b"PK" * 500),
        "/download-by-script": page("<p>留下的页面</p><script>location = '/download'</script>"),
        "/no-content": (204, {}, b""),
        "/endless": endless("text/html", 0.05),
        "/flood": endless("text/html", 0),
        "/bomb": (200, {**HTML, "Content-Encoding": "gzip"}, BOMB),
        "/announced": (200, {**HTML, "Content-Length": "3000000000"}, b"<p>"),
        "/swelling": page("<script>document.body.textContent = 'x'.repeat(3e6)</script>"),
        "/eating": page("<script>const a = []; while (true) a.push(new Array(1e6).fill(a.length))"
                        "</script>"),
        "/long-poll": page("<p>等</p><script>fetch('/endless')</script>"),
        "/ticking": page("<p>0</p><script>setInterval(() => document.querySelector('p')"
                         ".textContent++, 20)</script>"),
        "/spinning": page("<p>转</p><script>setTimeout(() => { while (true); }, 50)</script>"),
        "/moved": redirect("/plain"),
        "/moved-by-script": page("<script>location.replace('/plain')</script>"),
        "/moved-by-meta": page("<meta http-equiv=refresh content='0;url=/plain'>"),
        "/loop": redirect("/loop"),
        "/loop-by-script": page("<script>location = '/loop-back'</script>"),
        "/loop-back": page("<script>location = '/loop-by-script'</script>"),
        "/to-other-port": redirect(here),
        "/to-other-port-by-script": page(f"<script>location = '{here}'</script>"),
        "/to-file": redirect("file:///etc/hostname"),
        "/frames-other-port": page(f"<p>框</p><iframe src='{here}'></iframe><img src='{here}a'>"
                                   f"<script>fetch('{here}').catch(() => 0);"
                                   f"new WebSocket('ws://127.0.0.1:{other}/')</script>"),
        "/errors": page("<p>错</p><script>throw new Error('x')</script>"),
        "/cookie": page("<p>c</p>", **{"Set-Cookie": "name=value; Path=/"}),
        "/kept": page("<p>留</p>", **{"Cache-Control": "max-age=600"}),
        "/tampered": page("<p>真</p><script>Object.defineProperty(Element.prototype, 'outerHTML',"
                          "{get() { return 'fake'; }}); window.MutationObserver = null</script>"),
        "/surrogate": page("<p id=p></p><script>p.textContent = 'a\\ud800b'</script>"),
        "/frames": page("<p>外面</p><div class=detail><iframe src='/inner?a=1'></iframe>"
                        "</div><iframe src='/pixel' width=1 height=1></iframe>"
                        "<iframe srcdoc='<p>直接写的</p>' sandbox></iframe><p>后面</p>"),
        "/inner?a=1": page("<p>框里：包授权</p><a href='more.html'>下一页</a>"
                           "<iframe src='/innermost'></iframe>"),
        "/innermost": page("<p>最里面</p><script>document.body.append('，写出来的')</script>"),
        "/pixel": page("<p>看不见的框</p>"),
        "/foreign": page(f"<p>外面</p><iframe src='{foreign}/frame'></iframe>"),
        "/frameset": (200, HTML, FRAMESET),
        "/shadow": page(SHADOW),
        "/frames-for-ever": page("<p>外</p><iframe src='/frames-for-ever?1'></iframe>"),
        "/frames-for-ever?1": page("<p>内</p><iframe src='/frames-for-ever'></iframe>"),
        "/evidence": page("<link rel=stylesheet href='/style.css'><p class=a>图文：包授权</p>"
                          "<img src='/led-on.png'><script src='/script.js'></script>"
                          "<iframe src='/inner?a=1'></iframe><img src='/not-there.png'>"),
        "/style.css": (200, {"Content-Type": "text/css"}, ".a {color: red} /* 红 */".encode()),
        "/script.js": (200, {"Content-Type": "text/javascript; charset=gbk",
                             "Content-Encoding": "gzip"},
                       gzip.compress("document.body.append('脚本写的')".encode("gbk"))),
        "/led-on.png": redirect("/pixel.png"),
        "/pixel.png": (200, {"Content-Type": "image/png"}, PIXEL),
        "/not-there.png": (404, HTML, b"no"),
        "/heavy": page("".join(f"<img src='/big.png?{n}'>" for n in range(3))),
        **{f"/big.png?{n}": (200, {"Content-Type": "image/png"}, PIXEL + bytes(400_000))
           for n in range(3)},
        "/load-more": page(GOODS),
        "/rude-more": page(RUDE),
        "/shadow-more": page(SHADOW_GOODS),
        "/scroll": page(scroll(4)),
        "/scroll-within": page(scroll(4, ".list {height: 500px; overflow: auto}", "box")),
        "/scroll-for-ever": page(scroll(1_000_000)),
        **{f"/more?page={n}": more for n in range(1, 100)},
        "/leads-on": page("<a href='/plain'>更多</a>"),
        "/agent": page("<p id=p></p><script>p.textContent = navigator.userAgent</script>"),
    }  # fmt: skip


@dataclass
class Browsing:
    """A pool in a loop of its own, called from plain tests."""

    runner: asyncio.Runner
    pool: TabPool
    site: Site
    other: Site
    canary: web.Canary

    def visit(self, path: str, **options: Any) -> BrowserVisit:
        """One visit of a path of the site."""
        return self.run(self.pool.visit(f"{self.site.url}{path}", **options))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`."""
        return self.runner.run(work)


Enter = Callable[[AbstractAsyncContextManager[TabPool]], TabPool]


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browsing]:
    """Chromium with two tabs, permitted to see the site and nothing else."""
    with web.canary() as canary, web.sites() as start, asyncio.Runner() as runner:
        other = start(FOREIGN, ip="127.0.0.3")
        site = start(pages(canary.port, other.url))
        pool = browsing(
            chromium_path,
            urls=[site.url],
            resolver=Resolver(),
            permissions=Permissions.of([(site.ip, site.port), (other.ip, other.port)]),
            tabs=2,
            user_agent="Lantian/0.1 (+https://office.example)",
            limits=LIMITS,
        )
        entered = runner.run(pool.__aenter__())
        try:
            yield Browsing(runner, entered, site, other, canary)
        finally:
            runner.run(pool.__aexit__(None, None, None))


def only_context(pool: TabPool) -> BrowserContext:
    """The one context of a pool's browser."""
    assert pool.running is not None
    (context,) = pool.running.contexts.values()
    return context
