"""The services by the name of their mark, and what each is for a test."""

from collections.abc import Callable, Mapping
from functools import cache, partial

from tests.services import chromium, clustered, compiler, elastic, ocr, postgres, replay
from tests.services.source import Source

FINDERS: Mapping[str, Callable[[], Source]] = {
    "postgres": postgres.find,
    "chromium": chromium.find,
    "compiler": compiler.find,
    "ocr": ocr.find,
    "pywb": replay.find,
    "ray": clustered.find,
    **{f"elasticsearch-{version}": partial(elastic.find, version) for version in elastic.VERSIONS},
}


@cache
def source(name: str) -> Source:
    """Where the service `name` comes from; looked for once."""
    return FINDERS[name]()
