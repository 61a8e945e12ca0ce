"""The verifier as one file, for who has no Lantian: Python 3.11 runs it, on any system."""

from importlib import resources
from pathlib import Path

from lantian.errors import StoreError
from lantian.evidence.bundle.zipped import ZipWriter
from lantian.evidence.seal import digest_of

MODULES = (
    "lantian.errors",
    "lantian.evidence.cdxj",
    "lantian.evidence.checkpoint",
    "lantian.evidence.conditions",
    "lantian.evidence.ed25519",
    "lantian.evidence.finding",
    "lantian.evidence.note",
    "lantian.evidence.record",
    "lantian.evidence.reply",
    "lantian.evidence.seal",
    "lantian.evidence.spelling",
    "lantian.evidence.statement",
    "lantian.evidence.surt",
    "lantian.evidence.tree",
    "lantian.evidence.walk",
    "lantian.evidence.bundle.__main__",
    "lantian.evidence.bundle.check",
    "lantian.evidence.bundle.layout",
    "lantian.evidence.bundle.logged",
    "lantian.evidence.bundle.manifest",
    "lantian.evidence.bundle.opened",
    "lantian.evidence.bundle.proved",
    "lantian.evidence.bundle.records",
    "lantian.evidence.bundle.signed",
    "lantian.evidence.bundle.statements",
    "lantian.evidence.bundle.zipped",
)
_PACKAGES = ("lantian", "lantian.evidence", "lantian.evidence.bundle")
_MAIN = b"""import sys

from lantian.evidence.bundle.__main__ import main

sys.exit(main())
"""


def write_verifier(path: Path) -> str:
    """The digest of the verifier, which stands at `path`: the same for the same version.

    Raises `StoreError` if it cannot be written.
    """
    try:
        with path.open("w+b") as out:
            zipped = ZipWriter(out)
            zipped.add("__main__.py", _MAIN)
            for package in _PACKAGES:
                zipped.add(f"{package.replace('.', '/')}/__init__.py", b"")
            for module in MODULES:
                package, _, name = module.rpartition(".")
                source = resources.files(package).joinpath(f"{name}.py").read_bytes()
                zipped.add(f"{package.replace('.', '/')}/{name}.py", source)
            zipped.finish()
        return digest_of(path.read_bytes())
    except OSError as error:
        raise StoreError(
            f"the verifier {path} cannot be written: {error.strerror}.",
            hint="Make room on that disk, or name another place.",
        ) from error
