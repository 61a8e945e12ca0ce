"""The schema of a rule pack: what a YAML file of claims or cues may hold."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]


def _digits(value: object) -> object:
    """A number that YAML read out of an unquoted term such as 12315."""
    return str(value) if type(value) is int else value


Term = Annotated[str, BeforeValidator(_digits), StringConstraints(min_length=1, max_length=40)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
LawKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{1,60}$")]
Voice = Literal["quotation", "question", "denial", "refutation", "law", "definition", "victim"]
Within = Literal["clause", "sentence", "near", "around", "text"]
"""Near: two sentences either way; around: 300 characters either way."""


class Part(BaseModel):
    """What every part of a pack shares: no field that we do not know, no change after load."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Group(Part):
    """Terms that mean one thing to a rule; `but` are longer terms inside which they do not."""

    terms: tuple[Term, ...] = Field(min_length=1)
    but: tuple[Term, ...] = ()
    open: bool = False
    """Whether a match may begin or end inside its terms, though the dictionary knows them."""


class Nearby(Part):
    """One of these groups, somewhere: what a rule needs beside what it matches."""

    any: tuple[Name, ...] = Field(min_length=1)
    within: Within = "sentence"


class Spare(Part):
    """One of these groups, so placed, means that the rule does not fire."""

    any: tuple[Name, ...] = Field(min_length=1)
    where: Literal["before", "after", "inside", "clause", "sentence", "near", "around", "text"] = (
        "sentence"
    )
    reach: int = Field(default=12, ge=1, le=60)
    """Most characters between it and the match, where `where` is before or after."""


class Together(Part):
    """All of these groups in any order; the match is what they span."""

    all: tuple[Name, ...] = Field(min_length=2, max_length=6)
    within: Literal["clause", "sentence", "near"] = "sentence"
    window: int = Field(default=40, ge=2, le=200)
    """Most characters from the first to the last."""


class Boost(Part):
    """One of these groups near the match makes it likelier (or, below zero, less likely)."""

    any: tuple[Name, ...] = Field(min_length=1)
    within: Within = "sentence"
    by: float = Field(ge=-6, le=6)


class Examples(Part):
    """Texts that the rule must find, and near misses that the whole pack must spare."""

    hit: tuple[Words, ...] = Field(min_length=1)
    spared: tuple[Words, ...] = ()


class Rule(Part):
    """One way in which a claim is made."""

    id: RuleId
    version: int = Field(ge=1)
    says: Words
    """What the rule sees, for reviewers: the beginning of `why`."""
    says_en: Words
    learned: bool = False
    """Whether the pack's weights decide; such a rule has no `match` and no `together`."""
    match: tuple[Pattern, ...] = ()
    together: tuple[Together, ...] = ()
    needs: tuple[Nearby, ...] = ()
    spares: tuple[Spare, ...] = ()
    boosts: tuple[Boost, ...] = ()
    weight: float = Field(default=1.0, ge=-5, le=5)
    """Log-odds that a match in a fitting context, without any cue, is the claim."""
    word: bool = True
    """Whether a match must begin and end where dictionary words do."""
    heard: tuple[Voice, ...] = ()
    """Voices that do not speak against this rule."""
    firm: bool = False
    """Whether the rule stands though the pack's weights say that nothing is offered there."""
    severity: int | None = Field(default=None, ge=1, le=3)
    law: tuple[LawKey, ...] = ()
    examples: Examples


class Bilingual(Part):
    """A text for readers of Chinese and of English."""

    zh: Words
    en: Words


class Claim(Part):
    """One kind of claim with all its rules: one YAML file."""

    claim: Name
    label: Bilingual
    severity: int = Field(ge=1, le=3)
    law: tuple[LawKey, ...] = Field(min_length=1)
    guidance: Bilingual
    groups: dict[Name, Group] = Field(default_factory=dict)
    spares: tuple[Spare, ...] = ()
    """Spares of every rule of the claim."""
    rules: tuple[Rule, ...] = Field(min_length=1)


class Lexicon(Part):
    """Groups that every claim may use, cues of voice among them."""

    groups: dict[Name, Group]


class CoreTerm(Part):
    """Terms whose evasions are looked for; `families` says which (default: all)."""

    terms: tuple[Term, ...] = Field(min_length=1)
    families: tuple[str, ...] = ()


class Core(Part):
    """The terms whose evasions are looked for."""

    core: tuple[CoreTerm, ...]
    also: dict[Term, tuple[Term, ...]] = Field(default_factory=dict)
    """Spellings of a term that no family makes."""
