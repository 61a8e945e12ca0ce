"""One visit of an address in the browser: its limits, and what it received."""

from dataclasses import dataclass, field

TABS = 4
"""Tabs of one browser, and so visits at a time."""
VISITS_A_TAB = 200
"""After so many visits a tab is made anew, with a new process: pages leak."""
VISITS_A_BROWSER = 2_000
"""After so many visits the browser is started anew: so does it."""
MEMORY = 1_500_000_000
"""Bytes that a browser and all its processes may hold before it is started anew."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done on a page before it is read: wait, click or scroll, each a CSS selector.

    `wait` until there is such an element; `click` it, or `scroll` it (`page`: the page) to its
    end, again and again, until there are `until` elements of `items`, nothing more came, or it was
    done `times` times. Without `items`, the height of the page tells whether something came.
    """

    wait: str = ""
    click: str = ""
    scroll: str = ""
    items: str = ""
    until: int = 1_000
    times: int = 100


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in their order, with `pause` seconds at least from one request for more to the next."""

    steps: tuple[Step, ...] = ()
    pause: float = 0.0


NO_STEPS = Steps()


@dataclass(frozen=True, slots=True)
class VisitLimits:
    """What one visit may take.

    `max_bytes` is for the main document, for the rendered one and for the screenshot, `page_bytes`
    for everything that the page loads, `parts_bytes` for what of it is kept. A page is quiet once
    neither network nor DOM moved for `quiet_seconds`; `settle_seconds` after its main document it
    is taken as it is. A step has brought nothing if nothing came for `patience` seconds; all steps
    together end after `steps_seconds`.
    """

    seconds: float = 30.0
    max_bytes: int = 8 * 1024 * 1024
    page_bytes: int = 64 * 1024 * 1024
    parts_bytes: int = 32 * 1024 * 1024
    quiet_seconds: float = 0.25
    settle_seconds: float = 5.0
    steps_seconds: float = 120.0
    patience: float = 2.0
    redirects: int = 5
    screenshot_height: int = 16_000


@dataclass(frozen=True, slots=True)
class Box:
    """Where a text stands on the screenshot, in its pixels."""

    text: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Part:
    """What a page loaded: a picture, a script, a frame. As of a document, `body` is decoded."""

    url: str
    status: int
    raw_head: bytes
    body: bytes
    recoded: bool = False
    remote_ip: str | None = None

    @property
    def size(self) -> int:
        """Bytes of head and body."""
        return len(self.raw_head) + len(self.body)


@dataclass(frozen=True, slots=True)
class BrowserVisit:
    """What the browser received and rendered.

    `body` is the main document without its content coding; `recoded` says that the browser gave
    only its text, which is UTF-8 here. `dom` is the rendered HTML in UTF-8. `screenshot` is a PNG
    of the whole page at `scale`, `cut` if the page is higher than it. `settled` says whether the
    page came to rest; `blocked` (by us), `refused` (by the egress rules) and `failed` count what
    it asked for and did not get. `parts` is what else was loaded, each once. `missing` says in
    clauses what could not be had or done. `raw_request` is what was asked for the main document, as
    it was sent; with `from_cache` nothing was, since the browser had the answer already.
    """

    url: str
    final_url: str
    status: int
    raw_head: bytes
    body: bytes
    dom: bytes
    recoded: bool = False
    screenshot: bytes | None = None
    scale: float = 1.0
    cut: bool = False
    boxes: tuple[Box, ...] = ()
    remote_ip: str | None = None
    redirects: tuple[str, ...] = ()
    settled: bool = True
    blocked: int = 0
    failed: int = 0
    refused: int = 0
    dialogs: int = 0
    popups: int = 0
    script_errors: int = 0
    received_bytes: int = 0
    pdf: bytes | None = None
    parts: tuple[Part, ...] = ()
    missing: tuple[str, ...] = ()
    raw_request: bytes = field(default=b"", repr=False)
    from_cache: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)


def headers_of(raw_head: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a head, in order."""
    lines = raw_head.strip(b"\r\n").split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines)
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon)
