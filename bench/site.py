"""A made-up shop of seeded pages, for the figure `crawl`: written to a folder, served by nginx.

Pages are about 30 kB each: half of it text, half markup, with about 35 links. A tenth is in
GB18030, half of the goods carry JSON-LD, one page in twenty makes claims that the law
forbids, one in five speaks of them without making any.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20
PAGES = 3_000
SHARE_WITH_HITS = 0.05
SHARE_OF_NEAR_MISSES = 0.2
GOODS_ON_A_LIST = 30
RELATED = 22
PAGE_BYTES = 30_000
TEXT_BYTES = 15_000

OFFENCES = (
    "专利申请包授权，不授权全额退款，三个月下证。",
    "发明专利百分之百授权，没有授权全额退款，名额有限。",
    "本店申请专利走绿色通道，内部有人，普通案件三个月拿证。",
    "我们有商标局内部渠道，可以插队审查，比正常流程快一半。",
)
WHO = (
    "撰写组",
    "客服",
    "流程部",
    "代理师",
    "检索员",
    "绘图员",
    "档案室",
    "财务",
    "合伙人",
    "助理",
    "前台",
    "校对",
    "项目经理",
    "顾问",
    "仓库",
    "快递员",
    "翻译",
    "律师",
    "实习生",
    "客户",
)
WHEN = (
    "上午",
    "下午",
    "周一",
    "周三",
    "月初",
    "月底",
    "拿到材料后",
    "付款后",
    "审查期间",
    "节假日前",
    "每个季度",
    "年底",
    "当天",
    "两个工作日内",
    "必要时",
    "开会以后",
    "清早",
    "午休时",
    "立项之初",
    "交稿前",
)
DOES = (
    "整理",
    "核对",
    "登记",
    "说明",
    "寄送",
    "归档",
    "复查",
    "更新",
    "翻译",
    "汇总",
    "拆分",
    "排版",
    "打印",
    "盖章",
    "扫描",
    "抄送",
    "修改",
    "讨论",
    "比较",
    "保存",
)
WHAT = (
    "技术交底书",
    "说明书附图",
    "权利要求",
    "申请文件",
    "答复意见",
    "委托合同",
    "费用清单",
    "年费提醒",
    "检索报告",
    "商标图样",
    "商品类别",
    "著作权登记表",
    "变更材料",
    "往来邮件",
    "会议记录",
    "样品照片",
    "产品名录",
    "电路图",
    "尺寸表",
    "问卷",
    "快递单",
    "发票",
    "目录",
    "封面",
    "附件",
)
HOW = (
    "按合同约定的日期完成",
    "并把结果发给负责人",
    "费用见报价单",
    "往返寄送由双方各自承担",
    "每一步都有记录可查",
    "扫描件当天上传",
    "有疑问请在工作时间来电",
    "原件保存在档案柜里",
    "电子版可以在网站下载",
    "逾期会另行通知",
    "字体统一用宋体",
    "图中各部分都要编号",
    "周末不办公",
    "数量以实物为准",
    "颜色略有差别",
    "请先阅读须知",
    "雨天顺延",
    "地址写到门牌号",
    "用蓝黑墨水签名",
    "多余的页码删去",
    "单位为毫米",
    "一式三份",
    "背面空白",
    "另附清单",
    "谢谢配合",
    "以新版为准",
    "表格不要折叠",
    "印章要清楚",
    "材质为铝合金",
    "两端各留一厘米",
)
NEAR_MISSES = (
    "能否授权由国家知识产权局审查决定，我们不作任何保证。",
    "凡声称包授权、有内部渠道的，请勿相信。",
    "优先审查须按规定提交材料，费用以官方标准为准。",
)
ROOMS = ("机械", "电子", "日用", "软件", "包装", "建材", "食品", "服装")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its path, its bytes, and whether it makes a forbidden claim."""

    path: str
    body: bytes
    offends: bool

    @property
    def file(self) -> str:
        """Where it lies under the root of the server."""
        return self.path.lstrip("/") or "index.html"


@dataclass(frozen=True, slots=True)
class Shape:
    """How many pages of each kind a site of `pages` pages has."""

    goods: int
    lists: int

    @classmethod
    def of(cls, pages: int) -> "Shape":
        """The shape: one start page, lists of goods, goods."""
        lists = next(
            count for count in range(1, pages) if count * (GOODS_ON_A_LIST + 1) >= pages - 1
        )
        return cls(goods=pages - 1 - lists, lists=lists)


