"""What a request received, as it is kept: below Scrapy's decompression, or from the browser."""

from dataclasses import dataclass
from http import HTTPStatus

from scrapy.http import Response

from lantian.reading import RawPage, Reading
from lantian.reading.page import Via

_HOP = frozenset({b"transfer-encoding", b"connection", b"keep-alive"})


@dataclass(slots=True)
class Answer:
    """The last answer to a request: head and body as received, and what was read from it.

    Of a browser's answer, `body` is decoded by it, `dom` is the rendered page and `screenshot`
    a picture of all of it. `note` says what is missing, in a sentence. `kept` is the
    page that a 304 says still holds.
    """

    head: bytes
    body: bytes
    status: int
    via: Via = "http"
    remote_ip: str | None = None
    dom: bytes | None = None
    screenshot: bytes | None = None
    reading: Reading | None = None
    note: str = ""
    kept: RawPage | None = None


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


def received(response: Response) -> Answer:
    """The answer as it came from the network."""
    ip = str(response.ip_address) if response.ip_address is not None else None
    return Answer(head_of(response), response.body, response.status, remote_ip=ip)


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
