"""The text of a part of a page, as a reader would copy it."""

from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLOCK = (
    "address article aside blockquote body br caption center dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html "
    "legend li main menu nav ol optgroup option p pre section select summary table tbody "
    "textarea tfoot thead tr ul"
)
_SKIPPED = "applet audio canvas embed head iframe math noframes noscript object script style svg"
_VOID = "area base br col hr img input link meta param source track wbr"


def _ids(names: str) -> frozenset[int]:
    tree = LexborHTMLParser("")
    # Names that Lexbor does not know get a number of their own in each document.
    return frozenset(i for i in (tree.create_node(n).tag_id for n in names.split()) if i < 1_000)


def _text_id() -> int:
    node = LexborHTMLParser("<p>x").css("p")[0].first_child
    if node is None or node.tag_id is None:
        raise RuntimeError("Lexbor gives no text nodes")
    return node.tag_id


_INLINE, _BLOCK_KIND, _CELL_KIND, _SKIP, _VOID_KIND, _BREAK, _VERBATIM = range(7)
_KINDS: dict[int | None, int] = {
    **dict.fromkeys(_ids(_BLOCK), _BLOCK_KIND),
    **dict.fromkeys(_ids("td th"), _CELL_KIND),
    **dict.fromkeys(_ids(f"{_SKIPPED} template video"), _SKIP),
    **dict.fromkeys(_ids(_VOID), _VOID_KIND),
    **dict.fromkeys(_ids("br hr"), _BREAK),
    **dict.fromkeys(_ids("pre textarea listing xmp"), _VERBATIM),
}
TEXT = _text_id()

# Lexbor leaves no NUL in a text; a stray \1 there counts as the edge of a cell.
_LINE = "\0"
_CELL = "\1"


def has_hidden(html: str) -> bool:
    """Whether a page may hold elements that are hidden by their own attributes."""
    return "display:none" in html or "display: none" in html or " hidden" in html


def block_text(
    root: LexborNode, *, hidden: bool = False, without: Iterable[LexborNode] = ()
) -> str:
    """The text below `root` as a reader would copy it.

    A line for each block, a tab between cells, nothing between inline elements (包<b>授</b>权
    stays whole), runs of white space as one blank. Scripts, styles and the like are left out, and
    the elements in `without`. With `hidden`, inline elements that their own attributes hide are
    left out too: decoys between characters.
    """
    parts: list[str] = []
    add, kinds = parts.append, _KINDS.get
    left_out = {node.mem_id for node in without}
    stack: list[tuple[Iterator[LexborNode], str, bool]] = []
    level = root.iter(include_text=True)
    verbatim = False
    while True:
        for node in level:
            tag = node.tag_id
            if tag == TEXT:
                text = node.text_content or ""
                add(text.replace("\n", _LINE) if verbatim else text)
                continue
            kind = kinds(tag, _INLINE)
            if kind == _BREAK:
                add(_LINE)
                continue
            if kind in (_SKIP, _VOID_KIND) or (left_out and node.mem_id in left_out):
                continue
            end = ""
            if kind == _CELL_KIND:
                add(_CELL)
            elif kind != _INLINE:
                end = _LINE
                add(_LINE)
            elif hidden and is_hidden(node):
                continue
            child = node.first_child
            if child is None:
                continue
            if child.tag_id == TEXT and not verbatim and kind != _VERBATIM and child.next is None:
                # Most elements hold one text: no need to go down.
                add(child.text_content or "")
                add(end)
                continue
            stack.append((level, end, verbatim))
            verbatim = verbatim or kind == _VERBATIM
            level = node.iter(include_text=True)
            break
        else:
            if not stack:
                break
            level, end, verbatim = stack.pop()
            add(end)
    return _lines("".join(parts))


def is_hidden(node: LexborNode) -> bool:
    """Whether an element is hidden by its own attributes."""
    attributes = node.attributes
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return style is not None and "display:none" in style.replace(" ", "").lower()


def _lines(raw: str) -> str:
    """The text with one blank for each run of white space, without empty lines."""
    out = []
    for line in raw.split(_LINE):
        if _CELL in line:
            cells = (" ".join(cell.split()) for cell in line.split(_CELL))
            tidy = "\t".join(cell for cell in cells if cell)
        else:
            tidy = " ".join(line.split())
        if tidy:
            out.append(tidy)
    return "\n".join(out)


def one_line(text: str) -> str:
    """The text with one blank for each run of white space."""
    return " ".join(text.split())


def clean_text(text: str) -> str:
    """The text without what no store takes: NUL and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
