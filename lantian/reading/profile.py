"""The site profile: how to walk one site and how to read its pages, as its YAML file says."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import quote_plus

from pydantic import BeforeValidator, Field, field_validator, model_validator

from lantian.reading.manners import Manners
from lantian.reading.page import DocumentKind, LinkRole
from lantian.reading.select import (
    Addresses,
    Patterns,
    Select,
    Selects,
    Strict,
    as_tuple,
    language_of,
)
from lantian.reading.syntax import check_css
from lantian.reading.walking import Discovery, PageStep, Revisit

Kind = Literal["shop", "forum", "search", "site"]
Browser = Literal["no", "yes", "if-missing"]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Css = Annotated[tuple[Annotated[str, BeforeValidator(check_css)], ...], BeforeValidator(as_tuple)]


class Seller(Strict):
    """Who published: the site's own id, the name as shown, and the address of the seller page."""

    key: Selects = Field((), description="The site's own id of the seller; else the address.")
    name: Selects = Field((), description="Name as the site shows it.")
    url: Selects = Field((), description="Address of the seller's page.")


class DocumentRule(Strict):
    """How one kind of document is read."""

    kind: DocumentKind
    pages: Patterns = Field((), description="Pages that carry it; none given: every page.")
    except_pages: Patterns = Field(
        (), description="Pages among them that do not carry it, such as those of the site itself."
    )
    each: Select | None = Field(
        None, description="One document for every such element; absent: the page is one document."
    )
    embedded: Annotated[str, BeforeValidator(check_css)] | None = Field(
        None, description="CSS of a <script> whose JSON is read by JSONPath."
    )
    key: Selects = Field((), description="The site's own id of the posting.")
    key_in_page: Selects = Field(
        (), description="Without an own id: what tells the postings of one address apart."
    )
    url: Selects = Field((), description="Address of the posting, where the page's is not it.")
    title: Selects = ()
    text: Selects = Field((), description="Parts of the text, joined in this order.")
    without: Css = Field((), description="Elements whose text is left out: adverts, counters.")
    pictures: Selects = Field(
        (),
        description="Addresses of its pictures; none given: the pictures inside the parts of the"
        " text that CSS finds.",
    )
    price: Selects = ()
    posted_at: Selects = ()
    seller: Seller = Seller()
    fields: dict[FieldName, Selects] = Field({}, description="Anything else worth keeping.")
    volatile: tuple[FieldName, ...] = Field(
        (), description="Fields that change by themselves (counters); no change of the page."
    )
    required: tuple[str, ...] = Field(
        ("text",), description="What every such document must have, else it counts as broken."
    )
    structured: bool = Field(
        default=True, description="Fill gaps from JSON-LD, microdata and Open Graph."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = {"key", "url", "title", "text", "price", "posted_at", *self.fields}
        known |= {"seller_key", "seller_name", "seller_url"}
        for name in self.required:
            if name not in known:
                raise ValueError(f"required names {name!r}, which is no field of this document")
        for name in self.volatile:
            if name not in self.fields:
                raise ValueError(f"volatile names {name!r}, which is not among the fields")
        self._one_language()
        if self.each is not None and not (self.key or self.key_in_page or self.url):
            raise ValueError(
                "with `each` a document needs `key`, `key_in_page` or `url`: a position on a "
                "page is no key"
            )
        return self

    def selects(self) -> tuple[Select, ...]:
        """Every selector of the rule but `each`."""
        groups: tuple[tuple[Select, ...], ...] = (
            *(self.key, self.key_in_page, self.url, self.title, self.text, self.pictures),
            self.price,
            *(self.posted_at, self.seller.key, self.seller.name, self.seller.url),
            *self.fields.values(),
        )
        return tuple(select for group in groups for select in group)

    def _one_language(self) -> None:
        """An element of one parser cannot be searched by another."""
        if self.each is None:
            return
        wanted = language_of(self.each)
        if not wanted:
            raise ValueError("`each` must be css, xpath or jsonpath")
        for select in self.selects():
            if not select.page and language_of(select) not in {"", wanted}:
                raise ValueError(
                    f"`each` is {wanted}, so a field by {language_of(select)} needs `page: true`"
                )


class LinkRule(Strict):
    """Which links have a role. The first rule that takes an address decides."""

    role: LinkRole
    css: Annotated[str, BeforeValidator(check_css)] | None = None
    xpath: str | None = None
    jsonpath: str | None = None
    attr: str = Field("href", description="Attribute that holds the address.")
    template: str | None = Field(
        None, description="Address with {} for the value found, as JSON answers give ids."
    )
    parameter: str | None = Field(
        None,
        pattern=r"^[^=&?#\s]{1,60}$",
        description="The next page is this one's address with the value found in this parameter.",
    )
    pages: Patterns = Field((), description="Pages on which the rule looks; none given: all.")
    allow: Patterns = Field((), description="Addresses that it takes; none given: all.")
    deny: Patterns = Field((), description="Addresses that it leaves out.")
    off_site: bool = Field(
        default=False, description="Whether it takes addresses of other hosts too."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        places = [name for name in ("css", "xpath", "jsonpath") if getattr(self, name)]
        if len(places) > 1:
            raise ValueError("give one of css, xpath, jsonpath")
        # The same checks and errors as any other selector.
        if self.xpath or self.jsonpath:
            Select(xpath=self.xpath, jsonpath=self.jsonpath)
        if self.template is not None and self.template.count("{}") != 1:
            raise ValueError("the template needs exactly one {}")
        if self.template is not None and self.parameter is not None:
            raise ValueError("give template or parameter, not both")
        return self


class Marker(Strict):
    """What tells a special page: an element, a text, or a pattern of its address.

    Written short, a string is a text. `below` limits it to pages with less text than that many
    characters, so that an article about log-in walls is not taken for one.
    """

    css: Annotated[str, BeforeValidator(check_css)] | None = None
    text: str | None = Field(None, min_length=2)
    url: Patterns = ()
    below: int | None = Field(None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.css, self.text, self.url))) != 1:
            raise ValueError("give exactly one of css, text, url")
        return self


