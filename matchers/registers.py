"""Numbers that registers give out, with their check digits."""

import re

_CODE_CHARS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_PATENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def credit_code_holds(code: str) -> bool:
    """Whether a unified social credit code has the right check character (GB 32100-2015)."""
    if len(code) != 18 or any(char not in _CODE_CHARS for char in code):
        return False
    total = sum(
        _CODE_CHARS.index(char) * weight
        for char, weight in zip(code[:17], _CODE_WEIGHTS, strict=True)
    )
    return _CODE_CHARS[(31 - total % 31) % 31] == code[17]


def patent_number(said: str) -> str | None:
    """The application number (ZC 0006-2003) without signs, `?` for a masked digit.

    Twelve digits, the fifth the kind (1 and 8 invention, 2 and 9 utility model, 3 design), then a
    check digit, left out if it is not given. None of what cannot be one: a wrong check digit, an
    unknown kind, nearly all masked but the year.
    """
    bare = re.sub(r"[^0-9x*]", "", said.lower().removeprefix("zl").removeprefix("cn"))
    if said.rstrip().endswith(".x") or (len(bare) == 13 and bare[-1] == "x"):
        body, check = bare[:-1], "x"
    elif len(bare) == 13:
        body, check = bare[:-1], bare[-1]
    else:
        body, check = bare, ""
    body = re.sub("[x*]", "?", body)
    masked = "?" in body
    if len(body) != 12 and not (masked and 8 <= len(body) <= 12):
        return None
    if body[4] not in "12389?":
        return None
    if check and not masked and check != _check_digit(body):
        return None
    if not masked and not check and not said.lower().lstrip().startswith(("zl", "cn")):
        return None
    return (body + check.replace("*", "?")).upper()


def _check_digit(body: str) -> str:
    rest = sum(int(digit) * w for digit, w in zip(body, _PATENT_WEIGHTS, strict=True)) % 11
    return "x" if rest == 10 else str(rest)
