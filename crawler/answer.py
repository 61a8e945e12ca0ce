"""What a request received, as it is kept: below Scrapy's decompression, or from the browser."""

from dataclasses import dataclass
from http import HTTPStatus

from scrapy import Request
from scrapy.http import Response
from twisted.web.client import URI
from twisted.web.http_headers import Headers

from lantian.browser.visit import Part
from lantian.reading import RawPage, Reading
from lantian.reading.page import Via

_HOP = frozenset({b"transfer-encoding", b"connection", b"keep-alive"})


@dataclass(slots=True)
class Answer:
    """The last answer to a request: head and body as received, and what was read from it.

    Of a browser's answer, `body` is decoded by it, `dom` is the rendered page and `screenshot`
    a picture of all of it; of an evidence visit, `pdf` is it on paper and `parts` what it loaded.
    `note` says what is missing, in a sentence. `kept` is the
    page that a 304 says still holds. `request` is what was asked, head only, as it was sent.
    """

    head: bytes
    body: bytes
    status: int
    via: Via = "http"
    remote_ip: str | None = None
    dom: bytes | None = None
    screenshot: bytes | None = None
    pdf: bytes | None = None
    parts: tuple[Part, ...] = ()
    reading: Reading | None = None
    note: str = ""
    kept: RawPage | None = None
    request: bytes = b""


def head_of(response: Response) -> bytes:
    """The status line with the headers, rebuilt: their case and chunking are lost by then."""
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = ""
    lines = [f"{response.protocol or 'HTTP/1.1'} {response.status} {reason}".encode()]
    for name, values in response.headers.items():
        if name.lower() not in _HOP:
            lines += [name + b": " + value for value in values]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def sent(request: Request) -> bytes:
    """The request line with the headers, byte by byte as Scrapy's HTTP/1.1 handler sends them.

    A test compares them with what a server receives. Bodies are not sent by our spiders.
    """
    uri = URI.fromBytes(request.url.encode("ascii"))  # type: ignore[no-untyped-call]
    lines = [request.method.encode("ascii") + b" " + uri.originForm + b" HTTP/1.1"]
    fields = Headers(request.headers)
    for name, values in fields.getAllRawHeaders():
        lines += [name + b": " + value for value in values]
    if not fields.hasHeader(b"Host"):
        host = b"[" + uri.host + b"]" if b":" in uri.host else uri.host
        usual = uri.port == (443 if uri.scheme == b"https" else 80)
        lines.append(b"Host: " + (host if usual else b"%b:%d" % (host, uri.port)))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def received(response: Response, request: Request) -> Answer:
    """The answer as it came from the network to `request`, as that stands below all middleware."""
    ip = str(response.ip_address) if response.ip_address is not None else None
    return Answer(
        head_of(response),
        response.body,
        response.status,
        remote_ip=ip,
        request=sent(request),
    )


def how_got(request: Request) -> tuple[tuple[str, str], ...]:
    """What there is to tell of a fetch: where its address was found, redirects, and how long."""
    fields = [("via", referrer)] if (referrer := _text(request.headers.get(b"Referer"))) else []
    fields += [("redirected-from", url) for url in request.meta.get("redirect_urls", ())]
    latency = request.meta.get("download_latency")
    if latency is not None:
        fields.append(("fetchTimeMs", f"{latency * 1000:.0f}"))
    if request.meta.get("from_cache"):
        fields.append(("answered-from", "cache of the browser; the request was not sent"))
    if retries := request.meta.get("retry_times"):
        fields.append(("retries", str(retries)))
    return tuple(fields)


def _text(value: bytes | None) -> str:
    return value.decode("latin-1") if value else ""


def raw_page(response: Response) -> RawPage:
    """The answer as the reader wants it, decompressed."""
    answer = response.meta.get("answer") if response.request is not None else None
    via: Via = "http"
    if isinstance(answer, Answer):
        if answer.kept is not None:
            return answer.kept
        via = answer.via
    pairs = tuple((name, value) for name, values in response.headers.items() for value in values)
    return RawPage(response.url, response.status, pairs, response.body, via)
