"""Postings of the same text become one group, whoever brings them and in whatever order."""

import random
import threading
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from lantian.clues import likeness
from lantian.clues.likeness import Group, group_clues, group_members, groups_of
from lantian.intake.again import rematch
from lantian.intake.context import IntakeContext
from lantian.intake.take import take_batch
from lantian.model import Clue, Crawl, Platform, Source, TextBand, TextForm
from lantian.store import jobs
from lantian.store.engine import Store
from matchers.likeness import ALIKE, sign_many

AD = (
    "商标注册包授权，不授权全额退款，资深代理人一对一服务，材料由我们准备，"
    "加急三天受理，全国可办，价格500元起，加微信联系办理，电话13800000000。"
)
DISGUISED = AD.replace("商标注册", "商標 註★冊").replace("500", "９８０")
NEAR = AD.replace("资深代理人", "十年老团队")
OTHER = (
    "发明专利保证授权，先付一半，下证再付尾款，十五年经验团队撰写，"
    "实用新型三个月拿证，评职称申报项目都可以用，名额有限先到先得，详情私信。"
)
HANZI = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就"
    "分对成会可主发年动同工也能下过子说产种"
)


def chain(length: int = 5) -> list[str]:
    """Texts each of which is alike to the next, but the first not to the last."""
    chance = random.Random(2)
    parts = ["".join(chance.choices(HANZI, k=30)) + "，" for _ in range(length + 11)]
    return ["商标注册包授权。" + "".join(parts[n : n + 12]) for n in range(length)]


def platform(site: Any, name: str) -> IntakeContext:
    """The context of a crawl over a source of another platform."""
    now = site.clock.now()
    with site.store.write() as session:
        other = Platform(name=name, created_at=now)
        session.add(other)
        session.flush()
        source = Source(
            name=name,
            kind="shop",
            profile="demo-shop",
            start_urls=[],
            platform_id=other.id,
            created_at=now,
        )
        session.add(source)
        session.flush()
        crawl = Crawl(
            source_id=source.id,
            spider="shop",
            job_key=name,
            token=1,
            started_at=now,
            recorded_at=now,
        )
        session.add(crawl)
        session.flush()
        jobs.enqueue(session, kind="crawl", key=name, payload={}, due=now, now=now)
    held = jobs.claim(site.store, now=now, keys=(name,))
    assert held is not None
    context: IntakeContext = replace(
        site.context,
        source_id=source.id,
        platform_id=other.id,
        crawl_id=crawl.id,
        job_id=held.id,
        token=held.token,
        warc=site.archive.writer(name, at=now),
    )
    return context


def take(site: Any, context: IntakeContext, *texts: str, name: str = "p") -> None:
    """One batch with a posting of each text."""
    documents = [site.document(f"{name}{n}", one) for n, one in enumerate(texts)]
    visit = site.visit(f"https://{name}.example/", site.reading(*documents))
    with site.store.write() as session:
        take_batch(session, [visit], context)


def partition(site: Any) -> set[frozenset[str]]:
    """The groups as sets of texts."""
    with site.store.read() as session:
        rows = session.execute(
            text(
                "select f.group_digest, d.text from clue c join text_form f on f.id = c.form_id"
                " join document d on d.id = c.document_id"
            )
        ).all()
    groups: dict[str, set[str]] = {}
    for group, one in rows:
        groups.setdefault(group, set()).add(one)
    return {frozenset(group) for group in groups.values()}


def test_copies_on_two_sites_are_one_group_and_another_text_is_not(site: Any) -> None:
    site.begin()
    other = platform(site, "forum")
    take(site, site.context, AD, OTHER)
    take(site, other, DISGUISED, NEAR, name="q")
    other.warc.close()
    assert partition(site) == {frozenset({AD, DISGUISED, NEAR}), frozenset({OTHER})}
    with site.store.read() as session:
        ids = {
            one: clue_id
            for clue_id, one in session.execute(
                text("select c.id, d.text from clue c join document d on d.id = c.document_id")
            )
        }
        groups = groups_of(session, list(ids.values()))
        assert groups == {ids[one]: Group(3, 2) for one in (AD, DISGUISED, NEAR)}
        members = group_members(session, ids[AD], limit=9)
        assert list(members.items()) == [
            (ids[AD], True),
            (ids[DISGUISED], True),
            (ids[NEAR], False),
        ]
        assert list(group_members(session, ids[NEAR], limit=1)) == [ids[NEAR]]
        assert group_members(session, ids[OTHER], limit=9) == {ids[OTHER]: True}


