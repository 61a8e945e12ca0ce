"""Where a value stands on a page, as profiles write it."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from lantian.reading.syntax import check_css, check_jsonpath, check_pattern, check_xpath


class Strict(BaseModel):
    """A part of a profile: frozen, and without room for unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(Strict):
    """One step of cleaning that takes a word; exactly one is given."""

    after: str | None = Field(None, description="Keep what stands after the first such text.")
    before: str | None = Field(None, description="Keep what stands before the first such text.")
    drop: str | None = Field(None, description="Remove every such text.")
    prefix: str | None = Field(None, description="Put this text in front.")
    query: str | None = Field(None, description="Keep this parameter of an address.")
    segment: int | None = Field(
        None, description="Keep this segment of an address's path; -1 is the last."
    )
    json_value: Annotated[str, BeforeValidator(check_jsonpath)] | None = Field(
        None,
        alias="json",
        description="The value is JSON, as attributes hold it: keep what this JSONPath finds.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(
                "give exactly one of after, before, drop, prefix, query, segment, json"
            )
        return self


NAMED = ("html", "digits", "number", "price", "lower", "address", "icp")


def _known_step(value: object) -> object:
    if isinstance(value, str) and value not in NAMED:
        raise ValueError(f"{value!r} is no step of cleaning: give {', '.join(NAMED)}, or a mapping")
    return value


Clean = Annotated[
    Literal["html", "digits", "number", "price", "lower", "address", "icp"] | Step,
    BeforeValidator(_known_step),
]
"""A step of cleaning: the text of HTML in a value; its digits; the first number; the price in
yuan; lower case; an address absolute and canonical; the ICP record number; or a step that takes a
word."""

PLACES = ("css", "xpath", "jsonpath", "url", "const")


class Select(Strict):
    """Where a value stands.

    Written short, a string is CSS (`a.shop`, `a.shop::attr(href)`), XPath where it begins with
    `/` or `.//`, or JSONPath where it begins with `$`. Without a place, only `attr`: that
    attribute of the document's own element.
    """

    css: Annotated[str, BeforeValidator(check_css)] | None = Field(
        None, description="CSS selector; the text of the first element, or its `attr`."
    )
    xpath: Annotated[str, BeforeValidator(check_xpath)] | None = Field(
        None, description="XPath 1.0; costs a second parse of the page."
    )
    jsonpath: Annotated[str, BeforeValidator(check_jsonpath)] | None = Field(
        None, description="JSONPath (RFC 9535) in a JSON answer or in `embedded` JSON."
    )
    url: Annotated[str, BeforeValidator(check_pattern)] | None = Field(
        None, description="Pattern with one {name}: that part of the page's own address."
    )
    const: str | None = Field(None, description="This text itself.")
    attr: str | None = Field(None, min_length=1, description="An attribute instead of the text.")
    page: bool = Field(
        default=False,
        description="Look in the whole page, not in the document's element; filters of a JSONPath "
        "call the document `_` then.",
    )
    all: bool = Field(default=False, description="Take every match, not the first.")
    join: str = Field("\n", description="What stands between several matches.")
    clean: tuple[Clean, ...] = Field((), description="Steps of cleaning, in order.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return short_select(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        places = [name for name in PLACES if getattr(self, name) is not None]
        if len(places) > 1 or (not places and self.attr is None):
            raise ValueError(f"give exactly one of {', '.join(PLACES)}, or attr alone")
        if self.url is not None and self.url.count("{") != 1:
            raise ValueError("the pattern in `url` needs exactly one {name}")
        return self


LANGUAGES = ("css", "xpath", "jsonpath")


def language_of(select: Select) -> str:
    """The language of a selector: css, xpath, jsonpath, or empty where it needs none."""
    return next((name for name in LANGUAGES if getattr(select, name) is not None), "")


def short_select(text: str) -> dict[str, str]:
    """The long form of a selector that was written as one string."""
    text = text.strip()
    if text.startswith("$"):
        return {"jsonpath": text}
    if text.startswith(("/", "./", "(/")):
        return {"xpath": text}
    css, mark, rest = text.partition("::")
    if mark and rest.startswith("attr(") and rest.endswith(")"):
        long = {"attr": rest[5:-1].strip()}
        return {"css": css.strip(), **long} if css.strip() else long
    return {"css": css if mark and rest == "text" else text}


def as_tuple(value: object) -> object:
    """A single entry as a list of one."""
    return (value,) if isinstance(value, (str, dict)) else value


Selects = Annotated[tuple[Select, ...], BeforeValidator(as_tuple)]
"""One selector or a list: the first that gives a value counts (`text` joins them all)."""

Patterns = Annotated[
    tuple[Annotated[str, BeforeValidator(check_pattern)], ...], BeforeValidator(as_tuple)
]
"""URL patterns: `*` stands for a part between slashes, `**` for anything, `{name}` for an id."""


def _absolute(value: tuple[str, ...]) -> tuple[str, ...]:
    for url in value:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} must begin with http:// or https://")
    return value


Addresses = Annotated[tuple[str, ...], AfterValidator(_absolute)]
"""Whole addresses."""
