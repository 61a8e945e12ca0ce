"""A real SMTP server in this process, and what it received."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Received:
    """One message as it came over the wire."""

    sender: str
    receivers: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class Inbox:
    """Where the server listens, and its messages in order of arrival.

    `refusals` are answers that the next messages get instead of being taken, such as
    "451 try again".
    """

    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address as the setting `smtp_url` takes it."""
        return f"smtp://{self.host}:{self.port}"

    async def handle_DATA(  # noqa: N802  (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take the message, or refuse it as told."""
        if self.refusals:
            return self.refusals.pop(0)
        content = envelope.original_content or b""
        receivers = tuple(str(name) for name in envelope.rcpt_tos)
        self.messages.append(Received(str(envelope.mail_from), receivers, content))
        return "250 taken"


class _OnSocket(Controller):
    """A controller that listens on a socket which is bound already, so that no port is guessed."""

    def __init__(self, inbox: Inbox, bound: socket.socket) -> None:
        super().__init__(inbox, hostname=inbox.host, port=inbox.port)
        self._bound = bound

    def _create_server(self) -> Coroutine[Any, Any, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._bound)


@contextmanager
def receiving() -> Iterator[Inbox]:
    """An inbox whose server runs until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        inbox = Inbox(port=bound.getsockname()[1])
        controller = _OnSocket(inbox, bound)
        controller.start()
        try:
            yield inbox
        finally:
            controller.stop()