def test_the_same_letters_are_kept_once(site: Any) -> None:
    site.begin()
    take(site, site.context, AD, DISGUISED, AD.replace("500", "1280"))
    take(site, site.context, AD, name="q")
    assert len(site.rows(Clue)) == 4
    (form,) = site.rows(TextForm)
    assert {clue.form_id for clue in site.rows(Clue)} == {form.id}
    with site.store.read() as session:
        assert session.scalar(select(func.count()).select_from(TextBand)) == 25


def test_a_text_without_hits_has_no_form(site: Any) -> None:
    site.begin()
    take(site, site.context, "商标注册代理服务，提供查询、申请和驳回复审。" * 3)
    assert site.rows(TextForm) == []


def test_short_texts_are_grouped_by_their_letters_alone(site: Any) -> None:
    site.begin()
    take(site, site.context, "商标注册包授权", "商標註冊★包授權！", "发明专利包授权")
    assert partition(site) == {
        frozenset({"商标注册包授权", "商標註冊★包授權！"}),
        frozenset({"发明专利包授权"}),
    }
    with site.store.read() as session:
        assert session.scalar(select(func.count()).select_from(TextBand)) == 0


def test_a_new_version_moves_its_clue_to_the_group_of_what_it_says_now(site: Any) -> None:
    page = site.visit("https://shop.example/1", site.reading(site.document("1", AD)))
    site.crawl(page, site.visit("https://shop.example/2", site.reading(site.document("2", NEAR))))
    assert partition(site) == {frozenset({AD, NEAR})}
    site.crawl(replace(page, reading=site.reading(site.document("1", OTHER)), body=b"other"))
    assert partition(site) == {frozenset({OTHER}), frozenset({NEAR})}


def test_what_a_new_pack_finds_in_old_documents_is_grouped_too(site: Any) -> None:
    site.begin()
    take(site, site.context, AD, NEAR)
    with site.store.write() as session:
        session.execute(text("update clue set form_id = null, pack_hash = 'sha256:other'"))
        session.execute(text("delete from text_band"))
        session.execute(text("delete from text_form"))
    with site.store.write() as session:
        rematch(session, site.matcher, now=site.clock.now())
    assert partition(site) == {frozenset({AD, NEAR})}


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
def test_a_chain_is_one_group_in_every_order(site: Any, together: bool) -> None:
    texts = chain()
    signatures = sign_many(texts, site.matcher.tables)
    first, *_, last = signatures
    assert first is not None
    assert last is not None
    assert first.likeness(last) < ALIKE
    site.begin()
    names = set()
    for number, order in enumerate(list(permutations(texts))[::17]):
        with site.store.write() as session:
            session.execute(text("update clue set form_id = null"))
            session.execute(text("delete from text_band"))
            session.execute(text("delete from text_form"))
        if together:
            take(site, site.context, *order, name=f"o{number}-")
        else:
            for place, one in enumerate(order):
                take(site, site.context, one, name=f"o{number}-{place}-")
        assert partition(site) == {frozenset(texts)}
        names |= {form.group_digest for form in site.rows(TextForm)}
    assert names == {min(one.digest for one in signatures if one is not None)}