class Markers(Strict):
    """How the site says that a posting is gone, that it wants a log-in, or that it blocks us."""

    removed: tuple[Marker, ...] = ()
    logged_out: tuple[Marker, ...] = ()
    blocked: tuple[Marker, ...] = ()


class Address(Strict):
    """How the site's addresses become canonical."""

    drop: tuple[str, ...] = Field(
        (), description="Parameters to drop beside the common trackers; a final * is a prefix."
    )
    keep: tuple[str, ...] = Field(
        (), description="Common trackers that carry meaning here and stay."
    )
    sort: bool = Field(default=True, description="Sort parameters; no, where order matters.")
    fragment: bool = Field(default=False, description="Keep what follows #, for #!-sites.")


class Budget(Strict):
    """How far one crawl goes, and all crawls of one day (Asia/Shanghai)."""

    pages: int = Field(2_000, ge=1, description="Pages of one crawl.")
    depth: int = Field(50, ge=0, description="Links from a start address.")
    parameters: int = Field(
        500, ge=1, description="Different query strings under one path: calendars end here."
    )
    day_pages: int = Field(20_000, ge=1, description="Pages of one day, by all crawls together.")
    day_mb: float = Field(2_000, gt=0, description="Megabytes of one day, by all crawls together.")


class Healthy(Strict):
    """What a crawl of this site finds when all is well; less is an alarm."""

    pages: int = Field(1, ge=0, description="Pages seen, at least.")
    documents: int = Field(1, ge=0, description="Documents read, at least.")
    required: Share = Field(0.9, description="Share of documents with all that is required.")
    unreadable: Share = Field(0.05, description="Share of pages that may be unreadable.")


