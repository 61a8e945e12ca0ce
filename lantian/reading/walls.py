"""Pages that stand between us and a page: log-ins, and checks whether a robot is there.

They are told, never got round. What is recognised here is added to what the profile's markers and
the status say: forms by their shape, and the marks of common checks.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from lantian.reading.page import OutcomeHint, RawPage, Reading

SHORT, TERSE = 400, 200
"""Characters of text over which a page is no log-in wall, and no check for robots."""
_LOG_IN = re.compile(
    r"(^|[/._?&=-])(login|logon|signin|sign-in|sign_in|sso|passport|denglu|logging|authorize)"
    r"($|[/._?&=-])",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"(^|[/?&=])(cart|checkout|orders?|my|me|member|account|profile|home\.php|ucenter|uc|"
    r"favou?rites?|settings?|register|signup|sign-up|logout|newthread|newtopic|post|reply|compose|"
    r"message|pm|notification|wishlist)($|[/?&=.])",
    re.IGNORECASE,
)
_PASSWORD = re.compile(rb"type\s*=\s*[\"']?password", re.IGNORECASE)
_ASKS_LOG_IN = re.compile(r"登\s?[录陆入]|sign\s?in|log\s?[io]n|member\s+only", re.IGNORECASE)
_CHECKS: tuple[tuple[bytes, str], ...] = (
    (b"geetest", "Geetest"),
    (b"TCaptcha", "Tencent Captcha"),
    (b"AliyunCaptcha", "Aliyun Captcha"),
    (b"nc_1_wrapper", "Aliyun Captcha"),
    (b"g-recaptcha", "reCAPTCHA"),
    (b"h-captcha", "hCaptcha"),
    (b"cf-turnstile", "Turnstile"),
    (b"challenges.cloudflare.com", "Turnstile"),
    (b"captcha", "a captcha"),
    (b"verifycode", "a code in a picture"),
)
_ASKS_CHECK = re.compile(
    r"验证码|安全验证|人机验证|滑动|滑块|拼图|访问(过于频繁|异常|受限)|是否?为?机器人|"
    r"captcha|not a robot|are you human|unusual traffic|just a moment|verify you are",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wall:
    """What a page asks for instead of showing what was asked for, and by what it is known."""

    hint: OutcomeHint
    why: str


def is_log_in(url: str) -> bool:
    """Whether an address is by its form that of a log-in."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(_LOG_IN.search(f"{host.partition('.')[0]}/{parts.path}?{parts.query}"))


def is_own_area(url: str) -> bool:
    """Whether an address is for whoever has logged in: a cart, an account, a form to write in.

    No page that anybody publishes on; that it wants a log-in tells nothing.
    """
    parts = urlsplit(url)
    return is_log_in(url) or bool(_OWN.search(f"{parts.path}?{parts.query}"))


def wall_of(raw: RawPage, reading: Reading, asked: str) -> Wall | None:
    """The wall that an answer is, if it is one; `asked` is the address that was asked for.

    An address of a log-in, or of somebody's own area, has none: what it shows is what it is.
    """
    if raw.status in {404, 410} or is_own_area(asked):
        return None
    if len(reading.text) >= SHORT or reading.outcome_hint == "gone":
        return None
    check = next((name for mark, name in _CHECKS if mark in raw.body), "")
    password = _PASSWORD.search(raw.body) is not None
    if not check and not password:
        return None
    head = reading.title
    if password and (is_log_in(raw.url) or _ASKS_LOG_IN.search(head)):
        return Wall("logged_out", "a form that asks for a password")
    if check and len(reading.text) < TERSE and _ASKS_CHECK.search(f"{head}\n{reading.text}"):
        return Wall("blocked", f"a check for robots: {check}")
    return None
