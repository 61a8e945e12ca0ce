"""Chinese first, English by one switch: gettext catalogues.

The words in the code are the English ones; `locale/zh_CN/…/lantian.po` holds the Chinese, and
`make words` compiles it.
"""

import gettext
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "locale"
LOCALES = ("zh_CN", "en")


@cache
def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of the locale; English needs none."""
    return gettext.translation("lantian", FOLDER, [locale], fallback=locale == "en")


def chosen(preferred: str | None, accepted: str, default: str) -> str:
    """The locale of a page: the person's own choice, else the browser's, else the default."""
    if preferred in LOCALES:
        return str(preferred)
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().lower()
        # Every kind of zh is ours: negotiation by Babel takes zh-CN for English.
        if tag.startswith("zh"):
            return "zh_CN"
        if tag.startswith("en"):
            return "en"
    return default


def side(locale: str) -> str:
    """The key of a locale in our two-sided labels: zh or en."""
    return "zh" if locale == "zh_CN" else "en"
