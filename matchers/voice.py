"""Who says it, and how: what the words around a match say for and against an offer.

The cues are the groups of `lexicon/voice.groups.yaml`; here stands how far each reaches.
"""

from collections.abc import Callable

from matchers.clauses import COMMAS, FOLLOWING, STOPS, Place, Tagged
from matchers.explain import Factor

WEIGHTS = {
    "contact": 1.0,
    "order": 0.8,
    "price": 0.6,
    "self": 0.8,
    "you": 0.4,
    "answered": 0.5,
    "deny": -5.0,
    "refute": -4.5,
    "prohibit": -4.5,
    "report": -4.0,
    "press": -3.5,
    "victim": -3.5,
    "ask": -3.5,
    "seek": -3.0,
    "law": -2.5,
    "define": -2.5,
    "quote": -1.2,
    "official": -2.5,
    "list": -4.0,
}
MOST_FOR = 2.2
"""What cues of an offer can add up to: they never outweigh a denial."""


def judge(
    tagged: Tagged,
    place: Place,
    *,
    own: tuple[str, ...] = (),
    phrase: bool = True,
    heard: tuple[str, ...] = (),
) -> list[Factor]:
    """The factors of voice for a match at `place`.

    `own` are the groups that the match is made of; `phrase`: it is one statement, so that a
    negation inside it, but not inside those, is one of it; `heard` names voices that do not
    count.
    """
    view = _View(tagged, place, own, phrase=phrase)
    factors: list[Factor] = []
    for kind, voice, find, groups in _AGAINST:
        if (groups is None or view.may(groups)) and voice not in heard and (cue := find(view)):
            factors.append(Factor(kind, cue, WEIGHTS[kind]))
    if "question" not in heard:
        factors += _asked(view)
    if "quotation" not in heard and (cue := _quoted(view)):
        factors.append(Factor("quote", cue, WEIGHTS["quote"]))
    return factors + _offered(view)


class _View:
    """A match with its sentence and what stands around it."""

    def __init__(self, tagged: Tagged, place: Place, own: tuple[str, ...], *, phrase: bool) -> None:
        self.tagged = tagged
        self.own = own
        self.phrase = phrase
        self.place = place
        self.sentence = tagged.sentence(*place)
        self.clause = tagged.clause(*place)
        self.near = tagged.near(*place)
        self.before = (self.sentence[0], place[0])
        self.after = (place[1], self.sentence[1])
        self._shown = tagged.around(tagged.surroundings(place))
        self._bits = tagged.groups.bit

    def may(self, groups: tuple[str, ...]) -> bool:
        """Whether a term of one of `groups` may stand near: cheaper than looking for it."""
        return bool(self._shown & self.tagged.groups.of(groups))

    def found(self, group: str, bounds: Place) -> list[Place]:
        """The terms of `group` in `bounds`, which reach no farther than what is near."""
        if self._shown & self._bits.get(group, 0):
            return self.tagged.within(group, bounds)
        return []

    def word(self, group: str, bounds: Place) -> str:
        """The first of them, or an empty string."""
        found = self.found(group, bounds)
        return self.tagged.text(found[0]) if found else ""

    def last(self, group: str, bounds: Place) -> Place | None:
        """The last of them."""
        found = self.found(group, bounds)
        return found[-1] if found else None

    def has(self, group: str, bounds: Place) -> bool:
        """Whether there is one."""
        return bool(self.found(group, bounds))

    def inner_negation(self) -> str:
        """A negation inside the match that belongs to none of its own terms."""
        found = self.found("deny_inside", self.place)
        if found:
            terms = [tag for group in self.own for tag in self.tagged.within(group, self.place)]
            for start, end in found:
                if not any(left <= start and end <= right for left, right in terms):
                    return self.tagged.text((start, end))
        return ""

    def between(self, cue: Place) -> Place:
        """What stands between a cue before the match and the match."""
        return cue[1], self.place[0]

    def governs(self, cue: Place) -> bool:
        """Whether no new speaker, and no turn, stands between a cue and the match."""
        gap = self.between(cue)
        return not (self.has("speaker", gap) or self.has("turn", gap))


