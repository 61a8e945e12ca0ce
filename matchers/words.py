"""Words of Chinese text by jieba's algorithm, with their places.

`rjieba` does the work where it is installed, `jieba` where it is not: the same dictionary, the
same words (one contract test holds both to it).
"""

import logging
import re
import unicodedata
import warnings
from functools import cache
from importlib import metadata
from typing import Protocol

Word = tuple[str, int, int]


class Cutter(Protocol):
    """A segmenter: words with half-open code point offsets, in order, covering the text."""

    version: str

    def cut(self, text: str, *, guess: bool = True) -> list[Word]:
        """The words of `text`; `guess` lets it join characters into words it does not know."""
        ...

    def search(self, text: str) -> list[Word]:
        """The words of `text`, before each the shorter words of the dictionary within it."""
        ...


class RustJieba:
    """Words by `rjieba`."""

    def __init__(self) -> None:
        import rjieba

        self._tokenize = rjieba.tokenize
        self.version = f"rjieba {metadata.version('rjieba')}"

    def cut(self, text: str, *, guess: bool = True) -> list[Word]:
        """The words of `text` with their places."""
        return self._tokenize(text, "default", guess)

    def search(self, text: str) -> list[Word]:
        """The words of `text`, before each the shorter ones within it."""
        return self._tokenize(text, "search", True)  # noqa: FBT003  (takes no keywords)


class PlainJieba:
    """Words by `jieba`."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jieba

        jieba.setLogLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        # Left to itself jieba loads a predictable file of the shared temporary folder with
        # `marshal`, and writes one there.
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
        tokenizer.initialized = True
        self._tokenize = tokenizer.tokenize
        self.version = f"jieba {metadata.version('jieba')}"

    def cut(self, text: str, *, guess: bool = True) -> list[Word]:
        """The words of `text` with their places."""
        return [(word, start, end) for word, start, end in self._tokenize(text, HMM=guess)]

    def search(self, text: str) -> list[Word]:
        """The words of `text`, before each the shorter ones within it."""
        return [(word, start, end) for word, start, end in self._tokenize(text, mode="search")]


@cache
def cutter() -> Cutter:
    """The segmenter of this installation."""
    try:
        return RustJieba()
    except ImportError:
        return PlainJieba()


def cut(text: str) -> list[Word]:
    """The words of `text` with half-open code point offsets, covering it without a gap."""
    return cutter().cut(_encodable(text))


def dictionary_words(text: str) -> list[Word]:
    """The words of `text` that the dictionary holds; everything else as single characters."""
    return cutter().cut(_encodable(text), guess=False)


def _encodable(text: str) -> str:
    """`text` of the same length, lone surrogates replaced: Rust takes no others."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDLIKE = re.compile(r"\w")


class _Plain(dict[int, str]):
    """How characters are written in an index: in ordinary width and lower case."""

    def __missing__(self, point: int) -> str:
        plain = self[point] = unicodedata.normalize("NFKC", chr(point)).lower()
        return plain


_PLAIN = _Plain()


def index_words(text: str) -> list[Word]:
    """The words of `text` for a search index with their half-open places in it, in order.

    In ordinary width and lower case, without marks and spaces; before each word the shorter words
    of the dictionary within it, so that 通道 finds 绿色通道.
    """
    text = _encodable(text)
    plain = text.translate(_PLAIN)
    words = [word for word in cutter().search(plain) if _WORDLIKE.search(word[0])]
    if len(plain) == len(text):  # No character became several, none becomes nothing.
        return words
    places = [at for at, char in enumerate(text) for _ in _PLAIN[ord(char)]]
    return [(word, places[start], places[end - 1] + 1) for word, start, end in words]


def tokens_for_index(text: str) -> list[str]:
    """The words of `index_words` without their places."""
    return [word for word, _, _ in index_words(text)]


def _version() -> str:
    for name in ("rjieba", "jieba"):
        try:
            return f"jieba-words/2 ({name} {metadata.version(name)})"
        except metadata.PackageNotFoundError:
            continue
    return "jieba-words/2 (none)"


VERSION: str = _version()
