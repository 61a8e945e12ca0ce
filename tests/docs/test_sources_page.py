"""The page on sources names what there is."""

import re
from pathlib import Path

import pytest
import typer

from lantian.commands import source
from lantian.reading.address import PLAIN_RULES
from lantian.reading.filling import families
from lantian.reading.select import Select
from lantian.reading.view import View

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text("utf-8")


def options() -> set[str]:
    app = typer.Typer()
    source.register(app)
    group = typer.main.get_command(app)
    commands = getattr(group, "commands")["source"].commands.values()  # noqa: B009  (click's group)
    return {name for command in commands for param in command.params for name in param.opts}


def test_every_family_stands_in_the_table_and_no_other() -> None:
    rows = [row.split("|")[1] for row in PAGE.splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z]+)`", row)}
    assert {name.removeprefix("family-") for name in families()} | {"site"} <= named


def test_every_option_that_the_page_names_exists() -> None:
    named = set(re.findall(r"(?<![\w-])(--[a-z]+)", PAGE))
    assert named >= {"--as", "--words", "--start", "--allow", "--pages", "--screenshots"}
    assert named - options() == set()


@pytest.mark.parametrize(
    "html, place, value",
    [
        ('<b class="jg">980元</b>', ".jg", "980元"),
        ('<div class="box"><b>980元</b></div>', ".box b", "980元"),
        ('<h1 id="t1">题</h1>', "#t1", "题"),
        ('<a class="shop" href="/dp/4/">乐山</a>', "a.shop::attr(href)", "/dp/4/"),
        ('<i title="2026-11-05 08:30">3天前</i>', "i::attr(title)", "2026-11-05 08:30"),
        ("<p class=fb>发布于 2026-11-05</p>", {"css": ".fb", "clean": ({"after": "发布于"},)},
         "2026-11-05"),
        ("<p class=jg>1.98万元</p>", {"css": ".jg", "clean": ("price",)}, "19800"),
        ("<li data-x='{\"user\": {\"name\": \"林间\"}}'>",
         {"css": "li", "attr": "data-x", "clean": ({"json": "$.user.name"},)}, "林间"),
        ("<p>粤ICP备19999901号-2", {"css": "body", "clean": ("icp",)}, "粤ICP备19999901号"),
    ],
)  # fmt: skip
def test_what_the_page_says_to_write_gives_what_stands_on_the_page(
    html: str, place: str | dict[str, object], value: str
) -> None:
    view = View("http://x.example/", html, PLAIN_RULES)
    assert view.first([Select.model_validate(place)]) == value