def pages(count: int = PAGES, seed: int = SEED) -> Iterator[Page]:
    """The pages of the site, the start page first; the same seed gives the same bytes."""
    shape, rng = Shape.of(count), random.Random(seed)
    offending = set(rng.sample(range(shape.goods), round(count * SHARE_WITH_HITS)))
    yield _page("/", rng, shape, _Says("知产服务市场", _links_to_lists(shape, rng)))
    for number in range(shape.lists):
        says = _Says(f"分类{number}", _cards(number, shape))
        yield _page(f"/list/{number}.html", rng, shape, says)
    for number in range(shape.goods):
        offence = rng.choice(OFFENCES) if number in offending else ""
        title = f"{rng.choice(ROOMS)}类{rng.choice(WHAT)}服务 {number}"
        head = _json_ld(number, title, rng) if number % 2 else ""
        says = _Says(title, _related(number, shape, rng), offence, head)
        yield _page(f"/goods/{number}.html", rng, shape, says)


def write(folder: Path, count: int = PAGES, seed: int = SEED) -> int:
    """Write the pages as files; the number of those that make a forbidden claim."""
    offending = 0
    for page in pages(count, seed):
        file = folder / page.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page.body)
        offending += page.offends
    return offending


def sentence(rng: random.Random) -> str:
    """A harmless sentence of the trade."""
    return (
        f"{rng.choice(WHO)}{rng.choice(WHEN)}{rng.choice(DOES)}{rng.choice(WHAT)}"
        f"（编号{rng.randrange(10**6):06}），{rng.choice(HOW)}。"
    )


@dataclass(frozen=True, slots=True)
class _Says:
    """What sets a page apart from the others."""

    title: str
    links: str
    offence: str = ""
    head: str = ""


def _page(path: str, rng: random.Random, shape: Shape, says: _Says) -> Page:
    title, links = says.title, says.links
    paragraphs = _paragraphs(rng, says.offence)
    charset = "gb18030" if rng.random() < 0.1 else "utf-8"
    nav = "".join(
        f'<li class="nav-item"><a class="nav" href="/list/{number}.html">{room}</a></li>'
        for number, room in enumerate(ROOMS[: shape.lists])
    )
    number = path.rpartition("/")[2].partition(".")[0] or "0"
    body = (
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="{charset}">'
        f"<title>{title} - 知产服务市场</title>{says.head}</head><body>"
        f'<header><ul class="menu"><li><a class="nav" href="/">首页</a></li>{nav}</ul></header>'
        f'<main data-id="T{number}"><h1>{title}</h1>'
        f'<p class="price">¥{rng.randrange(200, 9000)}</p>'
        f'<a class="shop" data-shop="S{rng.randrange(300)}" href="/">青禾知识产权</a>'
        f'<div class="detail">{paragraphs}</div></main><section class="more">{links}</section>'
    )
    encoded = body.encode(charset)
    closing = b"</body></html>"
    room = PAGE_BYTES + rng.randrange(-1_500, 1_500) - len(encoded) - len(closing)
    return Page(path, encoded + _furniture(rng, room) + closing, bool(says.offence))


def _paragraphs(rng: random.Random, offence: str) -> str:
    written, size = [], 0
    while size < TEXT_BYTES:
        text = "".join(sentence(rng) for _ in range(3))
        size += len(text.encode())
        written.append(text)
    near = rng.choice(NEAR_MISSES) if rng.random() < SHARE_OF_NEAR_MISSES else ""
    for told in filter(None, (offence, near)):
        written[rng.randrange(len(written))] += told
    return "".join(f'<p class="line">{text}</p>' for text in written)


def _furniture(rng: random.Random, room: int) -> bytes:
    """Markup without text, as real pages are full of: attributes, icons, data for scripts."""
    parts: list[bytes] = []
    size = 0
    while True:
        part = (
            f'<div class="slot w-{rng.randrange(12)} h-{rng.randrange(12)}" data-track='
            f'"{rng.randrange(1 << 60):015x}"><i class="icon icon-{rng.randrange(400)}"></i></div>'
        ).encode()
        if size + len(part) > room:
            return b"".join(parts)
        parts.append(part)
        size += len(part)


def _links_to_lists(shape: Shape, rng: random.Random) -> str:
    wanted = rng.sample(range(shape.lists), min(shape.lists, 26))
    return "".join(f'<a class="nav" href="/list/{number}.html">更多</a>' for number in wanted)


def _cards(number: int, shape: Shape) -> str:
    first = number * GOODS_ON_A_LIST
    cards = "".join(
        f'<a class="goods" href="/goods/{one}.html?from=list">商品{one}</a>'
        for one in range(first, min(first + GOODS_ON_A_LIST, shape.goods))
    )
    return f'{cards}<a class="next" href="/list/{(number + 1) % shape.lists}.html">下一页</a>'


def _related(number: int, shape: Shape, rng: random.Random) -> str:
    near = ((number + step) % shape.goods for step in range(1, 4))
    chosen = [*near, *(rng.randrange(shape.goods) for _ in range(RELATED))]
    return "".join(
        f'<a class="goods" href="/goods/{one}.html?from=list">看了又看{one}</a>' for one in chosen
    )


def _json_ld(number: int, title: str, rng: random.Random) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": title,
        "sku": f"T{number}",
        "offers": {"@type": "Offer", "price": rng.randrange(200, 9000), "priceCurrency": "CNY"},
    }
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'
