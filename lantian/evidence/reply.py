"""What an authority's answer (RFC 3161, DER) says, read with nothing but Python.

Reading judges no signature: who holds the certificates does (`lantian.evidence.stamp`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GRANTED = 0
SHA256 = "2.16.840.1.101.3.4.2.1"
_INTEGER, _OCTETS, _OID, _TEXT, _SEQUENCE, _SET = 0x02, 0x04, 0x06, 0x0C, 0x30, 0x31
_TIME, _TAGGED = 0x18, 0xA0
_NEVER = datetime.min.replace(tzinfo=UTC)
_STATES = {
    1: "granted with changes",
    2: "rejection",
    3: "waiting",
    4: "a revocation is imminent",
    5: "revocation",
}


class BadReply(ValueError):
    """The bytes are no answer after RFC 3161."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status and, where a stamp was granted, what the stamp says."""

    status: int
    text: str
    policy: str = ""
    algorithm: str = ""
    imprint: bytes = b""
    serial: int = 0
    time: datetime = _NEVER
    nonce: int | None = None

    @property
    def refusal(self) -> str:
        """Why there is no stamp, in words; empty if there is one."""
        if self.status == GRANTED:
            return ""
        state = _STATES.get(self.status, f"status {self.status}")
        return f"{state}: {self.text}" if self.text else state


@dataclass(frozen=True, slots=True)
class _Part:
    """One element of DER: its content is `data[start:stop]`."""

    data: bytes
    tag: int
    start: int
    stop: int

    @property
    def content(self) -> bytes:
        return self.data[self.start : self.stop]

    def parts(self) -> list["_Part"]:
        """The elements in it."""
        return list(_parts(self.data, self.start, self.stop))


def _parts(data: bytes, at: int, end: int) -> Iterator[_Part]:
    while at < end:
        if end - at < 2 or data[at] & 0x1F == 0x1F:
            raise BadReply("it is no DER")
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            if not 0 < count <= 4 or start + count > end:
                raise BadReply("it is no DER")
            length = int.from_bytes(data[start : start + count])
            start += count
        if start + length > end:
            raise BadReply("it ends in the middle")
        yield _Part(data, tag, start, start + length)
        at = start + length


def _only(data: bytes, tag: int) -> _Part:
    """The one element that `data` is."""
    found = list(_parts(data, 0, len(data)))
    if len(found) != 1 or found[0].tag != tag:
        raise BadReply("it is no answer after RFC 3161")
    return found[0]


def read_reply(data: bytes) -> Reply:
    """What an answer says; raises `BadReply`."""
    try:
        status, *token = _only(data, _SEQUENCE).parts()
        state, *more = status.parts()
        texts = [one for part in more if part.tag == _SEQUENCE for one in part.parts()]
        text = "; ".join(one.content.decode("utf-8", "replace") for one in texts)
        number = int.from_bytes(_of(state, _INTEGER), signed=True)
        if number != GRANTED:
            return Reply(number, text)
        return _stamp(text, _info(_signed_data(token[0])))
    except (ValueError, IndexError, OverflowError) as error:
        raise BadReply(str(error) or "it is no answer after RFC 3161") from error


def _signed_data(token: _Part) -> list[_Part]:
    """The parts of the token's SignedData."""
    _, content = token.parts()
    return content.parts()[0].parts()


def _info(signed: list[_Part]) -> list[_Part]:
    """The parts of TSTInfo, which is signed."""
    _, wrapped = signed[2].parts()
    return _only(_of(wrapped.parts()[0], _OCTETS), _SEQUENCE).parts()


def _stamp(text: str, info: list[_Part]) -> Reply:
    algorithm, imprint = info[2].parts()
    nonce = [one for one in info[5:] if one.tag == _INTEGER]
    return Reply(
        GRANTED,
        text,
        policy=_oid(_of(info[1], _OID)),
        algorithm=_oid(_of(algorithm.parts()[0], _OID)),
        imprint=_of(imprint, _OCTETS),
        serial=int.from_bytes(_of(info[3], _INTEGER), signed=True),
        time=_time(_of(info[4], _TIME).decode("ascii")),
        nonce=int.from_bytes(nonce[0].content, signed=True) if nonce else None,
    )


def _of(part: _Part, tag: int) -> bytes:
    if part.tag != tag:
        raise BadReply("it is no answer after RFC 3161")
    return part.content


def _oid(content: bytes) -> str:
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def _time(text: str) -> datetime:
    """GeneralizedTime in UTC, whatever the digits of its fraction."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    if not text.endswith("Z") or len(whole) != 14:
        raise BadReply("its time is none")
    at = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return at + timedelta(microseconds=int((fraction + "000000")[:6]))


def with_sorted_certificates(data: bytes) -> bytes:
    """The same answer with its certificates in the order that DER asks of a set (X.690, 11.6).

    OpenSSL writes them in any order where it sends its chain, and strict readers refuse that. No
    signature is over them: the order proves nothing. Raises `BadReply`.
    """
    try:
        _, token = _only(data, _SEQUENCE).parts()
        held = next((one for one in _signed_data(token)[3:] if one.tag == _TAGGED), None)
        if held is None:
            return data
        found, at = [], held.start
        for one in held.parts():
            found.append(data[at : one.stop])
            at = one.stop
    except (ValueError, IndexError) as error:
        raise BadReply(str(error)) from error
    return data[: held.start] + b"".join(sorted(found)) + data[held.stop :]
