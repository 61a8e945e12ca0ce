"""The weekly e-mail: HTML and text of the same figures, charts as images."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote, urlencode

import jinja2

from lantian.clock import SHANGHAI
from lantian.errors import ConfigError
from lantian.reports import chart
from lantian.reports.figures import WeekFigures
from lantian.reports.wording import WORDS

CHART_ID = "claims@lantian.invalid"
"""Content-ID of the chart: ASCII, since some readers drop images of another kind."""


@dataclass(frozen=True, slots=True)
class Edition:
    """For whom the summary is made: language, links, names, and whether it is a demonstration."""

    locale: str
    base_url: str
    organisation: str
    claim_labels: Mapping[str, Mapping[str, str]]
    """Claim to its label by `zh` and `en`."""
    platform_titles: Mapping[str, str]
    demo: bool
    checkpoint: str = ""
    """The signed root of the log of sealed days, as it stood at the end of the week."""

    @property
    def words(self) -> Mapping[str, str]:
        """The wording of the language."""
        return WORDS[self.locale]

    def claim(self, key: str) -> str:
        """The claim's name in the language; its key where the pack no longer knows it."""
        label = self.claim_labels.get(key, {})
        return label.get("zh" if self.locale == "zh_CN" else "en", key)

    def link(self, path: str, **query: object) -> str:
        """The address of a list in the dashboard."""
        address = f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"
        return f"{address}?{urlencode(query, quote_via=quote)}" if query else address


def compose(
    figures: WeekFigures, edition: Edition, *, sender: str, receivers: tuple[str, ...], at: datetime
) -> EmailMessage:
    """The message. Its Message-ID is made of week, language and place, so repeats can be dropped.

    Raises `ConfigError` if `sender` or a receiver is no address.
    """
    words, last = edition.words, figures.monday + timedelta(days=6)
    message = EmailMessage()
    message["Subject"] = one_line(
        words["subject"].format(first=figures.monday, last=last, clues=figures.clues.now)
    )
    message["From"] = _address(sender, "mail_from", one_line(edition.organisation))
    message["To"] = tuple(_address(receiver, "report_to") for receiver in receivers)
    message["Date"] = format_datetime(at)
    domain = message["From"].addresses[0].domain or "lantian.invalid"
    message["Message-ID"] = f"<weekly-{figures.monday}-{edition.locale}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    picture = chart_png(figures, edition)
    message.set_content(text_part(figures, edition))
    message.add_alternative(html_part(figures, edition), subtype="html")
    html = message.get_payload()[1]  # type: ignore[index]  # the alternative that was just added
    html.add_related(  # type: ignore[union-attr]
        picture, "image", "png", cid=f"<{CHART_ID}>", filename="claims.png"
    )
    return message


def chart_png(figures: WeekFigures, edition: Edition) -> bytes:
    """The chart of hits per claim, this week beside the one before."""
    words = edition.words
    labels = {count.key: edition.claim(count.key) for count in figures.claims}
    return chart.to_png(
        chart.bars(figures.claims, labels, (words["this_week"], words["last_week"]))
    )


def html_part(figures: WeekFigures, edition: Edition, *, image: str = "") -> str:
    """The HTML. `image` is the address of the chart; empty: the image that the message carries."""
    import mrml

    source = _templates(autoescape=True).get_template("weekly.mjml.j2")
    return str(mrml.to_html(source.render(**_context(figures, edition, image))).content)


def text_part(figures: WeekFigures, edition: Edition) -> str:
    """The plain text."""
    template = _templates(autoescape=False).get_template("weekly.txt.j2")
    return template.render(**_context(figures, edition, ""))


def one_line(text: str) -> str:
    """The text without line breaks or control characters, fit for a header.

    Crawled names never reach a header unescaped.
    """
    plain = "".join(
        " " if unicodedata.category(letter).startswith(("C", "Z")) else letter for letter in text
    )
    return " ".join(plain.split())


def _context(figures: WeekFigures, edition: Edition, image: str) -> dict[str, object]:
    return {
        "figures": figures,
        "edition": edition,
        "words": edition.words,
        "last": figures.monday + timedelta(days=6),
        "image": image or f"cid:{CHART_ID}",
        # A list shows open clues unless it is told otherwise; the figures count all of them.
        "span": {
            "state": "all",
            "from": str(figures.monday),
            "to": str(figures.monday + timedelta(days=6)),
        },
    }


def _templates(*, autoescape: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lantian.reports"),
        autoescape=autoescape,  # noqa: S701  (off for plain text alone)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["hours"] = _hours
    environment.filters["day"] = _day
    environment.filters["one_line"] = one_line
    return environment


def _hours(value: float | None, words: Mapping[str, str]) -> str:
    if value is None:
        return words["no_hours"]
    return words["hours"].format(hours=f"{value:.1f}")


def _day(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _address(text: str, setting: str, display: str = "") -> Address:
    try:
        return Address(display_name=display, addr_spec=text)
    except (ValueError, IndexError) as error:
        raise ConfigError(
            f"{setting}: {text!r} is no e-mail address.", hint="Correct it."
        ) from error
