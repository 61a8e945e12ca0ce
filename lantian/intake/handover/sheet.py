"""XLSX, which is a ZIP of XML: looked at from outside, then read by a child with limits."""

import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lantian.errors import Invalid

MOST_ENTRIES = 200
MOST_UNPACKED = 50 << 20
UNOPENED = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
"""What opening a damaged ZIP raises."""
MOST_RATIO = 100
SECONDS = 60.0
"""Wall time of the child; its processor time is limited by itself."""
ROOT = Path(__file__).resolve().parents[3]
_HINT = "Save the sheet as CSV UTF-8, or hand it over in parts."


def check_archive(path: Path) -> None:
    """Nothing, if the ZIP unpacks to what a workbook may; raises `Invalid` naming the fault."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except UNOPENED as error:
        raise Invalid(f"{path.name}: it is no workbook: {error}.", hint=_HINT) from error
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MOST_ENTRIES:
        raise Invalid(f"{path.name}: {len(entries)} parts; at most {MOST_ENTRIES}.", hint=_HINT)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * packed + (1 << 20):
        raise Invalid(
            f"{path.name}: {packed:,} bytes would unpack to {unpacked:,}.",
            hint=f"At most {MOST_UNPACKED >> 20} MB and {MOST_RATIO} times are read. {_HINT}",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise Invalid(f"{path.name}: it is encrypted.", hint="Save it without a password.")


def cells_of(path: Path, sheet: str = "") -> Iterator[tuple[int, list[str], str]]:
    """Each row that is not empty with its number from 1 and its cells.

    The first visible sheet, or the one of that name. Raises `Invalid` for what is no workbook,
    has no such sheet, or takes more than 512 MB or 20 s to read.
    """
    check_archive(path)
    module = "lantian.intake.handover.sheet_child"
    command = [sys.executable, "-m", module, str(path.absolute()), sheet]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        encoding="utf-8",
        errors="replace",
    ) as child:
        timer = threading.Timer(SECONDS, child.kill)
        timer.start()
        try:
            assert child.stdout is not None  # noqa: S101  (it was asked for)
            for line in child.stdout:
                told = json.loads(line)
                if isinstance(told, dict):
                    _look(told, path)
                else:
                    yield told[0], told[1], ""
            if child.wait() != 0:
                raise Invalid(
                    f"{path.name}: reading it was stopped: it takes too much time or memory.",
                    hint=_HINT,
                )
        finally:
            timer.cancel()
            child.kill()


def _look(told: dict[str, object], path: Path) -> None:
    if "fault" in told:
        raise Invalid(f"{path.name}: it cannot be read: {told['fault']}.", hint=_HINT)
