"""The head of a request to the proxy: read strictly, passed on in origin form."""

import asyncio
import re
from dataclasses import dataclass

from lantian.egress.spelling import authority, read_authority, read_url
from lantian.errors import Invalid

_LINE = re.compile(rb"([A-Z]{3,16}) (\S{1,16384}) HTTP/1\.([01])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
# Between two hops only (RFC 9110, 7.6.1), or said anew by us.
_DROPPED = frozenset(
    [
        *(b"connection", b"proxy-connection", b"keep-alive", b"te", b"trailer", b"upgrade"),
        *(b"proxy-authorization", b"proxy-authenticate", b"host", b"content-length"),
    ]
)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a request wants to go, and what is passed on. `path` is empty for CONNECT."""

    method: str
    host: str
    port: int
    path: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body_length: int = 0

    @property
    def authority(self) -> str:
        """`host:port`."""
        return authority(self.host, self.port)

    @property
    def tunnel(self) -> bool:
        """Whether bytes are passed on without a look (CONNECT)."""
        return self.method == "CONNECT"

    def field(self, name: bytes) -> bytes:
        """The first field of that name (lower case), else nothing."""
        return next((value for key, value in self.fields if key.lower() == name), b"")

    def forwarded(self) -> bytes:
        """The head in origin form, for one request on one connection."""
        host = authority(self.host, self.port).removesuffix(":80")
        lines = [b"%s %s HTTP/1.1" % (self.method.encode(), self.path), b"Host: " + host.encode()]
        lines += [b"%s: %s" % pair for pair in self.fields if pair[0].lower() not in _DROPPED]
        if self.body_length or self.method in {"POST", "PUT", "PATCH"}:
            lines.append(b"Content-Length: %d" % self.body_length)
        lines.append(b"Connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next request's head, or `None` if the client said nothing.

    Raises `Invalid` for what is no request to a proxy, `EgressRefused` for addresses that are
    refused by their spelling alone.
    """
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise _invalid("its head ends in the middle") from error
    except asyncio.LimitOverrunError as error:
        raise _invalid("its head is too long") from error
    first, *lines = text[:-4].split(b"\r\n")
    line = _LINE.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if line is None or not all(fields):
        raise _invalid("its head is malformed")
    pairs = tuple((match[1], match[2].rstrip()) for match in fields if match)
    method, where = line[1].decode(), line[2].decode("utf-8", "surrogateescape")
    if method == "CONNECT":
        return Head(method, *read_authority(where), b"", pairs)
    if where.startswith("/"):
        raise _invalid("it is meant for a server, and this is a proxy")
    target = read_url(where)
    if target.scheme != "http":
        raise _invalid("https wants CONNECT")
    rest = re.sub(r"^[a-z]+://[^/?#]*", "", where, count=1, flags=re.IGNORECASE)
    path = rest.partition("#")[0]
    path = path if path.startswith("/") else f"/{path}"
    raw = path.encode("utf-8", "surrogateescape")
    return Head(method, target.host, target.port, raw, pairs, _length(pairs))


def _length(pairs: tuple[tuple[bytes, bytes], ...]) -> int:
    lengths = {value for key, value in pairs if key.lower() == b"content-length"}
    if any(key.lower() == b"transfer-encoding" for key, _ in pairs):
        raise _invalid("its body has no length")
    if not lengths:
        return 0
    if len(lengths) > 1 or not all(re.fullmatch(rb"[0-9]{1,12}", value) for value in lengths):
        raise _invalid("the length of its body is none")
    return int(lengths.pop())


def _invalid(why: str) -> Invalid:
    return Invalid(
        f"this request is not passed on: {why}.",
        hint="Use this address as an HTTP proxy only.",
    )