def _denied(view: _View) -> str:
    chars = view.tagged.chars
    inside = view.inner_negation() if view.phrase else ""
    if inside:
        return inside
    for cue in reversed(view.found("deny", view.before)):
        between = chars[cue[1] : view.place[0]]
        if len(between) > 4 or any(char in COMMAS for char in between):
            break
        if between.endswith("的"):
            continue  # 不要的位置: what is denied is something else
        if between and view.tagged.soft_break(cue[1] - 1, view.place[0]):
            break
        if view.governs(cue):
            return view.tagged.text(cue)
    for cue in reversed(view.found("deny_verb", view.before)):
        between = chars[cue[1] : view.place[0]]
        if len(between) > 28 or "，" in between:
            break
        if view.governs(cue):
            return view.tagged.text(cue)
    return ""


_REFUTED = (("refute", 26), ("refute_weak", 9))
_NOT = ("不是", "不会", "绝非", "并非", "没有", "不算", "不", "没", "零", "无")


def _refuted(view: _View) -> str:
    """What says, after the match, that it is not so; the weaker words only close behind it."""
    tagged, end = view.tagged, view.place[1]
    for group, reach in _REFUTED:
        for cue in view.found(group, (end, min(view.after[1], end + reach))):
            if view.has("speaker", (end, cue[0])):
                break
            if not tagged.chars[max(end, cue[0] - 3) : cue[0]].endswith(_NOT):
                return tagged.text(cue)
    follow = (view.sentence[1], min(len(tagged.chars), view.sentence[1] + FOLLOWING))
    return view.word("refute_next", follow)


def _prohibited(view: _View) -> str:
    for group in ("prohibit", "enforce"):
        for cue in reversed(view.found(group, view.before)):
            if view.governs(cue):
                return view.tagged.text(cue)
    return view.word("enforce", view.after)


_REPORTING = ("so_called", "report_verb", "third_says", "such_like", "third_party")


def _reported(view: _View) -> str:
    tagged, place = view.tagged, view.place
    if not view.may(_REPORTING):
        return _said(view)
    for cue in reversed(view.found("so_called", view.before)):
        reach = 2 if cue[1] - cue[0] < 2 else 8
        if place[0] - cue[1] <= reach and view.governs(cue):
            return tagged.text(cue)
    for group in ("report_verb", "third_says"):
        for cue in reversed(view.found(group, view.before)):
            if view.governs(cue):
                return tagged.text(cue)
    said = _said(view)
    if said:
        return said
    follows = view.word("such_like", (place[1], min(view.after[1], place[1] + 14)))
    if follows:
        return follows
    third = view.last("third_party", view.before)
    if third and view.governs(third) and not view.has("contact", view.sentence):
        return tagged.text(third)
    return ""


_SAID = (
    "说",
    "说是",
    "说他",
    "说他们",
    "说能",
    "说可以",
    "说自己",
    "称",
    "称能",
    "讲",
    "告诉我",
    "表示",
)


def _said(view: _View) -> str:
    """The verb of saying right before the match, where nobody speaks for the shop."""
    lead = view.tagged.chars[max(view.sentence[0], view.place[0] - 4) : view.place[0]]
    if not lead.endswith(_SAID):
        return ""
    for verb in _SAID:
        if lead.endswith(verb) and not view.has("speaker", (view.clause[0], view.place[0])):
            return verb
    return ""


def _complained(view: _View) -> str:
    cue = view.word("victim", view.sentence)
    if cue:
        return cue
    if view.has("contact", view.sentence) or view.has("speaker", view.before):
        return ""
    return view.word("victim", view.near)


def _sought(view: _View) -> str:
    """What shows that somebody looks for a service, where no contact is given."""
    if view.has("contact", view.near) or view.has("speaker", view.sentence):
        return ""
    return view.word("seeker", view.near)


def _cited(view: _View) -> str:
    return view.word("law_ref", view.sentence)


def _defined(view: _View) -> str:
    return view.word("define", view.sentence)


def _listed(view: _View) -> str:
    """The heading under whose list the match stands, where that heading warns."""
    tagged = view.tagged
    headings = tagged.within("warn_heading", (max(0, view.sentence[0] - 400), view.place[0]))
    if not headings:
        return ""
    heading = headings[-1]
    gap = (heading[1], view.place[0])
    opening = tagged.text((gap[0], min(gap[0] + 16, gap[1])))
    if "：" not in opening and "\n" not in opening:
        return ""
    if tagged.first_within(("speaker", "contact"), gap) or "\n\n" in tagged.text(gap):
        return ""
    return tagged.text(heading)


def _official(view: _View) -> str:
    found = view.tagged.tags("official_style")
    if len(found) < 3 or view.has("contact", view.near) or view.has("self", view.sentence):
        return ""
    kinds = {view.tagged.text(place) for place in found}
    return "、".join(sorted(kinds)[:3]) if len(kinds) >= 3 else ""


