"""Every rule finds its own examples, and no rule finds the near misses of any."""

from collections.abc import Callable

import pytest

from matchers.pack import Pack, load_pack
from matchers.rules import Claim, Rule
from matchers.scan import Hit

RULES = list(load_pack().rules())
EXAMPLES = [(claim, rule, text) for claim, rule in RULES for text in rule.examples.hit]
NEAR_MISSES = [(rule, text) for _, rule in RULES for text in rule.examples.spared]


@pytest.mark.parametrize("claim,rule,text", EXAMPLES, ids=lambda value: str(value)[:40])
def test_a_rule_finds_its_example(
    hits_of: Callable[[str], tuple[Hit, ...]], claim: Claim, rule: Rule, text: str
) -> None:
    assert claim.claim in {hit.claim for hit in hits_of(text)}, rule.id


@pytest.mark.parametrize("rule,text", NEAR_MISSES, ids=lambda value: str(value)[:40])
def test_a_near_miss_is_spared_by_the_whole_pack(
    hits_of: Callable[[str], tuple[Hit, ...]], rule: Rule, text: str
) -> None:
    assert hits_of(text) == (), rule.id


def test_the_pack_covers_the_four_claims_with_which_everything_began(pack: Pack) -> None:
    assert {claim.claim for claim in pack.claims} == {
        "guaranteed_grant",
        "green_channel",
        "name_hanging",
        "official_impersonation",
    }


def test_every_rule_has_near_misses_and_every_claim_its_guidance(pack: Pack) -> None:
    for claim, rule in pack.rules():
        assert rule.examples.spared, rule.id
        assert claim.guidance.zh
        assert claim.guidance.en
