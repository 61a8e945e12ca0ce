"""Texts that are nearly the same have alike signatures, however they are disguised."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchers.errors import DamagedSignature
from matchers.likeness import (
    ALIKE,
    BANDS,
    FEWEST,
    MOST_LETTERS,
    Index,
    Signature,
    plain_form,
    sign,
    sign_many,
)
from matchers.pack import Pack
from matchers.text import Tables, build_tables

AD = (
    "本店专业办理发明专利和商标注册，资深代理人一对一服务，包授权，不成功全额退款。"
    "加急通道三天受理，全国可办，价格500元起，添加微信详谈，电话13800000000。"
)
DISGUISED = (
    "本店專業辦理發明專利和商標註冊，資深代理人一對一服務，包授權，不成功全額退款。"
    "加急通道三天受理，全國可辦，價格500元起，添加微信詳談，電話13800000000。"
)
JUNK = st.sampled_from(["", " ", "\u200b", "★", "🉐", "~", "\n", "\t", "—", "，", "。"])
HANZI = st.sampled_from("专利商标注册包授权下证退款代理服务办理加急快速全国价格电话微信客服证书")


@pytest.fixture(scope="module")
def tables(pack: Pack) -> Tables:
    return build_tables(pack.characters.pairs)


def signed(text: str, tables: Tables) -> Signature:
    signature = sign(text, tables)
    assert signature is not None
    return signature


@given(
    text=st.text(HANZI, min_size=1, max_size=120),
    junk=st.lists(JUNK, min_size=1, max_size=30),
)
def test_what_folds_away_changes_neither_digest_nor_slots(
    tables: Tables, text: str, junk: list[str]
) -> None:
    disguised = "".join(one + junk[n % len(junk)] for n, one in enumerate(text))
    plain, other = signed(text, tables), signed(disguised, tables)
    assert (plain.digest, plain.to_bytes()) == (other.digest, other.to_bytes())
    assert plain.likeness(other) == 1.0


@pytest.mark.parametrize(
    "other",
    [
        DISGUISED,
        AD.replace("500", "５００"),
        AD.replace("500", "1,280").replace("13800000000", "010-0000 0000"),
    ],
    ids=["traditional", "wide digits", "other price and telephone"],
)
def test_width_script_and_numbers_make_no_other_text(tables: Tables, other: str) -> None:
    assert other != AD
    assert signed(other, tables).digest == signed(AD, tables).digest


def test_the_plain_form_keeps_letters_and_one_zero_a_number(tables: Tables) -> None:
    assert plain_form("★專利 ＡＢ，１２.5元！\n加138-0000", tables) == "专利ab0元加0"


@given(texts=st.lists(st.text(max_size=60), max_size=8))
def test_many_at_once_are_signed_as_one_by_one(tables: Tables, texts: list[str]) -> None:
    together = sign_many(texts, tables)
    alone = [sign(text, tables) for text in texts]
    assert [one and one.to_bytes() for one in together] == [one and one.to_bytes() for one in alone]


@given(text=st.text(HANZI, min_size=1, max_size=80))
def test_bytes_give_the_signature_back(tables: Tables, text: str) -> None:
    signature = signed(text, tables)
    again = Signature.from_bytes(signature.to_bytes())
    assert again.digest == signature.digest
    assert again.bands() == signature.bands()
    assert again.likeness(signature) == 1.0


@pytest.mark.parametrize("harm", [lambda data: data[:-1], lambda data: b"\x00" + data[1:], bytes])
def test_bytes_of_another_scheme_or_length_are_refused(tables: Tables, harm: object) -> None:
    data = signed(AD, tables).to_bytes()
    damaged = b"" if harm is bytes else harm(data)  # type: ignore[operator]
    with pytest.raises(DamagedSignature, match="no signature of scheme"):
        Signature.from_bytes(damaged)


def test_the_signature_of_a_known_text_stays_what_it_is(tables: Tables) -> None:
    # Stored signatures go by these numbers: another outcome needs another SCHEME.
    signature = signed(AD, tables)
    assert signature.digest.startswith("sha256:")
    assert len(signature.to_bytes()) == 546
    assert signature.bands()[:2] == (8100447176185542130, -3289022918549950116)


def test_the_estimate_comes_near_the_share_of_pieces_in_common(tables: Tables) -> None:
    chance = random.Random(7)
    letters = [chr(0x4E00 + n) for n in range(4_000)]
    errors = []
    for _ in range(60):
        common = "".join(chance.choices(letters, k=300))
        left, right = ("".join(chance.choices(letters, k=100)) for _ in range(2))
        one, other = plain_form(common + left, tables), plain_form(common + right, tables)
        pieces = [{text[n : n + 4] for n in range(len(text) - 3)} for text in (one, other)]
        share = len(pieces[0] & pieces[1]) / len(pieces[0] | pieces[1])
        errors.append(signed(one, tables).likeness(signed(other, tables)) - share)
    assert abs(sum(errors) / len(errors)) < 0.02
    assert max(map(abs, errors)) < 0.16


def test_a_short_text_is_only_alike_to_its_equal(tables: Tables) -> None:
    short, longer = "发明专利包授权", "发明专利包授权吧"
    one, other = signed(short, tables), signed(longer, tables)
    assert one.slots is None
    assert one.bands() == ()
    assert one.likeness(other) == 0.0
    assert one.likeness(signed("發明★專利 包授權", tables)) == 1.0
    assert len(one.to_bytes()) == 34


@pytest.mark.parametrize(
    "letters, enough", [(FEWEST + 2, False), (FEWEST + 3, True)], ids=["too short", "long enough"]
)
def test_a_signature_needs_so_many_pieces(tables: Tables, letters: int, enough: bool) -> None:
    text = "".join(chr(0x4E00 + 7 * n) for n in range(letters))
    assert (signed(text, tables).slots is not None) is enough


def test_one_word_over_and_over_is_a_short_text(tables: Tables) -> None:
    assert signed("加微信" * 500, tables).slots is None


@pytest.mark.parametrize("text", ["", "…！？", "★ ★\n", "\u200b"])
def test_a_text_without_letters_has_no_signature(tables: Tables, text: str) -> None:
    assert sign(text, tables) is None


def test_lone_surrogates_and_endless_texts_are_signed(tables: Tables) -> None:
    assert signed("包授权\ud800" + AD, tables).slots is not None
    long = "".join(chr(0x4E00 + n % 20_000) for n in range(MOST_LETTERS))
    assert signed(long, tables).digest == signed(long + AD, tables).digest


def test_the_index_finds_copies_and_leaves_others(tables: Tables) -> None:
    index: Index[str] = Index()
    copy = AD.replace("资深代理人一对一服务", "十年经验团队为您服务")
    other = "这款杯子用了三个月，保温很好，物流也快，包装完整，给家人又买了一个，推荐大家购买。"
    index.add("ad", signed(AD, tables))
    index.add("other", signed(other, tables))
    found = index.query(signed(copy, tables))
    assert [key for key, _ in found] == ["ad"]
    assert ALIKE <= found[0][1] < 1
    assert index.query(signed(copy, tables), 0.95) == []
    assert index.query(signed("杯子", tables)) == []
    assert len(index) == 2
    with pytest.raises(KeyError):
        index.add("ad", signed(copy, tables))


def test_the_index_gives_the_most_alike_first_and_short_texts_by_equality(tables: Tables) -> None:
    index: Index[int] = Index()
    for number, text in enumerate((AD.replace("三天", "五天"), AD, "包授权")):
        index.add(number, signed(text, tables))
    assert [key for key, _ in index.query(signed(AD, tables))] == [1, 0]
    assert index.query(signed("包★授權", tables)) == [(2, 1.0)]


def test_copies_share_a_band_and_no_band_stands_twice(tables: Tables) -> None:
    bands = signed(AD, tables).bands()
    assert len(set(bands)) == BANDS
    assert all(-(2**63) <= band < 2**63 for band in bands)
    assert set(bands) & set(signed(AD + "欢迎垂询。", tables).bands())
