"""A page of ours as PDF, by the Chromium that is there: no script runs, nothing is fetched."""

import os
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import PdfMargins, async_playwright

from lantian.browser.launch import launch
from lantian.errors import BrowserUnavailable

_FOOTER = (
    '<div style="font-size:8px;width:100%;text-align:center">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)
_MARGIN: PdfMargins = {"top": "16mm", "bottom": "18mm", "left": "18mm", "right": "18mm"}


async def on_paper(program: Path, page: bytes) -> bytes:
    """The PDF (A4, numbered pages) of an HTML page that stands by itself.

    Raises `BrowserUnavailable`.
    """
    async with async_playwright() as playwright:
        # The page is our own; as root Chromium has no sandbox.
        browser = await launch(playwright, program, proxy=None, sandbox=os.geteuid() != 0)
        try:
            context = await browser.new_context(java_script_enabled=False, offline=True)
            tab = await context.new_page()
            await tab.set_content(page.decode(), wait_until="load")
            return await tab.pdf(
                format="A4",
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=_FOOTER,
                margin=_MARGIN,
                tagged=True,
            )
        except PlaywrightError as error:
            raise BrowserUnavailable(
                f"{program} does not print: {error.message.strip().partition(chr(10))[0]}",
                hint="Print the HTML page from another browser.",
            ) from error
        finally:
            await browser.close()
