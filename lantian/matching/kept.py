"""The matcher of a pack in a folder, read from the cache where it was compiled before.

It needs no store, so that a process which only matches starts quickly. The files are those of
`lantian.rulebook.compiled`.
"""

import contextlib
import os
from pathlib import Path

from lantian.errors import PackError
from matchers.errors import MatcherError
from matchers.pack import code_digest, load_pack
from matchers.scan import Matcher, full_hash


def matcher_of(pack_dir: Path | None, cache_dir: Path | None) -> Matcher:
    """The compiled matcher of the pack in `pack_dir` (none: the shipped one).

    It is read from `cache_dir` and kept there; without one, or where nothing can be kept, it is
    compiled anew. Raises `PackError`.
    """
    try:
        pack = load_pack(pack_dir)
        file = _file(full_hash(pack), cache_dir) if cache_dir else None
        found = _read(file) if file else None
        if found is not None:
            return found
        matcher = Matcher.compile(pack)
    except MatcherError as error:
        raise PackError(error.message, hint=error.hint) from error
    if file is not None:
        with contextlib.suppress(OSError):  # What cannot be kept is made again.
            _keep(matcher, file)
    return matcher


def _file(pack_hash: str, cache_dir: Path) -> Path:
    code = code_digest().removeprefix("sha256:")[:16]
    return cache_dir / f"matcher-{pack_hash.removeprefix('sha256:')[:32]}-{code}.bin"


def _read(file: Path) -> Matcher | None:
    try:
        return Matcher.from_bytes(file.read_bytes())
    except (OSError, MatcherError):
        return None


def _keep(matcher: Matcher, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(matcher.to_bytes())
    part.replace(file)
