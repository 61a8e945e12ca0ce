"""rapidocr with its models, and a font with Chinese characters to draw pictures with."""

from pathlib import Path

from lantian.commands.doctor import FONT_FOLDERS, NO_FONT
from lantian.pictures.engine import available
from tests.services.source import Installed, Missing, Source

NAMES = ("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "*CJK*.ttc", "*CJK*.otf")


def find() -> Source:
    """The font, where pictures can be read as well."""
    if not available():
        return Missing("no rapidocr; `make test` installs it from the lock, as does the extra ocr")
    path = font()
    if path is None:
        return Missing(f"no font to draw pictures with. {NO_FONT}")
    return Installed(path)


def font() -> Path | None:
    """A font with Chinese characters; none if there is none."""
    for name in NAMES:
        for folder in FONT_FOLDERS:
            for path in sorted(Path(folder).expanduser().rglob(name)):
                return path
    return None
