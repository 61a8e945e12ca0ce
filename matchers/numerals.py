"""Chinese and Arabic numerals as numbers."""

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "〇": 0,
    "幺": 1,
}
_SMALL = {"十": 10, "百": 100, "千": 1_000}
_LARGE = {"万": 10_000, "亿": 100_000_000}


def number_of(said: str) -> float | None:
    """The number that is written as `1980`, `1.98`, `一千九百八十`, `三千二` or `一点九八万`.

    None of what is no number.
    """
    try:
        return float(said)
    except ValueError:
        pass
    power = 1
    while len(said) > 1 and said[-1] in _LARGE and "点" in said:
        power *= _LARGE[said[-1]]
        said = said[:-1]
    whole, point, rest = said.partition("点")
    value = _whole(whole)
    if value is None or (point and not rest):
        return None
    for place, char in enumerate(rest, start=1):
        if char not in _DIGITS:
            return None
        value += _DIGITS[char] / 10**place
    return round(value * power, 6)


def _whole(said: str) -> float | None:
    """A whole number; 半 counts half of the power before or after it."""
    if not said:
        return None
    total = section = digit = 0.0
    last_power = 0
    for char in said:
        if char in _DIGITS:
            digit = digit * 10 + _DIGITS[char]
        elif char == "半":
            section += last_power / 2 if last_power else 0.5
        elif char in _SMALL:
            section += (digit or 1) * _SMALL[char]
            digit, last_power = 0, _SMALL[char]
        elif char in _LARGE:
            total = (total + section + digit or 1) * _LARGE[char]
            section = digit = 0
            last_power = _LARGE[char]
        else:
            return None
    # 三千二 is 3,200: a last digit without a power takes the next lower one.
    if digit and last_power >= 100 and said[-2] not in "零〇" and digit < 10:
        digit *= last_power / 10
    return total + section + digit
