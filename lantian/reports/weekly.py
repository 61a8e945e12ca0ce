"""The weekly summary: made, and sent or written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.clock import legal_day, week_start
from lantian.egress import mail as way_out
from lantian.errors import ConfigError
from lantian.evidence.daylog import DayLog
from lantian.model import Platform
from lantian.reports.figures import week_figures
from lantian.reports.mail import Edition, compose
from lantian.settings import Settings
from lantian.store.installation import is_demo


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the summary went: to a server, or into a file."""

    receivers: tuple[str, ...]
    file: Path | None


def last_whole_week(now: datetime) -> date:
    """The Monday of the last week that is over at `now`."""
    return week_start(legal_day(now)) - timedelta(days=7)


def weekly_message(
    session: Session,
    monday: date,
    *,
    settings: Settings,
    locale: str,
    claim_labels: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> EmailMessage:
    """The e-mail of the week that begins on `monday`."""
    point = DayLog(session).last(monday + timedelta(days=7))
    titles = session.execute(select(Platform.name, Platform.title))
    edition = Edition(
        locale=locale,
        base_url=settings.base_url,
        organisation=settings.organisation,
        claim_labels=claim_labels,
        platform_titles={name: title or name for name, title in titles},
        demo=is_demo(session),
        checkpoint=(point.note or "") if point is not None else "",
    )
    receivers = settings.report_to or (settings.mail_from,)
    return compose(
        week_figures(session, monday),
        edition,
        sender=settings.mail_from,
        receivers=receivers,
        at=now,
    )


def deliver(message: EmailMessage, *, settings: Settings, demo: bool) -> Sent:
    """Send the message, or write it to the outbox where no server is set or this is a demo.

    Raises `ServiceUnavailable` if the server does not take it, `ConfigError` if there is a
    server and no receiver.
    """
    smtp_url = settings.smtp_url.get_secret_value()
    if not smtp_url or demo:
        return Sent((), way_out.write(message, settings.outbox_dir))
    if not settings.report_to:
        raise ConfigError(
            "report_to names no receiver of the weekly summary.",
            hint="Set LANTIAN_REPORT_TO=a@office.example,b@office.example.",
        )
    way_out.send(message, settings.report_to, smtp_url=smtp_url)
    return Sent(settings.report_to, None)
