"""The compiled matcher that is kept between processes."""

from pathlib import Path

import pytest

from lantian.rulebook import compiled
from matchers import pack, scan, store
from matchers.errors import MatcherError
from matchers.scan import Matcher
from tests.packs import FOUR

OFFER = "发明专利包授权，三个月下证，加微信详谈"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept_files(cache: Path) -> list[Path]:
    return sorted(cache.glob("matcher-*.bin"))


def test_a_matcher_is_compiled_once_and_then_read(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiled.load_matcher(FOUR, cache)
    assert len(kept_files(cache)) == 1
    monkeypatch.setattr(Matcher, "compile", None)
    again = compiled.load_matcher(FOUR, cache)
    assert again.scan(OFFER) == first.scan(OFFER) != scan.NOTHING


def test_bytes_of_other_code_are_not_read_and_not_overwritten(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled.load_matcher(FOUR, cache)
    (old,) = kept_files(cache)
    before = old.read_bytes()
    for module in (pack, store):
        monkeypatch.setattr(module, "code_digest", lambda: "sha256:other")
    assert compiled.load_matcher(FOUR, cache).scan(OFFER).hits
    assert len(kept_files(cache)) == 2
    assert old.read_bytes() == before
    with pytest.raises(MatcherError, match="another version of the matcher"):
        Matcher.from_bytes(before)


def test_kept_bytes_that_cannot_be_read_are_made_anew(cache: Path) -> None:
    matcher = compiled.load_matcher(FOUR, cache)
    (kept,) = kept_files(cache)
    kept.write_bytes(kept.read_bytes()[:-10])
    assert compiled.kept_matcher(matcher.pack_hash, cache) is None
    assert compiled.load_matcher(FOUR, cache).scan(OFFER).hits
    assert compiled.kept_matcher(matcher.pack_hash, cache) is not None
