"""The one error tree. Every error names the thing at fault and carries a hint: the cure."""

from datetime import datetime


class LantianError(Exception):
    """A fault that a person can act on.

    `message` names the thing at fault, `hint` the cure. HTTP statuses are chosen in
    `api.problems` alone.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class ConfigError(LantianError):
    """A setting or a configuration file is wrong."""


class ProfileError(ConfigError):
    """A site profile is wrong; the message names file, line and field."""


class PackError(ConfigError):
    """A rule pack is wrong; the message names file, line and cause."""


class NotFound(LantianError):
    """No such thing, or none that the asker may see."""


class Forbidden(LantianError):
    """The asker may not do this."""


class Unauthorised(LantianError):
    """No valid session or key came with the request."""


class Invalid(LantianError):
    """The request itself is wrong; the message names the field."""


class Conflict(LantianError):
    """The thing is in a state that forbids this.

    `retry_at` is the moment (UTC) from which the same request may succeed, if time alone
    decides.
    """

    def __init__(self, message: str, *, hint: str = "", retry_at: datetime | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_at = retry_at


class Stale(LantianError):
    """The writer has seen an older version of the thing (RFC 9110, 412)."""


class PreconditionMissing(LantianError):
    """A write came without the version that its writer has seen (RFC 6585, 428)."""


class KeyReused(LantianError):
    """An idempotency key came again with another body."""


class EgressRefused(LantianError):
    """A connection to this address is not allowed."""


class Unreadable(LantianError):
    """Bytes that could not be read; never the same as clean."""


class FetchFailed(LantianError):
    """An address could not be fetched; the message names address and cause."""


class BrowserUnavailable(LantianError):
    """No browser can be started here."""


class EvidenceDamaged(LantianError):
    """A kept record is missing or changed; the message names file and reason."""


class EvidenceDeleted(LantianError):
    """A record whose time was over, and which was deleted by rule; the message names the day."""


class IndexUnavailable(LantianError):
    """The search index does not answer; work for it waits in the store."""


class ServiceUnavailable(LantianError):
    """A service that this needs does not answer."""


class LeaseLost(LantianError):
    """The lease of a job has gone to another; nothing more may be written under its token."""


class StoreError(LantianError):
    """The store cannot be opened or is not at the version that this program needs."""
