"""The second reader: BeautifulSoup over lxml. Slow, so it runs in a child process only."""

import warnings

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning

_UNSHOWN = ("noscript", "template", "iframe", "object", "svg", "noframes", "noembed")
"""Elements whose content a browser does not show as such; yet some sites put their text there."""


def second_html(html: str, *, everything: bool) -> str:
    """The page as BeautifulSoup understands it, as HTML that the first reader takes.

    Content of declarative shadow roots becomes ordinary content. With `everything`, so does what
    stands in `<noscript>`, `<template>` and the like; without, it is left out.
    """
    with warnings.catch_warnings():
        # Whatever a page pretends to be, it is read as HTML.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        soup = BeautifulSoup(html, "lxml")
    for node in soup(_UNSHOWN):
        if node.decomposed:
            continue
        if everything or node.get("shadowrootmode") or node.get("shadowroot"):
            node.name = "div"
        else:
            node.decompose()
    return str(soup)


def second_text(html: str) -> str:
    """The text of `second_html`, by BeautifulSoup itself: without scripts, piece by piece."""
    soup = BeautifulSoup(html, "lxml")
    for node in soup(("script", "style")):
        node.decompose()
    return soup.get_text("\n", strip=True)
