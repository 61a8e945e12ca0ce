"""A second opinion made of examples: both questions learnt, and what they were learnt from."""

from importlib.metadata import version
from typing import Any

from lantian.errors import Invalid
from lantian.second.labels import Examples
from lantian.second.learning import ENOUGH, learn
from lantian.second.opinion import Opinion


def made(examples: Examples, origin: dict[str, Any]) -> tuple[Opinion, dict[int, float]]:
    """The opinion, and for each document learnt as a text what weights say that had not seen it.

    Raises `Invalid` where there are too few examples for either question.
    """
    clue, missed = learn(examples.clue), learn(examples.missed)
    if clue is None and missed is None:
        counts = " and ".join(
            f"{sum(one.answer for one in some)} for, {sum(not one.answer for one in some)} against"
            for some in (examples.clue, examples.missed)
        )
        raise Invalid(
            f"there are too few examples ({counts}).",
            hint=f"It takes {ENOUGH} of each answer: decide more clues, or name labelled texts.",
        )
    versions = {name: version(name) for name in ("scikit-learn", "numpy")}
    opinion = Opinion(
        clue=clue.head if clue else None,
        missed=missed.head if missed else None,
        origin=origin | {"versions": versions},
    )
    pairs = zip(examples.missed, missed.unseen, strict=True) if missed else ()
    return opinion, {
        example.document_id: said for example, said in pairs if example.document_id is not None
    }
