"""The links of a page, each with its role."""

from collections.abc import Iterator
from urllib.parse import quote

from lantian.errors import Invalid
from lantian.reading.address import canonical, host_allowed, host_of, join, path_of
from lantian.reading.page import Link
from lantian.reading.plan import LinkPlan, Plan
from lantian.reading.profile import LinkRule
from lantian.reading.text import one_line
from lantian.reading.view import View

MOST_LINKS = 5_000
"""Links taken from one page; a page with more is a trap or a site map."""
MOST_KNOWN = 20_000
"""Addresses that a rule remembers."""
LONGEST = 2_000
"""Characters of an address; a longer one is left out."""


def links_of(view: View, plan: Plan, path: str) -> tuple[Link, ...]:
    """The page's links by the profile's rules, each address once, in the order of the rules.

    Addresses are canonical; those of other hosts are left out, unless the rule takes them.
    `path` is path and query of the page's own canonical address.
    """
    found: dict[str, Link] = {}
    same = _same_site(view.url, plan)
    # Most links stay on the page's own host: told by the beginning alone.
    home = f"{view.origin}/" if host_allowed(host_of(view.url), same) else "\0"
    for rule in plan.links:
        if rule.pages and not rule.pages.match(view.url, path):
            continue
        for href, text in _hrefs(view, rule):
            absolute = join(view.base, view.base_origin, href)
            url = _taken(rule, plan, absolute) if absolute is not None else None
            if url is None or url in found:
                continue
            if url.startswith(home) or rule.rule.off_site or host_allowed(host_of(url), same):
                found[url] = Link(url, rule.rule.role, text)
            if len(found) >= MOST_LINKS:
                return tuple(found.values())
    return tuple(found.values())


def _same_site(url: str, plan: Plan) -> tuple[str, ...]:
    """The hosts that belong to the site: the profile's, or the page's own with and without www."""
    if plan.hosts:
        return plan.hosts
    bare = host_of(url).removeprefix("www.")
    return (bare, f"www.{bare}")


def _taken(rule: LinkPlan, plan: Plan, absolute: str) -> str | None:
    """The canonical form of an address that the rule takes by its patterns, else `None`.

    Remembered, because the pages of a site link to each other.
    """
    known = rule.known
    try:
        return known[absolute]
    except KeyError:
        pass
    url: str | None = None
    if len(absolute) <= LONGEST:
        try:
            url = canonical(absolute, plan.addresses)
        except Invalid:
            url = None
    if url is not None and not _fits(rule, url):
        url = None
    if len(known) >= MOST_KNOWN:
        known.clear()
    known[absolute] = url
    return url


def _fits(rule: LinkPlan, url: str) -> bool:
    path = path_of(url)
    if rule.allow and not rule.allow.match(url, path):
        return False
    return not (rule.deny and rule.deny.match(url, path))


def _hrefs(view: View, plan: LinkPlan) -> Iterator[tuple[str, str]]:
    """Addresses as written, with the text of their elements."""
    rule = plan.rule
    if rule.jsonpath is not None:
        for value in view.by_jsonpath(rule.jsonpath):
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                yield _address(rule, str(value), view.url), ""
    elif rule.xpath is not None:
        for node in view.by_xpath(rule.xpath):
            value = node if isinstance(node, str) else _xml_attribute(node, rule.attr)
            if value:
                yield _address(rule, value, view.url), ""
    else:
        for node in view.tree.css(rule.css or "a[href]"):
            href = node.attributes.get(rule.attr)
            if href:
                yield _address(rule, href, view.url), one_line(node.text(deep=True))[:200]


def _xml_attribute(node: object, name: str) -> str:
    get = getattr(node, "get", None)
    return str(get(name) or "") if get is not None else ""


def _address(rule: LinkRule, value: str, url: str) -> str:
    """The address that a value stands for: as it is, in the template, or in the parameter."""
    value = value.strip()
    if rule.parameter is not None:
        return with_parameter(url, rule.parameter, value)
    return value if rule.template is None else rule.template.replace("{}", value)


def with_parameter(url: str, name: str, value: str) -> str:
    """The address with this parameter set; the others stay as they are written."""
    base, _, query = url.partition("#")[0].partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] != name]
    return base + "?" + "&".join([*kept, f"{name}={quote(value, safe='')}"])
