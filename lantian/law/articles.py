"""Articles in force on given days, from `articles.yaml`.

A law key names a duty ("no guarantee of success in advertisements"); the articles behind it
change when a law is renumbered. Which one a hit names is decided by the days on which the page
was seen. Nothing here says that a law was broken: that is for an authority.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lantian.errors import ConfigError

Confidence = Literal["H", "M", "L"]
UNSURE = "（依据待确认）"
"""What the label of an article ends with whose text nobody has read (confidence L)."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article (paragraph, item) of one version of a law.

    `valid_from` and `valid_to` are the first and the last day in force (`None`: still in force);
    `role` is rule (what is forbidden), penalty or platform (what a platform owes). `confidence`:
    H the text was read, M in part, L remembered.
    """

    key: str
    law: str
    version: str
    article: str
    paragraph: int | None
    item: str | None
    role: str
    label_zh: str
    valid_from: date
    valid_to: date | None
    confidence: Confidence

    def in_force(self, first_day: date, last_day: date) -> bool:
        """Whether it was in force on any day from `first_day` to `last_day`."""
        return self.valid_from <= last_day and (self.valid_to is None or first_day <= self.valid_to)


def articles_in_force(
    keys: Iterable[str], first_day: date, last_day: date | None = None
) -> list[Article]:
    """The articles behind `keys` in force on a day, or on any day up to `last_day`.

    In the order of `keys`, then of the table. Raises `ConfigError` for an unknown key and
    `ValueError` for days in the wrong order.
    """
    last_day = first_day if last_day is None else last_day
    if last_day < first_day:
        raise ValueError(f"the last day {last_day} is before the first, {first_day}")
    table = _table()
    found: dict[Article, None] = {}
    for key in keys:
        if key not in table:
            raise ConfigError(
                f"law key {key!r} is unknown.", hint="Name one of lantian/law/articles.yaml."
            )
        for article in table[key]:
            if article.in_force(first_day, last_day):
                found[article] = None
    return list(found)


def law_keys() -> tuple[str, ...]:
    """Every law key, in the order of the table."""
    return tuple(_table())


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Version(_Row):
    version: str
    valid_from: date = Field(alias="from")
    valid_to: date | None = Field(default=None, alias="to")


class _Law(_Row):
    name: str
    versions: Annotated[tuple[_Version, ...], Field(min_length=1)]


class _Place(_Row):
    law: str
    version: str | None = None
    article: str
    paragraph: int | None = None
    item: str | None = None
    role: Literal["rule", "penalty", "platform"] = "rule"
    confidence: Confidence


class _Table(_Row):
    laws: dict[str, _Law]
    keys: dict[str, tuple[_Place, ...]]

    @model_validator(mode="after")
    def _known(self) -> "_Table":
        for key, places in self.keys.items():
            for place in places:
                _versions(self.laws, key, place)
        return self


def _versions(laws: dict[str, _Law], key: str, place: _Place) -> tuple[_Version, ...]:
    """The versions of its law in which `place` stands: the named one, or all."""
    if place.law not in laws:
        raise ValueError(f"{key}: law {place.law!r} is not in the table")
    versions = laws[place.law].versions
    if place.version is None:
        return versions
    named = tuple(version for version in versions if version.version == place.version)
    if not named:
        raise ValueError(f"{key}: {place.law} has no version {place.version!r}")
    return named


def table_digest() -> str:
    """The SHA-256 of the table, hexadecimal: while it is the same, the same keys are known."""
    return hashlib.sha256(_text().encode()).hexdigest()


def _text() -> str:
    return resources.files("lantian.law").joinpath("articles.yaml").read_text(encoding="utf-8")


@cache
def _table() -> dict[str, tuple[Article, ...]]:
    try:
        table = _Table.model_validate(yaml.safe_load(_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(
            f"lantian/law/articles.yaml is wrong: {error}.", hint="Correct the entry named above."
        ) from error
    return {
        key: tuple(
            _article(table.laws[place.law], version, key, place)
            for place in places
            for version in _versions(table.laws, key, place)
        )
        for key, places in table.keys.items()
    }


def _article(law: _Law, version: _Version, key: str, place: _Place) -> Article:
    label = f"《{law.name}》"
    if len(law.versions) > 1:
        label += f"（{version.version}）"
    label += _article_zh(place.article)
    if place.paragraph:
        label += f"第{numeral(place.paragraph)}款"
    if place.item:
        label += f"第（{place.item}）项"
    if place.confidence == "L":
        label += UNSURE
    return Article(
        key=key,
        law=law.name,
        version=version.version,
        article=place.article,
        paragraph=place.paragraph,
        item=place.item,
        role=place.role,
        label_zh=label,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        confidence=place.confidence,
    )


def _article_zh(article: str) -> str:
    """`28` as 第二十八条, `253-1` as 第二百五十三条之一."""
    main, _, added = article.partition("-")
    return f"第{numeral(int(main))}条" + (f"之{numeral(int(added))}" if added else "")


_DIGITS = "零一二三四五六七八九"


def numeral(number: int) -> str:
    """A number from 1 to 999 in Chinese, as articles are counted: 28 is 二十八."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")
