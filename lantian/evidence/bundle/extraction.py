"""The extraction record of a capture (电子数据提取笔录): its fields as JSON, and a page to print.

The fields are those of the official form. What the installation did not write down when the
capture was made stays empty, to be filled in by hand: nothing is made up afterwards.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import jinja2

from lantian.clock import SHANGHAI, as_utc
from lantian.evidence.bundle import english
from lantian.evidence.conditions import made_told
from lantian.model import Capture, Crawl, Source

FORMAT = "lantian.extraction/1"
ROLES = {
    "payload": "服务器响应正文",
    "dom": "浏览器渲染后的页面（DOM）",
    "screenshot": "整页截图",
    "pdf": "页面 PDF",
    "part": "页面载入的资源",
    "request": "发出的请求",
    "metadata": "采集元数据",
    "revisit": "再次访问的响应（内容未变）",
}
_KEPT_HTTP = (
    "将响应的状态行、首部（字段名大小写、顺序和传输编码为重建）和收到的正文写入 WARC 文件，"
    "并计算 SHA-256 摘要。"
)
_KEPT_BROWSER = (
    "将浏览器给出的状态行、首部和经浏览器解码的正文写入 WARC 文件，并计算 SHA-256 摘要。"
)
_KEPT_HANDED = (
    "将移交或举报的内容按收到的字节写入 WARC 文件（resource 记录），并计算 SHA-256 摘要。"
)
_KEPT_HANDED_ANSWER = (
    "将移交文件中记录的服务器响应（状态行、首部和正文）写入 WARC 文件，并计算 SHA-256 摘要。"
)
_KEPT_FILE = "将人工保存的页面文件按字节写入 WARC 文件（resource 记录），并计算 SHA-256 摘要。"
_CHINESE = (
    (r"^not synchronised, as the kernel says", "操作系统内核报告：未与时间服务同步"),
    (r"^synchronised, as the kernel says", "操作系统内核报告：已与时间服务同步"),
    (r"; error not known$", "，误差未知"),
    (r"; estimated error ([\d.]+) s, at most ([\d.]+) s$", r"，估计误差 \1 秒，最大误差 \2 秒"),
    (r"^DNS not told; ", "域名服务器：未知；"),
    (r"^DNS (.*?); ", r"域名服务器：\1；"),
    (r"hosts file: (\d+) foreign names; ", r"hosts 文件中指向他处的名称：\1 个；"),
    (r"proxy variables: none \(not used\)$", "代理变量：无"),
    (r"proxy variables: (.*) \(not used\)$", r"代理变量：\1（未使用）"),
)
"""What `lantian.evidence.surroundings` says, in the words of the form."""
_PURPOSES = {
    "crawl": "日常监测采集",
    "evidence": "取证访问",
    "recheck": "复查访问",
    "pictures": "页面所载图片采集",
}


def fields_of(
    capture: Capture,
    crawl: Crawl,
    source: Source,
    obtained: Sequence[Mapping[str, Any]],
    *,
    office: str,
    demonstration: bool,
    warcinfo: Mapping[str, str],
    time_stamp: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The record as plain JSON: times in UTC, what is not known `None`.

    `obtained` lists what was kept, `warcinfo` what the file says about its making, `time_stamp` in
    which sealed day the payload stands and who stamped that.
    """
    return {
        "format": FORMAT,
        "capture": capture.id,
        "demonstration": demonstration,
        "case": {
            "number": warcinfo.get("case"),
            "task": crawl.job_key,
            "purpose": capture.purpose,
        },
        "source": {"name": source.name, "title": source.title, "kind": source.kind},
        "unit": office or None,
        # Who captured it by hand, and how; none: the program did.
        "person": crawl.reason if crawl.purpose == "person" else None,
        **made_told(warcinfo),
        "tool": {
            "name": "Lantian",
            "version": capture.tool_version,
            "reader_version": capture.reader_version,
            "profile": source.profile,
            "profile_version": capture.profile_version,
        },
        "target": {
            "url": capture.url,
            "final_url": capture.final_url,
            "remote_ip": capture.remote_ip,
            "account": None,
            "via": capture.via,
            "status": capture.status,
        },
        "time": {
            "task_started": _utc(crawl.started_at),
            "captured": _utc(capture.at),
            "recorded": _utc(capture.recorded_at),
            "task_ended": _utc(crawl.ended_at),
        },
        "payload_digest": capture.payload_digest,
        "content_digest": capture.content_digest,
        "obtained": list(obtained),
        "screenshots": [one["file"] for one in obtained if one["role"] == "screenshot"],
        "hits": capture.hit_count,
        "hits_stood": capture.hits_stood,
        "unreadable": capture.unreadable,
        "time_stamp": time_stamp,
        "remarks": None,
    }


def _utc(at: datetime | None) -> str | None:
    return None if at is None else as_utc(at).isoformat()


