"""Every rule finds its own examples, and no rule finds the near misses of any."""

import pytest

from matchers.pack import Pack, load_pack
from matchers.rules import Claim, Rule
from matchers.scan import Matcher

RULES = list(load_pack().rules())
EXAMPLES = [(claim, rule, text) for claim, rule in RULES for text in rule.examples.hit]
NEAR_MISSES = [(rule, text) for _, rule in RULES for text in rule.examples.spared]


@pytest.mark.parametrize("claim,rule,text", EXAMPLES, ids=lambda value: str(value)[:40])
def test_a_rule_finds_its_example(shipped: Matcher, claim: Claim, rule: Rule, text: str) -> None:
    assert claim.claim in {hit.claim for hit in shipped.scan(text).hits}, rule.id


@pytest.mark.parametrize("rule,text", NEAR_MISSES, ids=lambda value: str(value)[:40])
def test_a_near_miss_is_spared_by_the_whole_pack(shipped: Matcher, rule: Rule, text: str) -> None:
    assert shipped.scan(text).hits == (), rule.id


def test_the_pack_covers_the_eighteen_claims(shipped_pack: Pack) -> None:
    assert sorted(claim.claim for claim in shipped_pack.claims) == [
        "absolute_claims",
        "conflict_of_interest",
        "credential_rental",
        "disparagement",
        "fabricated_application",
        "false_evidence",
        "gi_misuse",
        "green_channel",
        "guaranteed_grant",
        "identity_fabrication",
        "ip_keyword_infringement",
        "name_hanging",
        "official_impersonation",
        "patent_trade",
        "refund_promise",
        "trademark_bad_faith",
        "unfair_price",
        "unlicensed_agency",
    ]
    assert shipped_pack.weights is not None
    assert set(shipped_pack.weights.claims) == {claim.claim for claim in shipped_pack.claims}
    for claim in shipped_pack.claims:
        assert sum(rule.learned for rule in claim.rules) == 1, claim.claim


def test_every_rule_has_near_misses_and_every_claim_its_guidance(shipped_pack: Pack) -> None:
    for claim, rule in shipped_pack.rules():
        assert rule.examples.spared, rule.id
        assert claim.guidance.zh
        assert claim.guidance.en