def test_two_workers_at_once_leave_the_same_groups_as_one(site: Any, store_url: str) -> None:
    site.begin()
    contexts = [site.context, platform(site, "forum")]
    chance = random.Random(9)
    bases = [AD[:10] + "".join(chance.choices(HANZI, k=90)) for _ in range(6)]
    copies = [[base, base[:60] + "另有优惠" + base[60:], base[:95]] for base in bases]
    texts = [one for some in copies for one in some]
    faults: list[BaseException] = []
    gate = threading.Barrier(2)

    def work(number: int) -> None:
        store = Store(store_url)
        order = texts[:]
        random.Random(number).shuffle(order)
        try:
            for turn, one in enumerate(order):
                gate.wait(30)
                visit = site.visit(
                    f"https://s{number}.example/{turn}",
                    site.reading(site.document(f"{number}-{turn}", one)),
                )
                with store.write() as session:
                    take_batch(session, [visit], contexts[number])
        except BaseException as error:  # noqa: BLE001
            faults.append(error)
            gate.abort()
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contexts[1].warc.close()
    assert faults == []
    assert len(site.rows(Clue)) == 2 * len(texts)
    assert len(site.rows(TextForm)) == len(texts)
    assert partition(site) == {frozenset(some) for some in copies}


def test_who_adds_an_alike_text_waits_for_one_who_is_not_yet_done(
    site: Any, store_url: str
) -> None:
    site.begin()
    contexts = [site.context, platform(site, "forum")]
    visits = [
        site.visit(f"https://s{n}.example/", site.reading(site.document(f"{n}", one)))
        for n, one in enumerate((AD, NEAR))
    ]
    faults: list[BaseException] = []

    def second() -> None:
        store = Store(store_url)
        try:
            with store.write() as session:
                take_batch(session, [visits[1]], contexts[1])
        except BaseException as error:  # noqa: BLE001
            faults.append(error)
        finally:
            store.close()

    thread = threading.Thread(target=second)
    with site.store.write() as session:
        take_batch(session, [visits[0]], contexts[0])
        thread.start()
        while thread.is_alive() and not site.store.sqlite:
            waiting = text(
                "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
                " where l.locktype = 'advisory' and not l.granted"
                " and d.datname = current_database()"
            )
            if session.scalar(waiting):
                break
            thread.join(0.02)
    thread.join()
    contexts[1].warc.close()
    assert faults == []
    assert partition(site) == {frozenset({AD, NEAR})}


def test_a_band_keeps_a_bounded_number_of_forms(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "FORMS_OF_A_BAND", 3)
    site.begin()
    texts = [f"{AD}{a}{b}" for a in "甲乙丙丁戊" for b in "子丑寅卯辰"]
    for number, one in enumerate(texts):
        take(site, site.context, one, name=f"n{number}-")
    assert partition(site) == {frozenset(texts)}
    with site.store.read() as session:
        most = select(func.count()).select_from(TextBand).group_by(TextBand.band)
        assert max(session.scalars(most)) == 3


def test_the_statements_for_a_new_copy_do_not_grow_with_the_group(site: Any) -> None:
    site.begin()
    take(site, site.context, *(f"{AD}{a}{b}" for a in HANZI[:8] for b in HANZI[8:16]))
    statements: list[str] = []
    engine = site.store.engine

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append(statement)

    counts = []
    for number in "天地":
        statements.clear()
        event.listen(engine, "before_cursor_execute", note)
        take(site, site.context, f"{AD}{number}号", name=f"c{number}-")
        event.remove(engine, "before_cursor_execute", note)
        counts.append(sum("text_form" in one or "text_band" in one for one in statements))
        take(site, site.context, *(f"{AD}{a}{number}{b}" for a in HANZI[20:28] for b in HANZI[:4]))
    assert counts[0] == counts[1] <= 8


def test_grouping_again_changes_nothing(site: Any) -> None:
    site.begin()
    take(site, site.context, AD, NEAR, OTHER)
    before = [(form.digest, form.group_digest) for form in site.rows(TextForm)]
    with site.store.write() as session:
        ids = list(session.scalars(select(Clue.id)))
        group_clues(session, [*ids, *ids], site.matcher.tables)
        group_clues(session, [], site.matcher.tables)
    assert [(form.digest, form.group_digest) for form in site.rows(TextForm)] == before
    assert len({clue.revision for clue in site.rows(Clue)}) == 1
