"""Writers side by side."""

import threading
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from lantian.clues.decide import decide
from lantian.intake.context import IntakeContext
from lantian.intake.take import take_batch
from lantian.model import Clue, Crawl, Document, Seller, Source, User
from lantian.store import jobs
from lantian.store.engine import Store

ROUNDS = 8


def _second_source(site: Any) -> IntakeContext:
    """The context of a crawl over another source of the same platform."""
    now = site.clock.now()
    with site.store.write() as session:
        source = Source(
            name="shop-search",
            kind="search",
            profile="demo-search",
            start_urls=[],
            platform_id=site.context.platform_id,
            created_at=now,
        )
        session.add(source)
        session.flush()
        crawl = Crawl(
            source_id=source.id,
            spider="search",
            job_key="other",
            token=1,
            started_at=now,
            recorded_at=now,
        )
        session.add(crawl)
        session.flush()
        jobs.enqueue(session, kind="crawl", key="other", payload={}, due=now, now=now)
    held = jobs.claim(site.store, now=now, keys=("other",))
    assert held is not None
    context: IntakeContext = replace(
        site.context,
        source_id=source.id,
        crawl_id=crawl.id,
        job_id=held.id,
        token=held.token,
        warc=site.archive.writer("other", at=now),
    )
    return context


def test_two_sources_of_one_platform_that_show_the_same_posting_make_one_clue(
    site: Any, store_url: str
) -> None:
    site.begin()
    contexts = [site.context, _second_source(site)]
    faults: list[BaseException] = []

    def write(number: int) -> None:
        store = Store(store_url)
        try:
            for turn in range(ROUNDS):
                page = site.reading(
                    *(site.document(f"{turn}-{n}", site.guarantee) for n in range(3))
                )
                visit = site.visit(f"https://shop.example/{number}/{turn}", page)
                with store.write() as session:
                    take_batch(session, [visit], contexts[number])
        except BaseException as error:  # noqa: BLE001
            faults.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contexts[1].warc.close()
    assert faults == []
    assert len(site.rows(Clue)) == len(site.rows(Document)) == 3 * ROUNDS
    assert len(site.rows(Seller)) == 1


def test_a_person_decides_while_a_crawl_sees_the_clue_again(site: Any, store_url: str) -> None:
    pages = [
        site.visit(f"https://shop.example/{n}", site.reading(site.document(str(n), site.guarantee)))
        for n in range(10)
    ]
    site.crawl(*pages)
    now = site.clock.now()
    with site.store.write() as session:
        user = User(name="lin", display_name="林", role="reviewer", created_at=now)
        session.add(user)
    faults: list[BaseException] = []

    def decide_all() -> None:
        store = Store(store_url)
        try:
            with store.read() as session:
                ids = list(session.scalars(select(Clue.id)))
            for clue_id in ids:
                with store.write() as session:
                    decide(session, clue_id, verdict="confirmed", user=user, now=now, real_now=now)
        except BaseException as error:  # noqa: BLE001
            faults.append(error)
        finally:
            store.close()

    thread = threading.Thread(target=decide_all)
    thread.start()
    for text in ("加急。", "特惠。", "优惠。"):
        changed = [
            replace(one, reading=site.reading(site.document(str(n), site.guarantee + text)))
            for n, one in enumerate(pages)
        ]
        site.crawl(*changed)
    thread.join()
    assert faults == []
    assert {clue.state for clue in site.rows(Clue)} == {"confirmed"}
    assert {clue.revision for clue in site.rows(Clue)} == {5}
