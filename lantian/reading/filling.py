"""A profile of one's own from a family's: its text with name, hosts and addresses filled in.

The text of the family is kept, comments and all, so that a person can go on from it. What is put in
stands on lines of its own there; `tests/reading/test_filling.py` holds every family to that form.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lantian.errors import NotFound
from lantian.reading.address import host_of, origin_of
from lantian.reading.guess import Places
from lantian.reading.loading import SHIPPED, parse_profile
from lantian.reading.profile import SiteProfile
from lantian.reading.syntax import check_pattern

PREFIX = "family-"


@dataclass(frozen=True, slots=True)
class Filling:
    """What a site puts into the profile of its family.

    `shape` is the pattern of the addresses of its listings or articles, `search` the address of its
    search with {words}, `words` what is searched for, `browser` whether pages need one, `places`
    where fields stand, `made` a sentence for the head of the file.
    """

    name: str
    url: str
    title: str = ""
    start: tuple[str, ...] = ()
    shape: str = ""
    search: str = ""
    words: tuple[str, ...] = ()
    charset: str = ""
    browser: str = ""
    places: Places = field(default_factory=Places)
    made: str = field(default="", compare=False)


def families() -> tuple[str, ...]:
    """The names of the shipped families, sorted."""
    return tuple(sorted(path.stem for path in SHIPPED.glob(f"{PREFIX}*.yaml")))


def family_text(family: str) -> str:
    """The YAML of a family, or of the profile for any site; raises `NotFound`."""
    if family not in (*families(), "site"):
        raise NotFound(
            f"there is no family {family!r}.",
            hint=f"Families: {', '.join(one.removeprefix(PREFIX) for one in families())}, site.",
        )
    return (SHIPPED / f"{family}.yaml").read_text("utf-8")


def fill(family: str, filling: Filling) -> tuple[str, SiteProfile]:
    """The YAML of the site's own profile, and the profile that it is; raises `ProfileError`."""
    text = family_text(family)
    model = parse_profile(text, where=family)
    hosts = hosts_of(filling.url)
    if model.hosts:
        example = model.hosts[0]
        text = text.replace(f"http://{example}", origin_of(filling.url))
        text = text.replace(example, hosts[0])
    text = _line(text, "name", filling.name)
    text = _line(text, "title", filling.title or hosts[0])
    text = _line(text, "hosts", list(hosts), after="kind")
    if filling.start:
        text = _line(text, "start", list(filling.start), after="hosts")
    if filling.browser:
        text = _line(text, "browser", filling.browser, after="hosts")
    text = _searches(text, model, filling)
    text = _shapes(text, filling.shape)
    text = _places(text, filling.places)
    if filling.made:
        text = f"# {filling.made}\n{text}"
    return text, parse_profile(text, where=f"{filling.name}.yaml")


def hosts_of(url: str) -> tuple[str, ...]:
    """The hosts of the site at this address: its own, and the same with or without www."""
    host = host_of(url)
    if re.fullmatch(r"[\d.]+|.*:.*", host) or "." not in host:
        return (host,)
    bare = host.removeprefix("www.")
    return (host, f"www.{bare}" if host == bare else bare)


def _line(text: str, name: str, value: str | list[str], *, after: str = "") -> str:
    """The text with this top-level field; it takes the place of the old one."""
    line = f"{name}: {json.dumps(value, ensure_ascii=False)}"
    pattern = re.compile(rf"^{name}:.*$", re.MULTILINE)
    if pattern.search(text):
        return pattern.sub(lambda _: line, text, count=1)
    return re.sub(rf"^({after}:.*)$", lambda found: f"{found[1]}\n{line}", text, flags=re.MULTILINE)


_SEARCHES = re.compile(r"^searches:\n((?: +.*\n)+)", re.MULTILINE)


def _searches(text: str, model: SiteProfile, filling: Filling) -> str:
    """The text with the site's own search; without one, where a search is not what the site is."""
    if model.searches is None:
        return text
    if not filling.search and model.kind != "search":
        return _SEARCHES.sub("", text)
    template = filling.search or model.searches.template.replace(
        f"http://{model.hosts[0]}", origin_of(filling.url)
    )
    words = filling.words or model.searches.words
    lines = [
        "searches:",
        f"  template: {json.dumps(template, ensure_ascii=False)}",
        f"  words: {json.dumps(list(words), ensure_ascii=False)}",
    ]
    if filling.charset:
        lines.append(f"  charset: {filling.charset}")
    block = "\n".join(lines) + "\n"
    return _SEARCHES.sub(lambda _: block, text)


_ANCHORED = re.compile(r"(&(?:listings|articles|questions) \[)")


def _shapes(text: str, shape: str) -> str:
    """The text with the shape of the site's own addresses before those that are usual."""
    if not shape or f'"{shape}"' in text:
        return text
    check_pattern(shape)
    text = _ANCHORED.sub(lambda found: f"{found[1]}{json.dumps(shape)}, ", text)
    own = keyed(shape)
    if own:
        text = re.sub(
            r"^(    key: \[)(?=\{url)",
            lambda found: f"{found[1]}{{url: {json.dumps(own)}}}, ",
            text,
            count=1,
            flags=re.MULTILINE,
        )
    return text


def _places(text: str, places: Places) -> str:
    """The text with these places before those that are usual (for the text: instead of them)."""
    seller = [json.dumps(places.seller)]
    if places.seller and not places.seller_link:
        seller = [f"{{css: {json.dumps(places.seller)}, clean: [{{after: ：}}]}}"]
    first = {
        "    title: [": json.dumps(places.title) if places.title else "",
        "    price: [": f"{{css: {json.dumps(places.price)}, clean: [price]}}"
        if places.price
        else "",
        "      name: [": seller[0] if places.seller else "",
        "      url: [": json.dumps(f"{places.seller}::attr(href)") if places.seller_link else "",
    }
    for line, place in first.items():
        if place:
            text = text.replace(f"\n{line}", f"\n{line}{place}, ", 1)
    if places.text:
        text = text.replace("\n    text: body\n", f"\n    text: {json.dumps(places.text)}\n", 1)
    return text


def keyed(shape: str) -> str:
    """The shape with its last `*` as the id; empty where there is none."""
    before, star, rest = shape.rpartition("*")
    return f"{before}{{id}}{rest}" if star else ""


def name_for(url: str, taken: Iterable[str]) -> str:
    """A free name of a profile for the site at this address, made from its host."""
    host = host_of(url).removeprefix("www.")
    base = re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:50] or "site"
    used, name, number = set(taken), base, 1
    while name in used or Path(SHIPPED / f"{name}.yaml").exists():
        number += 1
        name = f"{base}-{number}"
    return name