class Searches(Strict):
    """Result pages by word."""

    template: str = Field(description="Address with {words} in it.")
    words: tuple[str, ...] = Field(min_length=1)
    charset: str = Field("utf-8", description="Character set in which the site takes words.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.template.count("{words}") != 1:
            raise ValueError("the template needs exactly one {words}")
        return self


class Section(Strict):
    """A part of a very large site that is a crawl of its own: a board, a category, some words."""

    name: Name
    title: str = Field("", description="What people call it.")
    start: Addresses = Field((), description="Addresses at which its crawl begins.")
    words: tuple[str, ...] = Field((), description="Words of `searches` that it searches for.")
    pages: Patterns = Field(
        (), description="Addresses that are its own: the other sections leave them to it."
    )
    healthy: Healthy | None = Field(None, description="What its crawl finds when all is well.")

    @model_validator(mode="after")
    def _begins(self) -> Self:
        if not self.start and not self.words:
            raise ValueError("give `start`, or `words` of `searches`")
        return self


class SiteProfile(Strict):
    """How to walk one site and how to read its pages."""

    name: Name
    title: str = Field("", description="The site's name, as people know it.")
    kind: Kind
    platform: str = Field("", description="Key of the platform; empty: the first host.")
    hosts: tuple[str, ...] = Field(
        (), description="Hosts that belong to the site (`*.x.example`: all below)."
    )
    start: Addresses = Field((), description="Addresses at which a crawl begins.")
    charset: str | None = Field(None, description="Character set, where the site declares wrongly.")
    uncomment: bool = Field(
        default=False,
        description="Read what stands as a comment in <code>: some sites hide lists so.",
    )
    browser: Browser = Field(
        "no", description="Whether pages need a browser: no, yes, or where content is missing."
    )
    steps: tuple[PageStep, ...] = Field(
        (), description="What is done on pages in the browser before they are read, in order."
    )
    schedule: str | None = Field(None, description="Cron line in Asia/Shanghai.")
    manners: Manners = Manners()
    budget: Budget = Budget()
    revisit: Revisit = Revisit()
    discovery: Discovery | None = None
    address: Address = Address()
    searches: Searches | None = None
    sections: tuple[Section, ...] = Field(
        (), description="Parts of a very large site that are crawls of their own."
    )
    links: tuple[LinkRule, ...] = ()
    documents: tuple[DocumentRule, ...] = ()
    markers: Markers = Markers()
    healthy: Healthy = Healthy()

    @field_validator("charset")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        from w3lib.encoding import resolve_encoding

        if value is not None and resolve_encoding(value) is None:
            raise ValueError(f"{value!r} is no character set")
        return value

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str | None) -> str | None:
        if value is not None:
            from datetime import UTC, datetime

            from cronsim import CronSim, CronSimError

            try:
                CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
            except CronSimError as error:
                raise ValueError(f"{value!r} is no cron line: {error}") from error
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "search" and self.searches is None:
            raise ValueError("a profile of kind search needs `searches`")
        if self.kind in {"shop", "forum"} and not self.start:
            raise ValueError(f"a profile of kind {self.kind} needs `start`")
        if not self.hosts and self.kind != "site":
            raise ValueError("name the site's hosts")
        if self.steps and self.browser == "no":
            raise ValueError("`steps` are done in the browser: give browser: if-missing, or yes")
        self._check_sections()
        return self

    def _check_sections(self) -> None:
        names = [section.name for section in self.sections]
        if len(set(names)) < len(names):
            raise ValueError("two sections have one name")
        if any(section.words for section in self.sections) and self.searches is None:
            raise ValueError("a section with `words` needs `searches`")
        if self.sections and self.discovery is not None:
            raise ValueError(
                "a site has `sections` or `discovery`, not both: each section would fetch all"
                " sitemaps and feeds again. Leave `discovery` out and give each section its"
                " `start`, or leave `sections` out"
            )

    @cached_property
    def version(self) -> str:
        """The digest of all that decides how pages are read ("sha256:…")."""
        left_out = {"title", "schedule", "manners", "budget", "healthy", "searches", "revisit"}
        left_out.add("sections")
        if self.discovery is None:
            left_out.add("discovery")
        if not self.steps:
            left_out.add("steps")
        content = self.model_dump(mode="json", exclude=left_out)
        line = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(line.encode()).hexdigest()

    def starts(self) -> tuple[str, ...]:
        """Every address at which a crawl begins: the start addresses, then one for each search."""
        words = self.searches.words if self.searches is not None else ()
        return (*self.start, *self._searched(words))

    def section(self, name: str) -> Section | None:
        """The section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def starts_of(self, section: Section) -> tuple[str, ...]:
        """Every address at which the crawl of a section begins."""
        return (*section.start, *self._searched(section.words))

    def _searched(self, words: tuple[str, ...]) -> tuple[str, ...]:
        if self.searches is None:
            return ()
        search = self.searches
        coded = (quote_plus(line, encoding=search.charset, errors="replace") for line in words)
        return tuple(search.template.replace("{words}", word) for word in coded)

    @property
    def platform_key(self) -> str:
        """Key of the platform: as the profile says, else the first host."""
        return self.platform or (self.hosts[0] if self.hosts else "")
