"""Everything that a page loaded, for evidence: heads and bodies, as Chromium still has them."""

from playwright.async_api import Error as PlaywrightError

from lantian.browser.answer import head_of, part_body, recoded_head
from lantian.browser.channel import Channel
from lantian.browser.visit import Part, VisitLimits
from lantian.browser.watch import Asked, is_marked
from lantian.egress.proxy import EgressProxy
from lantian.egress.spelling import read_url


async def parts_of(
    asked: list[Asked], channel: Channel, proxy: EgressProxy, limits: VisitLimits, charset: str
) -> tuple[tuple[Part, ...], int]:
    """What was loaded whole, in the order in which it was asked for, and how much is left out.

    Left out is what is too large, and what Chromium has not kept.
    """
    parts: list[Part] = []
    left, lacking = limits.parts_bytes, 0
    for one in asked:
        if one.response is None or not one.finished or is_marked(one.response):
            continue
        part = None
        if one.received <= min(left, limits.max_bytes):
            part = await _part(one, channel, proxy, charset)
        if part is None or part.size > left:
            lacking += 1
            continue
        left -= part.size
        parts.append(part)
    return tuple(parts), lacking


async def _part(one: Asked, channel: Channel, proxy: EgressProxy, charset: str) -> Part | None:
    assert one.response is not None  # noqa: S101  (asked before)
    status, head = int(one.response["status"]), head_of(one, one.response)
    body, recoded = b"", False
    if one.received:
        try:
            told = await channel.ask("Network.getResponseBody", requestId=one.request_id)
        except PlaywrightError:
            return None
        own = one.response.get("charset") or "utf-8"
        found = part_body(one, told, (own, charset, "utf-8", "cp1252"))
        body, recoded = found.data, found.recoded
    if recoded:
        head = recoded_head(head)
    target = read_url(one.url)
    return Part(one.url, status, head, body, recoded, proxy.ip_of(target.host, target.port))
