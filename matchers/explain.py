"""Why a place is a hit: the factors, and one sentence made of them, in Chinese or English."""

from typing import NamedTuple


class Factor(NamedTuple):
    """One thing that spoke for (`by` above zero) or against the hit, and its words in the text."""

    kind: str
    cue: str
    by: float


_ZH = {
    "words": "提到",
    "evasion": "写法经变形",
    "context": "所涉服务为",
    "contact": "有联系方式",
    "order": "有招揽用语",
    "price": "有报价",
    "self": "以自身口吻",
    "you": "直接面向客户",
    "answered": "设问后作肯定答复",
    "deny": "附近有否定",
    "refute": "随后予以否认",
    "prohibit": "语句为禁止或警示",
    "report": "语句为转述",
    "press": "引语来自报道",
    "victim": "近旁为受害投诉",
    "ask": "语句为提问",
    "seek": "为求购询问",
    "law": "近旁引用法规",
    "define": "语句为解释说明",
    "quote": "置于引号内",
    "official": "全文近似官方文书",
    "list": "列于警示清单之下",
    "boost": "近旁有",
    "doubt": "所在语句不像招揽",
}
_EN = {
    "words": "words that tell:",
    "evasion": "spelt to evade",
    "context": "the service is",
    "contact": "a contact is given",
    "order": "words that solicit",
    "price": "a price is given",
    "self": "said in the seller's own voice",
    "you": "said to a client",
    "answered": "asked and answered with yes",
    "deny": "a denial nearby",
    "refute": "denied afterwards",
    "prohibit": "a ban or a warning",
    "report": "reported speech",
    "press": "quoted by the press",
    "victim": "a complaint nearby",
    "ask": "a question",
    "seek": "somebody looking for a service",
    "law": "a law is cited",
    "define": "an explanation",
    "quote": "inside quotation marks",
    "official": "the text is like an official notice",
    "list": "in a list of warnings",
    "boost": "nearby",
    "doubt": "the sentence does not read like an offer",
}


def sentence(text: str, says: str, factors: tuple[Factor, ...]) -> str:
    """One sentence in Chinese: what was seen, and what spoke for and against it."""
    return _compose(text, says, factors, _ZH, ("“{}”：{}", "；", "，", "但", "。"))


def sentence_en(text: str, says: str, factors: tuple[Factor, ...]) -> str:
    """The same in English."""
    return _compose(text, says, factors, _EN, ("“{}”: {}", "; ", ", ", "but ", "."))


def _compose(
    text: str,
    says: str,
    factors: tuple[Factor, ...],
    words: dict[str, str],
    marks: tuple[str, str, str, str, str],
) -> str:
    opening, between, comma, but, end = marks
    shown = "".join(text.split())
    shown = shown if len(shown) <= 40 else shown[:39] + "…"
    if len(factors) == 1 and factors[0].by >= 0:  # As most are.
        return f"{opening.format(shown, says)}{between}{_part(factors[0], words)}{end}"
    parts = [opening.format(shown, says)]
    for_it = [_part(factor, words) for factor in factors if factor.by >= 0]
    against = [_part(factor, words) for factor in factors if factor.by < 0]
    if for_it:
        parts.append(comma.join(dict.fromkeys(for_it)))
    if against:
        parts.append(but + comma.join(dict.fromkeys(against)))
    return between.join(parts) + end


def _part(factor: Factor, words: dict[str, str]) -> str:
    label = words.get(factor.kind, factor.kind)
    return f"{label}“{factor.cue}”" if factor.cue else label
