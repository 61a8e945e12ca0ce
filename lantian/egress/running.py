"""Proxies for as long as a block runs: in this loop, or in a thread beside blocking code."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from lantian.egress.deny import NONE, Permissions
from lantian.egress.proxy import EgressProxy, ProxyLimits
from lantian.egress.resolver import Resolver


@asynccontextmanager
async def proxy(
    resolver: Resolver,
    permissions: Permissions = NONE,
    *,
    token: str | None = None,
    limits: ProxyLimits | None = None,
) -> AsyncIterator[EgressProxy]:
    """A proxy in the running loop."""
    found = EgressProxy(resolver, permissions, token=token, limits=limits)
    await found.start()
    try:
        yield found
    finally:
        await found.close()


@contextmanager
def proxy_thread(
    resolver: Resolver,
    permissions: Permissions = NONE,
    *,
    token: str | None = None,
    limits: ProxyLimits | None = None,
) -> Iterator[EgressProxy]:
    """A proxy in a loop and thread of its own."""
    found = EgressProxy(resolver, permissions, token=token, limits=limits)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="egress-proxy", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(found.start(), loop).result()
        yield found
    finally:
        asyncio.run_coroutine_threadsafe(found.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
