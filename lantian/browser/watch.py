"""What one tab's network does during one visit, from Chromium's own events."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from lantian.egress.proxy import MARK

Event = dict[str, Any]
_MARK = MARK.decode().lower()

ENDLESS = frozenset({"WebSocket", "EventSource", "Media", "Ping", "Prefetch", "Preflight"})
"""Kinds of requests that say nothing about whether a page is ready."""
BODILESS = frozenset({"WebSocket", "EventSource", "Ping", "Prefetch", "Preflight"})
"""Kinds of requests that are no part of a page."""
NO_TUNNEL = "net::ERR_TUNNEL_CONNECTION_FAILED"


def is_marked(response: Event) -> bool:
    """Whether this is (or pretends to be) an answer of the proxy and not of the site."""
    return any(name.lower() == _MARK for name in response.get("headers", {}))


@dataclass
class Asked:
    """A document that the tab's main frame shows or waits for, or a part of it."""

    request_id: str
    url: str
    response: Event | None = None
    extras: list[Event] = field(default_factory=list)
    received: int = 0
    finished: bool = False
    error: str = ""
    request: Event = field(default_factory=dict)
    hops: int = 0


@dataclass
class Watch:
    """The state of one visit; `changed` is set whenever something happened.

    With `keeps` it remembers what the document loads, in `parts`, by request; where that was led on
    to another address, also each hop. `sent` is what requests for documents had in them on the
    wire, hop by hop, by request.
    """

    frame_id: str
    keeps: bool = False
    main: Asked | None = None
    before: Asked | None = None
    redirects: list[str] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Asked] = field(default_factory=dict)
    sent: dict[str, list[Event]] = field(default_factory=dict)
    received: int = 0
    blocked: int = 0
    failed: int = 0
    dialogs: int = 0
    popups: int = 0
    refused: int = 0
    refused_frames: set[str] = field(default_factory=set)
    script_errors: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, method: str, event: Event) -> None:
        """Bring the state up to date with one event."""
        _HANDLERS[method](self, event)
        self.changed.set()

    def idle(self) -> bool:
        """Whether the main document is whole and nothing else is under way."""
        return self.main is not None and self.main.finished and not self.open

    def on_asked(self, event: Event) -> None:
        """A request goes out; the main frame's makes a new main document."""
        request_id, url = event["requestId"], event["request"]["url"]
        if event.get("type") != "Document" or event.get("frameId") != self.frame_id:
            self.sent.pop(request_id, None)
            if event.get("type") not in ENDLESS:
                self.open[request_id] = url
            if self.keeps and event.get("type") not in BODILESS and url.startswith("http"):
                self._part(request_id, url, event.get("redirectResponse"))
            return
        if self.main is not None:
            self.redirects.append(self.main.url)
        if "redirectResponse" in event and self.main is not None:
            self.main = replace(
                self.main, url=url, request=event["request"], hops=self.main.hops + 1
            )
        else:
            self.before = self.main
            self.main = Asked(request_id, url, request=event["request"])

    def on_sent(self, event: Event) -> None:
        """A request went over the wire: told before or after `on_asked`."""
        if event["requestId"] not in self.open:
            self.sent.setdefault(event["requestId"], []).append(event)

    def sent_by(self, document: Asked) -> Event | None:
        """What the last request for a document had in it, once that is known."""
        hops = self.sent.get(document.request_id, [])
        return hops[-1] if len(hops) > document.hops else None

    def on_answered(self, event: Event) -> None:
        """The head of an answer is there."""
        document = self._document(event)
        if document is not None:
            document.response = event["response"]
            if document is self.main:
                # What the page before it asked for is of no interest now.
                self.open.clear()
                self.parts.clear()
        if document not in (self.main, self.before) or document is None:
            self._part_answered(event)

    def _part_answered(self, event: Event) -> None:
        if is_marked(event["response"]):
            self.refused += 1
            if event.get("type") == "Document":
                self.refused_frames.add(event.get("frameId", ""))

    def on_told_more(self, event: Event) -> None:
        """The head as it came over the wire is there: before or after `on_answered`."""
        document = self._document(event)
        if document is not None:
            document.extras.append(event)

    def on_received(self, event: Event) -> None:
        """A part of a body is there."""
        self.received += event["dataLength"]
        document = self._document(event)
        if document is not None:
            document.received += event["dataLength"]

    def on_finished(self, event: Event) -> None:
        """A body is whole."""
        self.open.pop(event["requestId"], None)
        document = self._document(event)
        if document is not None:
            document.finished = True

    def on_failed(self, event: Event) -> None:
        """A request came to nothing: broken off, refused or blocked."""
        self.open.pop(event["requestId"], None)
        self.parts.pop(event["requestId"], None)
        document = self._document(event)
        if document is not None:
            self._break_off(document, event)
        elif event.get("blockedReason") == "inspector":
            self.blocked += 1
        elif event.get("errorText") == NO_TUNNEL:
            self.refused += 1
        elif not event.get("canceled"):
            self.failed += 1

    def _part(self, request_id: str, url: str, led_on: Event | None) -> None:
        before = self.parts.pop(request_id, None)
        if before is not None and led_on is not None:
            before.response, before.finished = led_on, True
            self.parts[f"{request_id} to {url}"] = before
        self.parts[request_id] = Asked(request_id, url)

    def _break_off(self, document: Asked, event: Event) -> None:
        before = self.before
        if document is self.main and event.get("canceled") and before is not None:
            # A download, or an answer without content: the page before it still stands.
            self.main, self.before = before, None
            self.redirects.pop()
        else:
            document.error = event.get("errorText") or "it was broken off"

    def _document(self, event: Event) -> Asked | None:
        """The main document, present or before, or the part of it that the event is about."""
        for document in (self.main, self.before):
            if document is not None and document.request_id == event["requestId"]:
                return document
        return self.parts.get(event["requestId"])


_HANDLERS = {
    "Network.requestWillBeSent": Watch.on_asked,
    "Network.requestWillBeSentExtraInfo": Watch.on_sent,
    "Network.responseReceived": Watch.on_answered,
    "Network.responseReceivedExtraInfo": Watch.on_told_more,
    "Network.dataReceived": Watch.on_received,
    "Network.loadingFinished": Watch.on_finished,
    "Network.loadingFailed": Watch.on_failed,
}
EVENTS = tuple(_HANDLERS)
