"""Chinese first, English by one switch: gettext catalogues, compiled when they are loaded.

The words in the code are the English ones; `locale/zh_CN` holds the Chinese.
"""

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages import mofile, pofile

FOLDER = Path(__file__).parent / "locale"
LOCALES = ("zh_CN", "en")


@cache
def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of the locale; English needs none."""
    file = FOLDER / locale / "LC_MESSAGES" / "lantian.po"
    if not file.exists():
        return gettext.NullTranslations()
    with file.open("rb") as source:
        catalogue = pofile.read_po(source, locale=locale)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


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
