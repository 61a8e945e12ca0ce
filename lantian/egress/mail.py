"""The way out for e-mail: an SMTP server that the office set, or files where none is set."""

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lantian.errors import ConfigError, ServiceUnavailable

TIMEOUT = 30.0


def send(message: EmailMessage, receivers: Sequence[str], *, smtp_url: str) -> None:
    """Hand the message to the server.

    `smtp_url` is smtp://user:password@host:port (STARTTLS where it is offered) or smtps://….
    Raises `ConfigError` for another address, `ServiceUnavailable` if the server does not take it:
    then it may be sent again; its Message-ID lets receivers drop repeats.
    """
    with _logged_in(smtp_url) as server:
        refused = server.send_message(message, to_addrs=list(receivers))
    if refused:
        raise ServiceUnavailable(
            f"the mail server {urlsplit(smtp_url).hostname} refused {len(refused)} of"
            f" {len(receivers)} receivers: {', '.join(sorted(refused))}.",
            hint="Correct report_to.",
        )


def greet(smtp_url: str) -> str:
    """The name of the server, once it took our greeting and log-in; nothing is sent.

    Errors as those of `send`.
    """
    with _logged_in(smtp_url) as server:
        server.noop()
    return str(urlsplit(smtp_url).hostname)


def write(message: EmailMessage, folder: Path) -> Path:
    """The .eml file of the message; one of the same Message-ID is written over."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(message["Message-ID"]).strip("<>"))
    file = folder / f"{name}.eml"
    part = file.with_suffix(".part")
    part.write_bytes(message.as_bytes(policy=policy.SMTP))
    part.replace(file)
    return file


@contextmanager
def _logged_in(smtp_url: str) -> Iterator[smtplib.SMTP]:
    parts = urlsplit(smtp_url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ConfigError(
            "smtp_url is no address of a mail server.",
            hint="Give smtp://user:password@host:port or smtps://….",
        )
    try:
        with _connect(parts.scheme, parts.hostname, parts.port) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server
    except (OSError, smtplib.SMTPException) as error:
        raise ServiceUnavailable(
            f"the mail server {parts.hostname} does not serve us: {_plain(error)}.",
            hint="It is tried again; `lantian doctor` looks at the mail server.",
        ) from error


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=context)
    server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server


def _plain(error: Exception) -> str:
    """What went wrong, without bytes of the conversation that could hold a password."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "it does not accept the user or the password"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {error.smtp_error!r}"
    return str(error)
