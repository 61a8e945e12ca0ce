"""`lantian evidence record`: the extraction record of one capture, to be printed and signed."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lantian.commands.copies import tell_copy

if TYPE_CHECKING:
    from lantian.evidence.bundle.printed import Printed
    from lantian.wiring import Parts

KINDS = (".html", ".pdf")


def record(
    capture: Annotated[int, typer.Argument(help="The number of the capture.")],
    out: Annotated[Path, typer.Argument(help="The file to write: OUT.html or OUT.pdf.")],
    case: Annotated[
        str, typer.Option(help="Number of a case that was opened after it was captured.")
    ] = "",
    english: Annotated[
        bool, typer.Option("--english", help="The page in English; the data are the same.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write the extraction record of a capture (电子数据提取笔录) as a page or PDF to print.

    Its data are written beside it as JSON, whose digest stands on the page. Everything that the
    capture consists of is verified on the way.
    """
    from lantian.errors import Conflict, Invalid
    from lantian.evidence.bundle.printed import printed
    from lantian.settings import load_settings
    from lantian.wiring import open_parts

    if out.suffix not in KINDS:
        raise Invalid(f"{out.name} ends neither in .html nor in .pdf.", hint="Name such a file.")
    beside = out.with_suffix(".json")
    if out.exists() and not force:
        raise Conflict(f"{out} is there already.", hint="Name another, or give --force.")
    parts = open_parts(load_settings())
    try:
        with parts.store.read() as session:
            made = printed(
                session,
                parts.archive,
                capture,
                office=parts.settings.organisation,
                demonstration=parts.is_demo,
                case=case,
                in_english=english,
            )
        if beside.exists() and not force and beside.read_bytes() != made.data:
            raise Conflict(f"{beside} is there already.", hint="Name another, or give --force.")
        page = made.page if out.suffix == ".html" else _pdf(parts, made)
        _write(beside, made.data)
        _write(out, page)
        tell_copy(parts, "evidence.record", [f"capture:{capture}"], made.digest)
    finally:
        parts.close()
    typer.echo(f"{out}: capture {capture}, data in {beside}")
    typer.echo(made.digest)


def _pdf(parts: "Parts", made: "Printed") -> bytes:
    from lantian.browser.find import find_chromium
    from lantian.browser.paper import on_paper

    return asyncio.run(on_paper(find_chromium(parts.settings.chromium), made.page))


def _write(path: Path, data: bytes) -> None:
    from lantian.errors import StoreError

    try:
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Make room on that disk, or name another place.",
        ) from error
