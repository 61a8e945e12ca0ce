"""Why a clue is dismissed: nine reasons, one for each key from 1 to 9."""

from dataclasses import dataclass

from lantian.errors import Invalid


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for which a clue is no violation."""

    key: int
    code: str
    zh: str
    en: str


REASONS = (
    Reason(1, "no_such_claim", "没有该违规宣称（误报）", "The text makes no such claim"),
    Reason(2, "news_or_law", "新闻、法规或案例介绍", "News, law, or an account of a case"),
    Reason(3, "warning", "提醒、揭露或投诉", "A warning, an exposure or a complaint"),
    Reason(4, "denial", "明确否认或声明不提供", "It denies the claim or declines the service"),
    Reason(5, "question", "提问、求助或讨论", "A question, a request or a discussion"),
    Reason(6, "refund_only", "仅承诺退款，未保证结果", "A refund promise only, no guarantee"),
    Reason(7, "lawful", "官方渠道或有合法依据", "An official channel, or lawful as it stands"),
    Reason(8, "duplicate", "与其他线索重复", "The same as another clue"),
    Reason(9, "other", "其他原因", "Another reason"),
)

SAYS_NOTHING = frozenset({"duplicate"})
"""Reasons that say nothing of the text itself."""

_BY_CODE = {reason.code: reason for reason in REASONS}
_BY_KEY = {reason.key: reason for reason in REASONS}


def reason_of(code: str) -> Reason:
    """The reason of that code; raises `Invalid`."""
    found = _BY_CODE.get(code)
    if found is None:
        raise Invalid(
            f"reason {code!r} is unknown.", hint=f"Use one of {', '.join(sorted(_BY_CODE))}."
        )
    return found


def reason_by_key(key: int) -> Reason:
    """The reason under a key from 1 to 9; raises `Invalid`."""
    found = _BY_KEY.get(key)
    if found is None:
        raise Invalid(f"there is no reason {key}.", hint="Use a key from 1 to 9.")
    return found
