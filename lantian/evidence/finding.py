"""What verifying finds."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["missing", "changed", "unnamed", "unproved"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was kept.

    `missing`: a row names what is not there. `changed`: what is there is not what the row names,
    or no record of ours. `unnamed`: it is there and no row names it. `unproved`: a hit is not
    found again in its capture.
    """

    kind: Kind
    file: str
    reason: str
    capture_id: int | None = None

    def __str__(self) -> str:
        whose = f" (capture {self.capture_id})" if self.capture_id is not None else ""
        return f"{self.file}: {self.reason}{whose}"
