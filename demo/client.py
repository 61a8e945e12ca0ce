"""A small client that plays a platform: reads its notices, acknowledges them, acts, answers.

It uses nothing but the documented interface (docs/platform-api.md), as a platform would.
"""

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lantian.errors import ServiceUnavailable

TIMEOUT = 30.0


@dataclass(frozen=True)
class PlatformClient:
    """Talks to one installation with a platform's key.

    `take_down` gets the site's own ids of postings; without it, the platform only says that it
    removed them.
    """

    base_url: str
    key: str
    take_down: Callable[[frozenset[str]], None] | None = None

    def answer_all(self) -> int:
        """Acknowledge and answer every notice that waits for it; how many there were."""
        answered = 0
        for listed in self.notices("sent", "acknowledged"):
            self.answer(listed["id"])
            answered += 1
        return answered

    def notices(self, *states: str) -> list[dict[str, Any]]:
        """All notices in these states, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            pairs = [("state", state) for state in states]
            pairs += [("cursor", cursor)] if cursor else []
            page, _tag = self._call("GET", f"/api/v1/notices?{urlencode(pairs)}")
            found += page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return found

    def answer(self, notice_id: int) -> None:
        """Acknowledge one notice, take its postings down, and say so."""
        path = f"/api/v1/notices/{notice_id}"
        notice, tag = self._call("GET", path)
        if notice["state"] == "sent":
            notice, tag = self._call("POST", f"{path}/acknowledge", tag=tag)
        postings = frozenset(clue["posting"].split(":")[-1] for clue in notice["content"]["clues"])
        if self.take_down is not None:
            self.take_down(postings)
        self._call("POST", f"{path}/actions", {"actions": [{"action": "removed"}]}, tag=tag)

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, tag: str = ""
    ) -> tuple[dict[str, Any], str]:
        """The answer and its entity tag."""
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if method == "POST":
            headers |= {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
        if tag:
            headers["If-Match"] = tag
        request = urllib.request.Request(  # noqa: S310  (the address is our caller's own)
            self.base_url.rstrip("/") + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
                return json.load(response), response.headers.get("ETag", "")
        except urllib.error.HTTPError as error:
            problem = error.read(2000).decode("utf-8", "replace")
            raise ServiceUnavailable(
                f"{method} {path} was answered {error.code}: {problem}",
                hint="docs/platform-api.md explains the answers.",
            ) from error
        except OSError as error:
            raise ServiceUnavailable(
                f"{self.base_url} does not answer: {error}.", hint="Is the server running?"
            ) from error
