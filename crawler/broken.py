"""What broke an answer off, in a sentence."""

from OpenSSL.SSL import Error as TlsError
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError, ResponseDataLossError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.web.client import ResponseFailed

from crawler.heads import HeadTooLarge


def told(error: BaseException) -> str:
    """Why there is no answer, as far as the connection tells."""
    text = str(error) or type(error).__name__
    if isinstance(error, DownloadTimeoutError):
        return f"timed out: {text}"
    if isinstance(error, ResponseDataLossError):
        return "cut short: less came than was announced"
    if not isinstance(error, DownloadFailedError):
        return f"{type(error).__name__}: {text}"
    cause = error.__cause__
    reasons = [one.value for one in cause.reasons] if isinstance(cause, ResponseFailed) else []
    for reason in reasons:
        if isinstance(reason, HeadTooLarge):
            return f"too large: {reason}"
        if isinstance(reason, TlsError):
            return f"no TLS: the handshake failed ({_openssl(reason)})"
    if any(isinstance(one, ConnectionDone | ConnectionLost) for one in reasons):
        return "broken off: the server closed the connection before it had answered"
    return f"broken off: {text}"


def _openssl(error: TlsError) -> str:
    """What OpenSSL says was wrong, which it tells as a list of triples."""
    errors = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(one[-1] for one in errors) or "no reason given"
