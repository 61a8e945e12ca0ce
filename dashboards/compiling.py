"""Templates of one language: their fixed words are translated once, as they are compiled."""

from collections.abc import MutableMapping
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer


class TranslatedTemplates(jinja2.FileSystemLoader):
    """Loads templates in which `_("…")` is text as any other.

    A page has more than a hundred of them. What `_(word)` says is looked up as the page is made.
    """

    def __init__(self, folder: Path, catalogue: NullTranslations) -> None:
        super().__init__(folder)
        self._fixed = _FixedWords(catalogue)

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002  (jinja2 names it so)
    ) -> jinja2.Template:
        """The template, compiled."""
        source, filename, uptodate = self.get_source(environment, name)
        tree: nodes.Template = self._fixed.visit(environment.parse(source, name, filename))
        code = environment.compile(tree, name, filename)
        return environment.template_class.from_code(environment, code, globals or {}, uptodate)


class _FixedWords(NodeTransformer):
    def __init__(self, catalogue: NullTranslations) -> None:
        self._catalogue = catalogue

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  (jinja2 names it so)
        inner = self.generic_visit(node)
        match inner:
            case nodes.Call(
                node=nodes.Name(name="_"), args=[nodes.Const(value=str(text))], kwargs=[]
            ):
                return nodes.Const(self._catalogue.gettext(text), lineno=node.lineno)
        return inner
