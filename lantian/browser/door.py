"""A door: many may be inside at once, or one alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Door:
    """Lets visits in, and makes them wait while somebody needs the browser alone."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._inside = 0
        self._taken = False

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._inside

    @asynccontextmanager
    async def among_others(self) -> AsyncIterator[None]:
        """Be inside; waits while somebody is alone, or waits to be."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._taken)
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            await self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be inside alone: nobody comes in any more, and all have left."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._taken)
            self._taken = True
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._inside)
            yield
        finally:
            self._taken = False
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
