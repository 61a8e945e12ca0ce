"""Who asks: the key in the `Authorization` header, and what it may do."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.limits import RateLimit
from lantian.access import keys
from lantian.access.keys import Principal
from lantian.errors import Forbidden, Unauthorised
from lantian.wiring import Parts

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key of an office or a platform: `Authorization: Bearer lt_live_…`.",
)


def parts_of(request: Request) -> Parts:
    """The parts of this process."""
    parts: Parts = request.app.state.parts
    return parts


class KeyWith:
    """A dependency: the owner of the request's key, which must have one of these scopes.

    Raises `Unauthorised` without a valid key, `TooManyRequests`, `Forbidden` without the scope.
    """

    def __init__(self, *scopes: str) -> None:
        self.scopes = frozenset(scopes)

    def __call__(
        self,
        request: Request,
        parts: Annotated[Parts, Depends(parts_of)],
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Principal:
        """The owner of the key."""
        if credentials is None:
            raise Unauthorised(
                "no key came with the request.", hint="Send `Authorization: Bearer lt_…`."
            )
        real_now = parts.real_clock.now()
        with parts.store.read() as session:
            principal, row = keys.authenticate(session, credentials.credentials, real_now=real_now)
        limit: RateLimit = request.app.state.rate_limit
        limit.admit(principal.key_id, now=real_now)
        if self.scopes.isdisjoint(principal.scopes):
            raise Forbidden(
                f"key {principal.key_id} has none of the scopes {', '.join(sorted(self.scopes))}.",
                hint="Ask the office for a key of the right kind.",
            )
        if keys.needs_touch(row, real_now=real_now):
            with parts.store.write() as session:
                keys.touch(session, principal.key_id, real_now=real_now)
        return principal


PartsHere = Annotated[Parts, Depends(parts_of)]
"""The parts of this process, as an argument of a route."""