def steps_of(told: Mapping[str, Any]) -> list[str]:
    """What was done, in order, in Chinese: it follows from the fields."""
    target, browser = told["target"], told["target"]["via"] == "browser"
    purpose = _PURPOSES.get(told["case"]["purpose"], told["case"]["purpose"])
    if told["person"] is not None:
        return _person_steps(told)
    if target["via"] == "handed":
        return _handed_steps(told)
    steps = [
        f"按任务“{told['case']['task']}”（{purpose}），由工具自动访问网址 {target['url']}，"
        + ("使用浏览器（Chromium）打开页面。" if browser else "发出 HTTP 请求。"),
    ]
    if target["final_url"] != target["url"]:
        steps.append(f"服务器重定向，最终网址为 {target['final_url']}。")
    whence = f"（IP 地址 {target['remote_ip']}）" if target["remote_ip"] else ""
    steps.append(f"接收服务器{whence}的响应，HTTP 状态码为 {target['status']}。")
    steps.append(_KEPT_BROWSER if browser else _KEPT_HTTP)
    if any(one["role"] == "dom" for one in told["obtained"]):
        steps.append("页面渲染完成后，保存渲染后的 DOM，写入同一 WARC 文件并计算摘要。")
    if told["screenshots"]:
        steps.append("对整个页面截图，写入同一 WARC 文件并计算摘要。")
    kept = {one["role"] for one in told["obtained"]}
    if "pdf" in kept:
        steps.append("将页面按屏幕显示输出为 PDF，写入同一 WARC 文件并计算摘要。")
    if "part" in kept:
        steps.append("将页面载入的图片、样式、脚本和框架写入同一 WARC 文件并计算摘要。")
    if told["unreadable"]:
        steps.append(f"该响应未能读取：{told['unreadable']}")
    if told["hits_stood"] is not None:
        stood = "仍然存在" if told["hits_stood"] else "已不存在"
        steps.append(f"经再次匹配，先前命中的内容在本次访问时{stood}。")
    return steps


def _person_steps(told: Mapping[str, Any]) -> list[str]:
    """The same for what a person captured: a log-in or a check stood before it."""
    target, at = told["target"], _shanghai(told["time"]["captured"])
    why = "需要登录或人机验证，工具不绕过此类限制"
    steps = [
        f"网址 {target['url']} {why}，由人工取证：{told['person']}。",
        f"取证时间为 {at}。口令和 Cookie 未保存。",
        _KEPT_HANDED_ANSWER if target["via"] == "handed" and target["status"] else "",
        _KEPT_FILE if target["via"] == "handed" and not target["status"] else "",
        _KEPT_BROWSER if target["via"] == "browser" else "",
    ]
    if told["screenshots"]:
        steps.append("保存人工打开的页面（DOM）和整页截图，写入同一 WARC 文件并计算摘要。")
    return [step for step in steps if step]


def _handed_steps(told: Mapping[str, Any]) -> list[str]:
    """The same for what others handed in: nothing was fetched, and times seen are theirs."""
    target, at = told["target"], _shanghai(told["time"]["captured"])
    steps = [
        f"按任务“{told['case']['task']}”导入他处移交或举报的内容，所称网址为 {target['url']}。",
        "本系统在此步骤未访问该网址。",
        f"移交方记载的发现时间为 {at}（未注明的，以导入时间计）。",
        _KEPT_HANDED if not target["status"] else _KEPT_HANDED_ANSWER,
    ]
    if told["unreadable"]:
        steps.append(f"该内容未能读取：{told['unreadable']}")
    return steps


def page_of(
    told: Mapping[str, Any], *, digest: str, pictures: Mapping[str, str], in_english: bool = False
) -> bytes:
    """The record as an HTML page to print; `digest` is that of its JSON.

    `pictures` maps each screenshot to its address relative to the page.
    """
    if in_english:
        name, steps, roles = "extraction.en.html", english.steps_of(told), english.ROLES
    else:
        name, steps, roles = "extraction.html", steps_of(told), ROLES
    page = (
        _templates()
        .get_template(name)
        .render(told=told, steps=steps, digest=digest, roles=roles, pictures=pictures)
    )
    return page.encode("utf-8", "replace")


def in_chinese(text: str | None) -> str | None:
    """What the program says of clock and network in the record, for the printed page."""
    for pattern, words in _CHINESE:
        text = re.sub(pattern, words, text) if text else text
    return text


def _shanghai(utc: str | None) -> str:
    if not utc:
        return ""
    local = datetime.fromisoformat(utc).astimezone(SHANGHAI)
    return f"{local:%Y年%m月%d日 %H:%M:%S}"


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("lantian.evidence.bundle"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["shanghai"] = _shanghai
    made.filters["chinese"] = in_chinese
    made.filters["beijing"] = english.beijing
    return made
