"""The figure `likeness`: which edits of a text, and of a picture, are still found as the same.

Pairs are made by known edits of seeded texts and pictures. For each edit and threshold: the share
of pairs whose copy finds its original in an index of all originals (bands, then the estimate); for
pairs that only share parts, and for unrelated texts, the share that is found wrongly. Then groups:
whoever is alike to one of a group belongs to it, so what one wrong pair can join is counted too.

    python -m bench.likeness [TEXTS [LETTERS]]   (LETTERS: each text is cut to so many)
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench import pictures
from bench.texts import texts
from matchers.likeness import ALIKE, Index, Signature, sign_many
from matchers.pack import load_pack
from matchers.scan import Matcher
from matchers.text import Tables

TEXTS = 2_000
IN_A_ROUND = 600
SEED = 20_261_128
THRESHOLDS = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)
HANZI = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过"
    "子说产种面而方后多定行学法所民得经"
)
TRADITIONAL = str.maketrans("专权证发书号码质办复请", "專權證發書號碼質辦復請")

Edit = Callable[[str, random.Random], str]


def run(
    rounds: int = 3, *, quick: bool = False, number: int = IN_A_ROUND, letters: int | None = None
) -> dict[str, Any]:
    """The figure: shares by edit and threshold, texts signed a second, each round other texts."""
    matcher = Matcher.compile(load_pack())
    number = 60 if quick else number
    samples = [_round(SEED + turn, number, matcher.tables, letters) for turn in range(rounds)]
    return {"samples": {"lantian": samples}, "texts": number, "threshold": ALIKE}


def _round(seed: int, number: int, tables: Tables, letters: int | None) -> dict[str, Any]:
    chance = random.Random(seed)
    originals = [one[:letters] for one in _originals(seed, number)]
    begun = time.process_time()
    signatures = sign_many(originals, tables)
    seconds = time.process_time() - begun
    index: Index[int] = Index()
    for key, signature in enumerate(signatures):
        index.add(key, _there(signature))
    found = {
        name: _shares(index, sign_many([edit(one, chance) for one in originals], tables))
        for name, edit in EDITS.items()
    }
    wrong = {name: _pairs(make, originals, chance, tables) for name, make in DIFFERENT.items()}
    wrong["unrelated"] = _unrelated(index, _signed(_originals(seed + 500, number), tables))
    return {
        "found": found,
        "wrong": wrong,
        "groups": _groups(originals, chance, tables),
        "pictures": pictures.measured(seed, number // 10),
        "signed_per_second": round(number / seconds),
        "letters": round(sum(map(len, originals)) / number),
    }


def _originals(seed: int, number: int) -> list[str]:
    made = texts(seed, 1e6, 0.5)
    return [next(made)[0] for _ in range(number)]


def _there(signature: Signature | None) -> Signature:
    if signature is None:
        raise AssertionError("a text of the corpus has no letter")
    return signature


def _signed(some: Sequence[str], tables: Tables) -> list[Signature]:
    return [_there(signature) for signature in sign_many(some, tables)]


def _shares(index: Index[int], copies: Sequence[Signature | None]) -> dict[str, float]:
    """For each threshold the share of copies that find their original."""
    likeness = []
    for key, copy in enumerate(copies):
        near = dict(index.query(_there(copy), 0.0))
        likeness.append(near.get(key, -1.0))
    return _above(likeness)


def _pairs(
    make: "Callable[[Sequence[str], random.Random], tuple[list[str], list[str]]]",
    originals: Sequence[str],
    chance: random.Random,
    tables: Tables,
) -> dict[str, float]:
    left, right = (_signed(side, tables) for side in make(originals, chance))
    likeness = []
    for one, other in zip(left, right, strict=True):
        banded = set(one.bands()) & set(other.bands())
        likeness.append(one.likeness(other) if banded else -1.0)
    return _above(likeness)


def _unrelated(index: Index[int], others: Sequence[Signature]) -> dict[str, float]:
    """For each threshold the share of all pairs that are found."""
    likeness = [near for other in others for _, near in index.query(other, 0.0)]
    pairs = len(index) * len(others)
    return {f"{least}": sum(one >= least for one in likeness) / pairs for least in THRESHOLDS}


def _groups(
    originals: Sequence[str], chance: random.Random, tables: Tables
) -> dict[str, dict[str, float]]:
    """For each threshold what becomes of every text with three copies of it.

    Half of the texts end with the same lines of a shop, a quarter of their length.
    """
    common = originals[0]
    given = [one + common[: len(one) // 3] if n % 2 else one for n, one in enumerate(originals)]
    owners, copies = [], []
    for owner, one in enumerate(given):
        copies += [one, *(edit(one, chance) for edit in GROUPED)]
        owners += [owner] * (len(GROUPED) + 1)
    signatures = _signed(copies, tables)
    return {f"{least}": _grouped(signatures, owners, least) for least in THRESHOLDS if least >= 0.5}


def _grouped(
    signatures: Sequence[Signature], owners: Sequence[int], least: float
) -> dict[str, float]:
    index: Index[int] = Index()
    leader = list(range(len(signatures)))

    def root(one: int) -> int:
        while leader[one] != one:
            leader[one] = one = leader[leader[one]]
        return one

    for key, signature in enumerate(signatures):
        for near, _ in index.query(signature, least):
            leader[root(key)] = root(near)
        index.add(key, signature)
    members: dict[int, set[int]] = {}
    whole: dict[int, set[int]] = {}
    for key, owner in enumerate(owners):
        members.setdefault(root(key), set()).add(owner)
        whole.setdefault(owner, set()).add(root(key))
    texts_ = len(whole)
    return {
        "whole": round(sum(len(groups) == 1 for groups in whole.values()) / texts_, 4),
        "mixed": round(sum(len(members[root(k)]) > 1 for k in range(len(owners))) / len(owners), 4),
        "largest": max(map(len, members.values())),
    }


def _above(likeness: Sequence[float]) -> dict[str, float]:
    return {
        f"{least}": round(sum(one >= least for one in likeness) / len(likeness), 4)
        for least in THRESHOLDS
    }


def _changed(share: float) -> Edit:
    """Letters here and there replaced, left out or put in."""

    def edit(text: str, chance: random.Random) -> str:
        made = []
        for letter in text:
            if chance.random() >= share:
                made.append(letter)
                continue
            kind = chance.randrange(3)
            if kind:
                made.append(chance.choice(HANZI))
            if kind == 2:
                made.append(letter)
        return "".join(made)

    return edit


def _rewritten(share: float) -> Edit:
    """As much of the text in stretches of 4 to 12 letters, each written anew."""

    def edit(text: str, chance: random.Random) -> str:
        letters = list(text)
        left = round(len(text) * share)
        while left > 0:
            size = min(left, chance.randint(4, 12))
            start = chance.randrange(len(letters))
            letters[start : start + size] = chance.choices(HANZI, k=size)
            left -= size
        return "".join(letters)

    return edit


def _disguised(text: str, chance: random.Random) -> str:
    """What folds away: stars, spaces, invisible marks, wide digits, traditional letters."""
    made = []
    for letter in text.translate(TRADITIONAL):
        wide = chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalnum() else letter
        made.append(wide + chance.choice(("", "", "", " ", "★", "\u200b", "🉐", "~")))
    return "".join(made)


def _other_numbers(text: str, chance: random.Random) -> str:
    """Other prices, and the number of another telephone at the end."""
    made = "".join(str(chance.randrange(10)) if one.isdecimal() else one for one in text)
    return f"{made}电话{chance.randrange(10**10, 10**11)}"


def _other_contact(text: str, chance: random.Random) -> str:
    """Another shop that puts its name before the text and its account after it."""
    name = "".join(chance.choices(HANZI, k=4))
    account = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8))
    return f"{name}知识产权：{text}加微信{account}{chance.randrange(1_000)}，{name}随时为您服务。"


def _sentences(text: str) -> list[str]:
    return [part + "。" for part in text.split("。") if part]


def _inserted(text: str, chance: random.Random) -> str:
    """A new sentence after every fourth one, one at least."""
    parts = _sentences(text)
    for place in range(len(parts), -1, -4):
        parts.insert(place, "".join(chance.choices(HANZI, k=chance.randint(10, 25))) + "。")
    return "".join(parts)


def _shuffled(text: str, chance: random.Random) -> str:
    parts = _sentences(text)
    chance.shuffle(parts)
    return "".join(parts)


def _part(share: float) -> Edit:
    def edit(text: str, _chance: random.Random) -> str:
        return text[: max(1, round(len(text) * share))]

    return edit


EDITS: dict[str, Edit] = {
    "disguised (folds away)": _disguised,
    "other prices and telephone": _other_numbers,
    "other name and account": _other_contact,
    "sentences in another order": _shuffled,
    "3 % of letters changed, each alone": _changed(0.03),
    "10 % of letters changed, each alone": _changed(0.10),
    "30 % of letters changed, each alone": _changed(0.30),
    "3 % rewritten in stretches": _rewritten(0.03),
    "10 % rewritten in stretches": _rewritten(0.10),
    "30 % rewritten in stretches": _rewritten(0.30),
    "sentences inserted": _inserted,
    "first three quarters": _part(0.75),
    "first half": _part(0.5),
}


GROUPED = (
    EDITS["3 % of letters changed, each alone"],
    EDITS["10 % rewritten in stretches"],
    EDITS["other name and account"],
)


def _around(share: float) -> Callable[[Sequence[str], random.Random], tuple[list[str], list[str]]]:
    """Different texts with a common part that makes `share` of each."""

    def make(originals: Sequence[str], chance: random.Random) -> tuple[list[str], list[str]]:
        left, right = [], []
        for number in range(len(originals) - 2):
            one, other, common = originals[number : number + 3]
            size = min(len(one), len(other))
            wanted = round(size * share / (1 - share))
            while len(common) < wanted:
                common += chance.choice(originals)
            left.append(one[:size] + common[:wanted])
            right.append(other[:size] + common[:wanted])
        return left, right

    return make


DIFFERENT = {f"{share:.0%} in common": _around(share) for share in (0.3, 0.5, 0.6)}


def curve(sample: dict[str, Any]) -> str:
    """The shares as Markdown tables: pairs of texts, groups, pictures."""
    lines = _head("pair", THRESHOLDS)
    for kind, form in (("found", "{:.3f}"), ("wrong", "{:.2g}")):
        for name, shares in sample[kind].items():
            lines.append(_line(name, [form.format(shares[f"{least}"]) for least in THRESHOLDS]))
    groups = sample["groups"]
    lines += ["", *_head("groups", groups)]
    for name in ("whole", "mixed", "largest"):
        lines.append(_line(name, [f"{one[name]:g}" for one in groups.values()]))
    drawn = sample["pictures"]
    lines += ["", *_head("pictures", pictures.THRESHOLDS)]
    for name, shares in drawn.items():
        lines.append(_line(name, [f"{one:.3g}" for one in shares.values()]))
    return "\n".join(lines)


def _head(name: str, columns: Iterable[object]) -> list[str]:
    titles = [f"{one}" for one in columns]
    return [_line(name, titles), "|---|" + "---|" * len(titles)]


def _line(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    asked = [int(one) for one in sys.argv[1:]]
    figure = run(
        1,
        number=asked[0] if asked else TEXTS,
        letters=asked[1] if len(asked) > 1 else None,
    )
    (only,) = figure["samples"]["lantian"]
    print(curve(only))
    print(json.dumps({name: only[name] for name in ("signed_per_second", "letters")}))