def _asked(view: _View) -> list[Factor]:
    cue = _question(view)
    if not cue:
        return []
    following = view.tagged.near(*view.place, sentences=1)
    answer = (view.sentence[1], min(len(view.tagged.chars), view.sentence[1] + 8))
    if view.has("answer_yes", answer):
        return [Factor("answered", view.word("answer_yes", answer), WEIGHTS["answered"])]
    addressed = view.has("want", view.sentence) or view.has("you", view.sentence)
    sells = any(view.has(group, following) for group in ("contact", "order", "price", "you"))
    if addressed and sells and not view.has("asker", view.near):
        return []
    return [Factor("ask", cue, WEIGHTS["ask"])]


def _question(view: _View) -> str:
    mark = view.tagged.chars[view.sentence[1] - 1 : view.sentence[1]]
    if mark == "？":
        return "？"
    cue = view.word("ask", view.clause)
    if cue:
        return cue
    tail = view.tagged.text((view.place[1], view.clause[1])).rstrip("".join(STOPS))
    for particle in ("吗", "么", "呢", "嘛"):
        if tail.endswith(particle):
            return particle
    return ""


_LEFT, _RIGHT = '“"「『‘＂〝«', '”"」』’＂〞»'
_QUOTED = 60
"""Most characters that a quotation holds on either side of a match."""


def _quotation(view: _View) -> tuple[int, int] | None:
    """The quotation marks around the match, as indices into the text."""
    if not view.tagged.folded.quotes:
        return None
    start, end = view.place
    before = [
        (at, mark) for at, mark in view.tagged.folded.quotes if start - _QUOTED <= at <= start
    ]
    after = [(at, mark) for at, mark in view.tagged.folded.quotes if end <= at <= end + _QUOTED]
    if before and after and before[-1][1] in _LEFT and after[0][1] in _RIGHT:
        left, right = before[-1], after[0]
        # A straight mark opens only where an even number of them stands before it.
        if (
            left[1] == '"'
            and sum(mark == '"' for at, mark in view.tagged.folded.quotes if at < start) % 2 == 0
        ):
            return None
        return left[0], right[0]
    return None


def _quoted(view: _View) -> str:
    """The words in quotation marks, where they are no advertisement of the shop's own."""
    found = _quotation(view)
    if found is None or any(
        view.has(group, view.sentence) for group in ("contact", "order", "speaker")
    ):
        return ""
    return "“”"


def _cited_by_press(view: _View) -> str:
    """Who quotes it, where it stands in quotation marks."""
    if _quotation(view) is None:
        return ""
    return view.word("journalist", view.tagged.near(*view.place, sentences=1))


_AGAINST: tuple[tuple[str, str, Callable[[_View], str], tuple[str, ...] | None], ...] = (
    ("deny", "denial", _denied, ("deny", "deny_verb", "deny_inside")),
    ("refute", "refutation", _refuted, ("refute", "refute_weak", "refute_next")),
    ("prohibit", "ban", _prohibited, ("prohibit", "enforce")),
    ("report", "report", _reported, None),
    ("press", "report", _cited_by_press, ("journalist",)),
    ("victim", "victim", _complained, ("victim",)),
    ("seek", "question", _sought, ("seeker",)),
    ("law", "law", _cited, ("law_ref",)),
    ("define", "definition", _defined, ("define",)),
    ("list", "list", _listed, None),
    ("official", "official", _official, None),
)
"""What speaks against an offer, the voice, how it is found, and groups.

Where groups are named it is not found unless a term of one is near.
"""


def _offered(view: _View) -> list[Factor]:
    """What speaks for an offer; it is the same for all matches of a sentence."""
    key = (view.sentence, view.near)
    factors = view.tagged.offered.get(key)
    if factors is None:
        factors = view.tagged.offered[key] = _for_it(view)
    return factors


def _for_it(view: _View) -> list[Factor]:
    factors = []
    total = 0.0
    for kind, bounds in (
        ("contact", view.near),
        ("self", view.sentence),
        ("order", view.near),
        ("price", view.sentence),
        ("you", view.sentence),
    ):
        cue = view.word(kind, bounds)
        if cue:
            by = min(WEIGHTS[kind], MOST_FOR - total)
            total += by
            factors.append(Factor(kind, cue, round(by, 3)))
    return factors
