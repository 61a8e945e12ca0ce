"""How records spell addresses and times."""

from datetime import UTC, datetime
from urllib.parse import quote

_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"


def address_of(url: str) -> str:
    """The address in ASCII, without white space (RFC 3986)."""
    return url if url.isascii() and url.isprintable() and " " not in url else quote(url, _URL_SAFE)


def date_of(at: datetime) -> str:
    """The instant as a record has it (WARC/1.1, 5.4); a naive one is refused with `ValueError`."""
    if at.tzinfo is None:
        msg = f"naive time {at!r}: give an instant with its time zone"
        raise ValueError(msg)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def payload_place(url: str, status: int) -> str:
    """The address under which a record holds the payload of a capture of `url`.

    A payload without an HTTP answer (`status` 0: a row or a file that was handed in) is a resource
    that must not be replayed as if the site had sent it.
    """
    return address_of(url) if status else f"urn:payload:{address_of(url)}"


def status_of(status: int) -> str:
    """The status as a record's head tells it; empty where there was no HTTP answer."""
    return str(status) if status else ""
