"""Both languages are whole, and nothing is said in one only."""

import re
from pathlib import Path

import pytest
from babel.messages import extract, mofile, pofile

from dashboards import languages
from dashboards.rendering import HERE, STATIC

TEMPLATES = sorted((HERE / "templates").glob("*.html"))
HAN = re.compile(r"[\u3400-\u9fff]")


def words_in_use() -> set[str]:
    found: set[str] = set()
    options = {"trimmed": "true"}
    for path in [*TEMPLATES, *sorted(HERE.glob("*.py"))]:
        method = "jinja2" if path.suffix == ".html" else "python"
        with path.open("rb") as source:
            for _line, message, _comments, _context in extract.extract(
                method, source, options=options
            ):
                found |= {message} if isinstance(message, str) else set(message)
    return found


def test_every_word_has_its_chinese() -> None:
    file = languages.FOLDER / "zh_CN" / "LC_MESSAGES" / "lantian.po"
    with file.open("rb") as source:
        catalogue = pofile.read_po(source, locale="zh_CN")
    translated = {message.id for message in catalogue if message.id and message.string}
    used = words_in_use()
    assert len(used) > 100
    assert used - translated == set()
    assert all(HAN.search(str(m.string)) for m in catalogue if m.id)


def test_the_compiled_catalogue_is_of_these_words() -> None:
    folder = languages.FOLDER / "zh_CN" / "LC_MESSAGES"
    with (folder / "lantian.po").open("rb") as source:
        written = {m.id: m.string for m in pofile.read_po(source, locale="zh_CN") if m.id}
    with (folder / "lantian.mo").open("rb") as compiled:
        kept = {m.id: m.string for m in mofile.read_mo(compiled) if m.id}
    assert kept == written, "run `make words`"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_chinese_or_a_script_or_a_style(template: Path) -> None:
    text = template.read_text()
    assert not HAN.search(text)
    assert not re.search(r"\son\w+\s*=", text)
    assert not re.search(r"\bstyle\s*=", text)
    assert not re.search(r"hx-on|hx-vals=.js:|\bjavascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "|safe" not in text


@pytest.mark.parametrize(
    "own, accepted, wanted",
    [
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        (None, "zh", "zh_CN"),
        (None, "zh_Hans_CN", "zh_CN"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr,en;q=0.5", "en"),
        (None, "", "zh_CN"),
        ("en", "zh-CN", "en"),
        ("zh_CN", "en", "zh_CN"),
    ],
)
def test_the_language_is_the_persons_then_the_browsers(
    own: str | None, accepted: str, wanted: str
) -> None:
    assert languages.chosen(own, accepted, "zh_CN") == wanted


def test_vendored_files_are_as_their_digests_say() -> None:
    import hashlib
    import json

    folder = STATIC / "vendor"
    listed = json.loads((folder / "VENDOR.json").read_text())
    for entry in listed:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert (folder / entry["licence_file"]).exists()
    names = {entry["file"] for entry in listed} | {entry["licence_file"] for entry in listed}
    assert names | {"VENDOR.json"} == {path.name for path in folder.iterdir()}
