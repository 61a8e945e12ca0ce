"""Request, head and body of the main document, from what Chromium tells of them."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from lantian.browser.watch import Asked, Event

_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding"})
# What a browser calls by these names holds more than Python's codec of that name.
_CODECS = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932"}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Body:
    """The main document; `recoded` if only its text is known, which is UTF-8 here."""

    data: bytes
    recoded: bool


def head_of(main: Asked, response: Event) -> bytes:
    """Status line and fields, verbatim where Chromium has them so (HTTP/1), else rebuilt."""
    status = int(response["status"])
    extra: Event = next((e for e in reversed(main.extras) if e["statusCode"] == status), {})
    text = extra.get("headersText") or response.get("headersText") or ""
    if text.startswith("HTTP/"):
        lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    else:
        protocol = {"h2": "HTTP/2", "h3": "HTTP/3"}.get(response.get("protocol", ""), "HTTP/1.1")
        reason = response.get("statusText") or _reason(status)
        lines = [f"{protocol} {status} {reason}".rstrip()]
        fields = extra.get("headers") or response.get("headers") or {}
        lines += [
            f"{name}: {value}" for name, values in fields.items() for value in values.split("\n")
        ]
    kept = [line for line in lines if line.partition(":")[0].strip().lower() not in _HOP]
    return "\r\n".join(kept).encode("utf-8", "replace") + b"\r\n\r\n"


def request_of(main: Asked, sent: Event | None) -> bytes:
    """Request line and fields as they went over the wire, cookies with them.

    Where nothing went (the answer was in the browser's cache), as the browser meant to ask. What
    was for the proxy is left out, and of HTTP/2 the names with a colon stand in the first lines.
    """
    fields: dict[str, str] = (sent or main.request).get("headers") or {}
    parts = urlsplit(main.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    protocol = (main.response or {}).get("protocol", "")
    version = {"h2": "HTTP/2", "h3": "HTTP/3"}.get(protocol, "HTTP/1.1")
    lines = [f"{main.request.get('method', 'GET')} {path} {version}"]
    if not any(name.lower() == "host" for name in fields):
        lines.append(f"Host: {fields.get(':authority') or parts.netloc.rpartition('@')[2]}")
    ours = parts.scheme == "http"  # our own proxy passes it on; what is encrypted goes past it
    if ours:
        lines.append("Connection: close")
    for name, values in fields.items():
        hop = name.lower().startswith("proxy-") or (ours and name.lower() in _HOP)
        if not hop and not name.startswith(":"):
            lines += [f"{name}: {value}" for value in values.split("\n")]
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n"


def body_of(main: Asked, told: Event, charset: str) -> Body:
    """The bytes of the document, if they can be had again from what `getResponseBody` told.

    Chromium gives a text decoded by the page's `charset`. Encoded again it is the document if it
    is as long as what was received; where bytes were malformed it is not.
    """
    if told["base64Encoded"]:
        return Body(base64.b64decode(told["body"]), recoded=False)
    text: str = told["body"]
    codec = _CODECS.get(charset.lower(), charset)
    try:
        data = text.encode(codec)
    except (LookupError, UnicodeError):
        return Body(text.encode("utf-8", "replace"), recoded=True)
    if len(data) + len(_BOM) == main.received and codec.lower() in {"utf-8", "utf8"}:
        data = _BOM + data
    if len(data) != main.received:
        return Body(text.encode("utf-8", "replace"), recoded=True)
    return Body(data, recoded=False)


def part_body(part: Asked, told: Event, charsets: Iterable[str]) -> Body:
    """The bytes of a part, in the first character set in which they are as long as what came."""
    found = Body(b"", recoded=False)
    for charset in charsets:
        found = body_of(part, told, charset)
        if not found.recoded:
            break
    return found


def recoded_head(head: bytes) -> bytes:
    """The head of a document whose text alone is known: its charset is UTF-8 now."""
    kept = []
    for line in head.strip(b"\r\n").split(b"\r\n"):
        if line.lower().startswith(b"content-type:"):
            kept.append(b"X-Archive-Orig-" + line)
            media = line.partition(b":")[2].partition(b";")[0].strip()
            kept.append(b"Content-Type: %s; charset=utf-8" % media)
        else:
            kept.append(line)
    return b"\r\n".join(kept) + b"\r\n\r\n"


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
