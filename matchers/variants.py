"""Evasions of core terms, made when a pack is compiled, so that a scan stays literal."""

from collections.abc import Iterator
from itertools import combinations, product

from matchers.pack import Characters
from matchers.rules import Core
from matchers.text import Tables
from matchers.words import dictionary_words

FAMILIES = ("pinyin", "initial", "homophone", "split", "twin", "mask", "repeat")


def evasions(core: Core, characters: Characters, tables: Tables) -> dict[str, str]:
    """Folded spelling -> the core term that it stands for; no spelling is an ordinary word."""
    sounds = _sounds(characters)
    found: dict[str, str] = {}
    for entry in core.core:
        families = entry.families or FAMILIES
        for raw in entry.terms:
            term = tables.fold_term(raw)
            for family in families:
                for spelling in _MAKERS[family](term, characters, sounds):
                    found.setdefault(tables.fold_term_keeping(spelling), term)
    for term, spellings in core.also.items():
        for spelling in spellings:
            found[tables.fold_term_keeping(spelling)] = tables.fold_term(term)
    plain = {tables.fold_term(raw) for entry in core.core for raw in entry.terms}
    return {spelling: term for spelling, term in found.items() if spelling not in plain}


def syllables(characters: Characters) -> frozenset[str]:
    """Every toneless syllable of the language (v = ü)."""
    return frozenset(
        reading[:-1] for readings in characters.readings.values() for reading in readings
    )


Sounds = dict[str, str]


def _sounds(characters: Characters) -> Sounds:
    """Syllable with tone -> the common characters that are mostly read so."""
    sounds: dict[str, str] = {}
    for char, readings in characters.readings.items():
        if char in characters.splits or _common(char):
            for reading in readings[:2]:
                sounds[reading] = sounds.get(reading, "") + char
    return sounds


def _common(char: str) -> bool:
    """Whether it is one of the 3,755 commonest characters (the first level of GB 2312)."""
    code = char.encode("gb2312", "ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


def _pinyin(term: str, characters: Characters, _sounds: Sounds) -> Iterator[str]:
    """Some characters spelt; all of them only where at least three are."""
    spelt = [characters.readings.get(char, ("",))[0][:-1] for char in term]
    if not all(spelt):
        return
    for kept in product((True, False), repeat=len(term)):
        if all(kept) or (not any(kept) and len(term) < 3):
            continue
        yield "".join(
            char if keep else spelling
            for char, spelling, keep in zip(term, spelt, kept, strict=True)
        )


def _initial(term: str, characters: Characters, _sounds: Sounds) -> Iterator[str]:
    """One character as its first letter, in terms of four characters up to two."""
    spelt = [characters.readings.get(char, ("",))[0][:-1] for char in term]
    if not all(spelt):
        return
    for count in range(1, 3 if len(term) >= 4 else 2):
        for places in combinations(range(len(term)), count):
            letters = [
                {spelt[at][0], spelt[at][:2] if spelt[at][1:2] == "h" else spelt[at][0]}
                if at in places
                else {term[at]}
                for at in range(len(term))
            ]
            yield from ("".join(choice) for choice in product(*letters))


def _homophone(term: str, characters: Characters, sounds: Sounds) -> Iterator[str]:
    """One character replaced by another of the same sound and tone, no ordinary word made."""
    for at, char in enumerate(term):
        readings = characters.readings.get(char)
        if not readings:
            continue
        for other in sounds.get(readings[0], ""):
            spelling = term[:at] + other + term[at + 1 :]
            if other != char and not _ordinary(spelling, at):
                yield spelling


def _ordinary(spelling: str, at: int) -> bool:
    """Whether the dictionary knows a word in `spelling` that takes the character at `at` in."""
    return any(
        start <= at < end and end - start > 1 for _, start, end in dictionary_words(spelling)
    )


def _split(term: str, characters: Characters, _sounds: Sounds) -> Iterator[str]:
    """One or two characters taken apart into their parts."""
    for count in (1, 2):
        for places in combinations(range(len(term)), count):
            ways = [
                characters.splits.get(term[at], ()) if at in places else (term[at],)
                for at in range(len(term))
            ]
            yield from ("".join(choice) for choice in product(*ways))


def _twin(term: str, characters: Characters, _sounds: Sounds) -> Iterator[str]:
    """One character replaced by one that looks like it, no ordinary word made."""
    for at, char in enumerate(term):
        for other in characters.twins.get(char, ""):
            spelling = term[:at] + other + term[at + 1 :]
            if not _ordinary(spelling, at):
                yield spelling


def _mask(term: str, _characters: Characters, _sounds: Sounds) -> Iterator[str]:
    """One character of at least four lost to a question mark, by a broken conversion."""
    if len(term) >= 4:
        yield from (term[:at] + "?" + term[at + 1 :] for at in range(1, len(term) - 1))


def _repeat(term: str, _characters: Characters, _sounds: Sounds) -> Iterator[str]:
    """Every character two or three times."""
    for times in (2, 3):
        yield "".join(char * times for char in term)


_MAKERS = {
    "repeat": _repeat,
    "pinyin": _pinyin,
    "initial": _initial,
    "homophone": _homophone,
    "split": _split,
    "twin": _twin,
    "mask": _mask,
}
