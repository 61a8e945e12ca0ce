"""The connection to Elasticsearch, and what its failures mean to us."""

import contextlib
from collections.abc import Iterator
from typing import Any

from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from lantian.errors import ConfigError, IndexUnavailable

WAITING = "Work for the index waits in the store; see `lantian doctor` and LANTIAN_ES_URL."

RETRY_STATUSES = frozenset({401, 403, 408, 429, 500, 502, 503, 504})
"""Answers that are no fault of the document: it may be taken later."""


def connect(url: str, *, timeout: float = 10.0) -> Elasticsearch:
    """A client for `url`; it does not connect yet. Raises `ConfigError` for no address."""
    try:
        return Elasticsearch(url, request_timeout=timeout, max_retries=0, retry_on_timeout=False)
    except ValueError as error:
        raise ConfigError(
            f"{url!r} is no address of Elasticsearch: {error}.",
            hint="Set LANTIAN_ES_URL to something like http://127.0.0.1:9200.",
        ) from error


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn the client's errors into `IndexUnavailable`."""
    try:
        yield
    except ConnectionTimeout as error:
        raise IndexUnavailable("Elasticsearch did not answer in time.", hint=WAITING) from error
    except TransportError as error:
        raise IndexUnavailable(
            f"Elasticsearch cannot be reached: {error.message}.", hint=WAITING
        ) from error
    except UnsupportedProductError as error:
        raise IndexUnavailable(
            "what answers is not Elasticsearch.", hint="Correct LANTIAN_ES_URL."
        ) from error
    except ApiError as error:
        raise IndexUnavailable(
            f"Elasticsearch refused with {error.meta.status}: {cause_of(error)}.", hint=WAITING
        ) from error


def cause_of(error: ApiError) -> str:
    """The cause that Elasticsearch names."""
    body: Any = error.body
    if isinstance(body, dict) and "error" in body:
        return reason(body["error"])
    return str(error.message)


def reason(error: Any) -> str:
    """Type and words of an error object of Elasticsearch, with the cause behind it."""
    if not isinstance(error, dict):
        return str(error)
    words = f"{error.get('type')}: {error.get('reason')}"
    cause = error.get("caused_by") or next(iter(error.get("root_cause") or ()), None)
    if cause is None or cause.get("reason") == error.get("reason"):
        return words
    return f"{words} ({reason(cause)})"
