"""The second reader: BeautifulSoup over lxml. Slow, so it runs in a child process only."""

from bs4 import BeautifulSoup

DROPPED = ("script", "style", "noscript", "template", "iframe", "object", "svg")


def second_html(html: str) -> str:
    """The page as BeautifulSoup understands it, as HTML that the first reader takes."""
    return str(BeautifulSoup(html, "lxml"))


def second_text(html: str) -> str:
    """The text that BeautifulSoup finds, without scripts and white space at the ends of pieces."""
    soup = BeautifulSoup(html, "lxml")
    for node in soup(DROPPED):
        node.decompose()
    return soup.get_text("\n", strip=True)
