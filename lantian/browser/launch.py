"""The one way to start Chromium: through the proxy, with a fresh profile, sandboxed if real."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lantian.egress.hosts import HostMap
from lantian.egress.spelling import as_ip, read_url
from lantian.errors import BrowserUnavailable

if TYPE_CHECKING:  # Every crawl asks for the rules below, few start a browser.
    from playwright.async_api import Browser, Playwright, ProxySettings

_WITHOUT = (
    *("DnsOverHttps", "AsyncDns", "MediaRouter", "OptimizationHints", "Translate"),
    *("IsolateOrigins", "site-per-process", "IsolateSandboxedIframes"),
)
FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    # Nothing goes round the proxy: no QUIC, no WebRTC beside it, no names resolved here.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    # Frames share the process of their page, so that what they load is seen, kept and left out as
    # that of the page is. It is a fresh profile, where no site has anything to hide from another.
    "--disable-site-isolation-trials",
    "--disable-features=" + ",".join(_WITHOUT),
    # A page that eats memory crashes its tab, not the machine.
    "--js-flags=--max-old-space-size=512",
)


def is_local(urls: Iterable[str], hosts: HostMap) -> bool:
    """Whether all of these addresses are on this machine: loopback, or of the demonstration."""
    found = [read_url(url).host for url in urls]
    return bool(found) and all(host in hosts or _is_loopback(host) for host in found)


def _is_loopback(host: str) -> bool:
    ip = as_ip(host)
    return ip is not None and ip.is_loopback


def sandbox_for(*, local: bool, root_allowed: bool, uid: int | None = None) -> bool:
    """Whether Chromium runs in its sandbox: for real sites always, for local ones never.

    Root cannot have one (Chromium refuses), so as root real sites get no browser unless
    `root_allowed`. Raises `BrowserUnavailable`.
    """
    if local:
        return False
    if (os.geteuid() if uid is None else uid) != 0:
        return True
    if root_allowed:
        return False
    raise BrowserUnavailable(
        "Chromium opens no real site as root, because it has no sandbox there.",
        hint="Run Lantian as an ordinary user, or set LANTIAN_BROWSER_AS_ROOT=true where the whole"
        " machine may be lost.",
    )


async def launch(
    playwright: "Playwright",
    program: Path,
    *,
    proxy: "ProxySettings | None",
    sandbox: bool,
    headless: bool = True,
) -> "Browser":
    """A running Chromium with a fresh profile; raises `BrowserUnavailable`.

    `proxy` is used for loopback too, which Chromium would otherwise reach by itself.
    """
    from playwright.async_api import Error as PlaywrightError

    if proxy is not None:
        proxy = {**proxy, "bypass": "<-loopback>"}
    try:
        return await playwright.chromium.launch(
            executable_path=program,
            args=list(FLAGS),
            headless=headless,
            proxy=proxy,
            chromium_sandbox=sandbox,
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except PlaywrightError as error:
        first = error.message.strip().partition("\n")[0]
        cure = "Look at what `lantian doctor` says."
        if sandbox and "sandbox" in error.message.lower():
            cure = "Allow this user to make user namespaces, which Chromium's sandbox needs."
        raise BrowserUnavailable(f"{program} does not start: {first}", hint=cure) from error
