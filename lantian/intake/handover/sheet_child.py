"""Reads a workbook in a process of its own: `python -m … PATH SHEET`, a JSON line for each row.

Only openpyxl runs here, over a file that its caller has looked at; memory and time are limited,
since a workbook may unpack to anything. Formulas are their text and never evaluated.
"""

import json
import os
import resource
import sys
from datetime import date, datetime, time
from typing import Any

MEMORY = 512 << 20
"""Bytes of address space."""
SECONDS = 20
"""Of processor time."""
MOST_COLUMNS = 200


def main() -> int:
    """Write the workbook's rows to standard output; 1 with a reason in the last line if not."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    # Refuses entities; and numpy, which openpyxl would load, wants the memory for itself.
    os.environ["OPENPYXL_LXML"], os.environ["OPENPYXL_DEFUSEDXML"] = "False", "True"
    sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        _write(sys.argv[1], sys.argv[2])
    except MemoryError:
        return _say({"fault": f"it needs more than {MEMORY >> 20} MB of memory"})
    except Exception as error:  # noqa: BLE001  (the edge of the process: hostile bytes)
        # openpyxl tells of its own surprise at length; what surprised it says more.
        cause = error.__cause__ or error.__context__ or error
        return _say({"fault": f"{type(cause).__name__}: {str(cause)[:300]}"})
    return 0


def _write(path: str, wanted: str) -> None:
    import defusedxml  # noqa: F401  (openpyxl uses it where it is there, and here it must be)
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    name = wanted or (visible[0] if visible else "")
    _say({"sheets": visible, "sheet": name})
    if name not in book.sheetnames:
        _say({"fault": f"there is no sheet {name!r}"})
        return
    sheet = book[name]
    # What the sheet says of its own size may be a lie.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        row = [_text(value) for value in cells[:MOST_COLUMNS]]
        if any(row):
            _say([number, row])


def _say(what: Any) -> int:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return 1


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


if __name__ == "__main__":
    sys.exit(main())
