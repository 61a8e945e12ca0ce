"""One row as it would be taken: its fields checked, or each of its faults with the column."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lantian.errors import Invalid
from lantian.intake.handover.columns import Columns
from lantian.intake.storable import clean
from lantian.reading import canonical_url
from lantian.reading.values import time_of

LONGEST = {
    "url": 2_000,
    "text": 100_000,
    "title": 1_000,
    "seller": 300,
    "platform": 100,
    "seen_at": 100,
    "price": 100,
    "reference": 200,
    "note": 5_000,
}
"""Characters that a field may have."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SKEW = timedelta(days=1)
"""How far ahead of our clock a date may be: the day may have begun elsewhere."""
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+(:\d+)?([/?#].*)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_FORMULA = re.compile(r"=\s*[A-Za-z_.]+\s*\(")


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as the file has it: its number as a table program shows it, the cells by header.

    `fault` says why the row could not even be read as cells.
    """

    number: int
    cells: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is not taken: the column's header (empty: the whole row), the cause, the value."""

    number: int
    column: str
    cause: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that can be taken. `url` is canonical, or empty; `seen_at` in UTC, or none."""

    number: int = 0
    url: str = ""
    text: str = ""
    title: str = ""
    seller: str = ""
    platform: str = ""
    seen_at: datetime | None = None
    price: str = ""
    reference: str = ""
    note: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Whence it came, as the evidence tells it."""

    @property
    def only_address(self) -> bool:
        """Whether nothing but the page itself can say what stands there."""
        return not self.text

    @property
    def has_content(self) -> bool:
        """Whether it says something that can be matched."""
        return bool(self.text or self.title)

    @property
    def taken(self) -> dict[str, str]:
        """What it says of the posting, which is what the evidence keeps: no note, no reference."""
        seen = self.seen_at.isoformat() if self.seen_at else ""
        told = {
            "url": self.url,
            "title": self.title,
            "text": self.text,
            "seller": self.seller,
            "platform": self.platform,
            "price": self.price,
            "seen_at": seen,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def digest(self) -> str:
        """By which the row is known again, wherever it stands: of all that it says."""
        told = {**self.taken, "reference": self.reference, "note": self.note}
        line = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()


def row_of(raw: Raw, columns: Columns, *, now: datetime) -> Row | list[Fault] | None:
    """The row, or its faults; none for a row without any value in the columns that count."""
    if raw.fault:
        return [Fault(raw.number, "", raw.fault)]
    told = {
        name: clean(raw.cells.get(header, "")).strip() for header, name in columns.fields.items()
    }
    told = {name: value for name, value in told.items() if value}
    if not told:
        return None
    return checked(told, number=raw.number, now=now, header_of=columns.header_of)


def checked(
    told: Mapping[str, str], *, number: int, now: datetime, header_of: Any = str
) -> Row | list[Fault]:
    """The row of these fields, or its faults; `header_of` names a field as its giver does."""
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name, value in told.items():
        try:
            values[name] = _field(name, value, now)
        except Invalid as error:
            faults.append(Fault(number, header_of(name), error.message, value[:200]))
    if faults:
        return faults
    if not {"url", "text", "title"} & values.keys():
        cause = "there is neither an address nor a text in it"
        return [Fault(number, "", cause)]
    return Row(number=number, **values)


def _field(name: str, value: str, now: datetime) -> Any:
    if len(value) > LONGEST[name]:
        raise Invalid(f"{len(value)} characters; at most {LONGEST[name]} are taken")
    if name == "url":
        return _address(value)
    return _instant(value, now) if name == "seen_at" else value


def _address(value: str) -> str:
    if _FORMULA.match(value):
        raise Invalid("this is a formula, which is not evaluated; give the address itself")
    if any(char.isspace() for char in value):
        raise Invalid("white space in it: is this one address?")
    if not value.startswith(("http://", "https://")) and _HOST.fullmatch(value):
        value = f"http://{value}"
    if "@" in re.split(r"[/?#]", value.partition("://")[2], maxsplit=1)[0]:
        raise Invalid("an address with a user's name or password is not taken")
    try:
        url = canonical_url(value)
    except Invalid:
        raise Invalid("this is no address of a page (http:// or https://)") from None
    if len(url) > LONGEST["url"]:
        raise Invalid(f"{len(url)} characters once written out; at most {LONGEST['url']} are taken")
    return url


def _instant(value: str, now: datetime) -> datetime:
    compact = _COMPACT.fullmatch(value)
    at = time_of("-".join(compact.groups()) if compact else value)
    if at is None:
        raise Invalid("this is no date; write it as 2026-11-03 or 2026-11-03 14:05")
    if at > now + SKEW:
        raise Invalid("this date has not come yet")
    if at < EARLIEST:
        raise Invalid(f"this date is before {EARLIEST:%Y}")
    return min(at, now)
