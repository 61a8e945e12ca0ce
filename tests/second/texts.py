"""What an office decided: half of its clues are offers, half are stories."""

from collections.abc import Iterator

from lantian.clues.decide import decide_many
from lantian.model import Clue
from tests.takedowns.market import Market

GOODS = ["台灯", "水杯", "雨伞", "书架", "风扇", "拉链", "鱼竿", "门锁"]
OFFERS = [
    "{}专利包授权，加微信报价，名额有限",
    "做{}的看过来，专利包授权，私信我发价格",
    "{}发明专利包授权，先到先得，私聊优惠",
]
STORIES = [
    "{}小说连载第三章，掌柜喊专利包授权，众人大笑",
    "{}软件素材，字幕写着专利包授权，演员登台",
    "{}展会回顾，海报印着专利包授权，观众合影",
]
QUIET = ["{}代理服务，提供检索和撰写", "{}厂招聘工程师，周末双休", "{}使用说明，请先阅读"]
MISSED = "想拿证的看过来，名额有限，先到先得，私聊优惠，加微信报价"
"""Says as the offers do, without the word for which the matcher looks."""


def filled(sentences: list[str]) -> Iterator[str]:
    for number, goods in enumerate(GOODS * 4):
        yield sentences[number % len(sentences)].format(f"{goods}{number}号")


def decided(market: Market, platform_id: int) -> dict[str, int]:
    """An office's decisions, and texts without hits; two clues that wait and a miss, by name."""
    offers = [market.posting(platform_id, text) for text in filled(OFFERS)]
    stories = [market.posting(platform_id, text) for text in filled(STORIES)]
    _decide(market, offers, "confirmed", None)
    _decide(market, stories, "dismissed", "no_such_claim")
    for text in filled(QUIET):
        market.quiet(platform_id, text)
    found = {
        "story": market.posting(platform_id, "专利包授权，众人大笑，演员登台，小说连载"),
        "offer": market.posting(platform_id, "专利包授权，名额有限，私聊优惠，加微信报价"),
        "missed": market.quiet(platform_id, MISSED),
    }
    with market.store.write() as session:
        # The matcher is surer of the story: its order is the wrong one.
        session.get_one(Clue, found["story"]).score = 0.99
        session.get_one(Clue, found["offer"]).score = 0.6
    return found


def _decide(market: Market, clue_ids: list[int], verdict: str, reason: str | None) -> None:
    user = market.user()
    with market.store.write() as session:
        outcome = decide_many(
            session,
            clue_ids,
            verdict=verdict,
            reason=reason,
            user=user,
            now=market.now,
            real_now=market.now,
            batch=verdict,
        )
    assert not outcome.failed
