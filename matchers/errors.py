"""The errors of the matcher; each names the thing at fault and carries a hint: the cure."""


class MatcherError(Exception):
    """A fault that a person can act on: `message` names it, `hint` is the cure."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class PackFault(MatcherError):
    """A rule pack is wrong; the message names file, line and cause."""

    def __init__(self, file: str, line: int, cause: str, *, hint: str = "") -> None:
        super().__init__(f"{file}:{line}: {cause}", hint=hint)
        self.file = file
        self.line = line
        self.cause = cause


class DamagedMatcher(MatcherError):
    """Bytes that are no compiled matcher of this version: compile the pack again."""


class DamagedSignature(MatcherError):
    """Bytes that are no signature of this scheme: make it again from the text."""


class PictureFault(MatcherError):
    """A picture that cannot be read, or is larger than what is read."""


class EngineMissing(MatcherError):
    """No literal engine is installed, or no reader of pictures."""


class LabelError(MatcherError):
    """A labelled text that cannot be read."""
