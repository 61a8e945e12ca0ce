"""Which column of a table is which field: by its header, in Chinese or English, or as told."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lantian.errors import Invalid

SYNONYMS: dict[str, tuple[str, ...]] = {
    "url": (
        *("url", "uri", "link", "address", "web address", "page", "href", "listing url"),
        *(
            "网址",
            "链接",
            "地址",
            "网页",
            "网页地址",
            "网页链接",
            "链接地址",
            "页面地址",
            "页面链接",
        ),
        *(
            "url地址",
            "页面链接",
            "商品链接",
            "商品网址",
            "商品地址",
            "帖子链接",
            "线索网址",
            "线索链接",
            "违法网址",
        ),
        *(
            "违法链接",
            "涉嫌违法网址",
            "涉嫌违法链接",
            "广告链接",
            "广告网址",
            "来源网址",
            "url地址",
        ),
    ),
    "text": (
        *("text", "content", "body", "description", "wording", "advertisement", "ad text"),
        *("内容", "文本", "正文", "描述", "文案", "广告内容", "宣传内容", "广告文案", "广告语"),
        *("宣传用语", "商品描述", "商品详情", "页面内容", "帖子内容", "线索内容", "违法内容"),
        *("涉嫌违法内容", "涉嫌违法广告内容", "违法表述", "涉嫌违法表述", "具体内容", "举报内容"),
    ),
    "title": (
        *("title", "headline", "subject", "listing title", "product name"),
        *("标题", "题目", "商品标题", "商品名称", "帖子标题", "广告标题", "页面标题", "线索标题"),
        *("商品", "服务名称"),
    ),
    "seller": (
        *("seller", "shop", "store", "merchant", "publisher", "advertiser", "agency", "vendor"),
        *("shop name", "seller name", "店铺", "店铺名称", "店铺名", "店名", "商家", "商家名称"),
        *("卖家", "发布者", "发布人", "发布主体", "发布账号", "账号", "账号名称", "经营者"),
        *("当事人", "当事人名称", "机构", "机构名称", "代理机构", "代理机构名称", "主体名称"),
        *("企业名称", "公司名称", "广告主", "被举报人", "被举报单位", "被举报对象"),
    ),
    "platform": (
        *("platform", "site", "website", "site name", "platform name"),
        *("平台", "平台名称", "所在平台", "电商平台", "发布平台", "来源平台", "网站", "网站名称"),
        *("所属平台", "媒体名称", "发布媒体"),
    ),
    "seen_at": (
        *("seen", "seen at", "seen date", "seen on", "date seen", "found", "found at", "date"),
        *("date found", "found on", "observed at", "发现时间", "发现日期", "监测时间", "监测日期"),
        *("采集时间", "采集日期", "取证时间", "取证日期", "查看时间", "日期", "时间"),
        *("举报时间", "举报日期", "线索时间", "线索日期"),
    ),
    "price": ("price", "价格", "售价", "报价", "单价", "商品价格", "金额"),
    "reference": (
        *("reference", "ref", "case number", "clue number", "编号", "线索编号", "线索号"),
        *("案件编号", "文号", "举报编号", "登记编号", "工单号"),
    ),
    "note": (
        *("note", "notes", "remark", "remarks", "comment", "comments"),
        *("备注", "备注信息", "说明", "情况说明", "补充说明", "线索说明", "处理意见"),
    ),
}
"""By field, the headers under which offices and platforms name it."""

FIELDS = tuple(SYNONYMS)
MOST_BEFORE = 10
"""Rows above the header, such as the title of the list."""


def plain(header: str) -> str:
    """A header without what people write differently: width, case, spaces, marks, a bracket."""
    text = unicodedata.normalize("NFKC", header).casefold()
    text = text.partition("(")[0] or text
    return "".join(char for char in text if char.isalnum())


_KNOWN = {
    plain(word): (field, rank)
    for field, words in SYNONYMS.items()
    for rank, word in enumerate(words)
}
"""The field of a plain header, and how surely: where two are there, the earlier synonym counts."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which header is which field; the headers that are none are left out."""

    fields: Mapping[str, str]
    """The field by header."""
    left_out: tuple[str, ...]

    def header_of(self, field: str) -> str:
        """The header of a field, to name it to people; the field itself where there is none."""
        return next((header for header, name in self.fields.items() if name == field), field)


def parse_map(text: str) -> dict[str, str]:
    """The headers by field of `url=网址,text=内容`; raises `Invalid` naming the part."""
    told: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        field, equals, header = (piece.strip() for piece in part.partition("="))
        if not equals or not header:
            raise Invalid(f"--map: {part!r} is not FIELD=HEADER.", hint="As in url=网址,text=内容.")
        if field not in SYNONYMS:
            raise Invalid(
                f"--map: there is no field {field!r}.", hint=f"Fields: {_listed(FIELDS)}."
            )
        if field in told:
            raise Invalid(f"--map: {field} stands there twice.", hint="One header for each field.")
        told[field] = header
    return told


def columns_of(headers: Sequence[str], told: Mapping[str, str]) -> Columns:
    """The columns of these headers: as told, else by synonym, the surest.

    Raises `Invalid` for a told header that is not there, and where no column is an address or a
    text: nothing could be taken then.
    """
    found = _columns(headers, told)
    for field, header in told.items():
        if header not in headers:
            raise Invalid(
                f"--map: there is no column {header!r} for {field}.",
                hint=f"The columns are: {_listed(headers)}.",
            )
    if not _usable(found):
        raise Invalid(
            f"no column is an address, a text or a title: the headers are {_listed(headers)}.",
            hint="Say which is which, as in --map url=网址,text=内容.",
        )
    return found


def columns_as_they_come(keys: Sequence[str], told: Mapping[str, str]) -> Columns:
    """The columns of one row that names its own, as a line of JSON does."""
    return _columns(keys, told)


def is_header(cells: Sequence[str], told: Mapping[str, str]) -> bool:
    """Whether a row names columns rather than being one of the data or the list's title."""
    if told:
        return set(told.values()) <= set(cells)
    filled = [cell for cell in cells if cell]
    return _usable(_columns(cells, told)) and (len(filled) > 1 or len(cells) == 1)


def _usable(columns: Columns) -> bool:
    return not {"url", "text", "title"}.isdisjoint(columns.fields.values())


def _columns(headers: Sequence[str], told: Mapping[str, str]) -> Columns:
    fields = {header: field for field, header in told.items() if header in headers}
    best: dict[str, tuple[int, str]] = {}
    for header in headers:
        field, rank = _KNOWN.get(plain(header), ("", 0))
        if field and field not in told and header not in fields:
            best[field] = min(best.get(field, (rank, header)), (rank, header), key=_rank)
    fields |= {header: field for field, (_, header) in best.items()}
    known = {header: fields[header] for header in headers if header in fields}
    left_out = tuple(header for header in headers if header and header not in known)
    return Columns(known, left_out)


def _rank(found: tuple[int, str]) -> int:
    return found[0]


def _listed(names: Sequence[str]) -> str:
    shown = [name[:40] for name in names if name][:30]
    return ", ".join(shown) or "none"
