"""The second reader: BeautifulSoup over lxml. Slow, so it runs in a child process only."""

import warnings

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning

DROPPED = ("script", "style", "noscript", "template", "iframe", "object", "svg")


def second_html(html: str) -> str:
    """The page as BeautifulSoup understands it, as HTML that the first reader takes."""
    return str(_soup(html))


def second_text(html: str) -> str:
    """The text that BeautifulSoup finds, without scripts and white space at the ends of pieces."""
    soup = _soup(html)
    for node in soup(DROPPED):
        node.decompose()
    return soup.get_text("\n", strip=True)


def _soup(html: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # Whatever a page pretends to be, it is read as HTML.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        return BeautifulSoup(html, "lxml")
