"""What both engines promise, word for word the same."""

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lantian.clock import as_utc
from lantian.errors import Conflict, IndexUnavailable, Invalid
from lantian.search.entry import IndexEntry, fingerprint_of
from lantian.search.port import FacetCount, SearchIndex
from lantian.search.query import Query, Sort, Span

MakeEntry = Callable[..., IndexEntry]

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Contract:
    def test_a_new_index_is_empty_and_ready(self, index: SearchIndex) -> None:
        assert index.search(Query()).clue_ids == ()
        assert index.count(Query()) == 0
        assert index.facets(Query())["claim"] == ()
        assert index.health().state == "ready"
        assert index.health().tokeniser_version == "words/1"

    def test_making_it_twice_keeps_what_is_there(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1)])
        index.ensure()
        index.refresh()
        assert index.search(Query()).clue_ids == (1,)

    def test_the_higher_revision_stays_whatever_comes_last(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        assert index.put([entry(1, revision=3, state="confirmed")]).written == 1
        late = index.put([entry(1, revision=2), entry(1, revision=3), entry(2)])
        index.refresh()
        assert (late.written, late.late, late.retry, late.dead) == (1, 2, (), ())
        assert index.search(Query(states=frozenset({"confirmed"}))).clue_ids == (1,)
        assert index.put([entry(1, revision=4, state="dismissed")]).written == 1
        index.refresh()
        assert index.count(Query(states=frozenset({"confirmed"}))) == 0
        assert index.count(Query(states=frozenset({"dismissed"}))) == 1

    def test_of_one_call_too_the_higher_revision_stays(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        report = index.put(
            [entry(1, revision=2, tokens=("新",)), entry(1, revision=1, tokens=("旧",))]
        )
        index.refresh()
        assert (report.written, report.late) == (1, 1)
        assert index.count(Query(words=(("新",),))) == 1
        assert index.count(Query(words=(("旧",),))) == 0

    def test_a_new_wording_replaces_the_old_one(self, index: SearchIndex, entry: MakeEntry) -> None:
        index.put([entry(1, tokens=("包", "授权"))])
        index.put([entry(1, revision=2, tokens=("退款",))])
        index.refresh()
        assert index.count(Query(words=(("授权",),))) == 0
        assert index.count(Query(words=(("退款",),))) == 1

    def test_what_a_new_revision_lacks_is_no_longer_found(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1, claims=("a", "b")), entry(2, claims=("b",))])
        index.refresh()
        assert index.search(Query(claims=frozenset({"a"}))).clue_ids == (1,)
        index.put([entry(1, revision=2, claims=("b", "c"))])
        index.refresh()
        assert index.search(Query(claims=frozenset({"a"}))).clue_ids == ()
        assert index.facets(Query())["claim"] == (FacetCount("b", 2), FacetCount("c", 1))

    def test_a_deleted_clue_is_gone_and_stays_gone(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1), entry(2)])
        assert index.delete([1, 7]).written == 2
        assert index.put([entry(1, revision=99), entry(7)]).late == 2
        assert index.delete([1]).late == 1
        index.refresh()
        assert index.search(Query()).clue_ids == (2,)
        assert index.count(Query(words=(("授权",),))) == 1
        assert index.facets(Query())["state"] == (FacetCount("open", 1),)
        assert index.fingerprint() == fingerprint_of([entry(2)])
        assert index.health().count == 1

    def test_words_are_found_in_title_and_text_and_all_must_be_there(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put(
            [
                entry(1, title_tokens=("绿色", "通道"), tokens=("包", "授权")),
                entry(2, title_tokens=("绿色",), tokens=("授权",)),
                entry(3, title_tokens=(), tokens=("绿色", "授权", "通道")),
            ]
        )
        index.refresh()
        assert index.search(Query(words=(("绿色",), ("授权",)))).clue_ids == (1, 2, 3)
        assert index.search(Query(words=(("绿色", "通道"),))).clue_ids == (1,)
        assert index.search(Query(words=(("绿色", "授权"),))).clue_ids == (3,)
        assert index.search(Query(words=(("通道", "包"),))).clue_ids == ()
        assert index.search(Query(words=(("包", "授权"), ("绿色", "通道")))).clue_ids == (1,)

    def test_no_words_are_no_condition_and_words_without_any_find_nothing(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1)])
        index.refresh()
        assert index.count(Query(words=None)) == 1
        assert index.count(Query(words=())) == 0
        assert index.facets(Query(words=()))["state"] == ()

    @pytest.mark.parametrize(
        "token",
        [
            "C++",
            "c++",
            "A",
            "a",
            '"',
            "a b",
            "ａ",
            "é",
            "e",
            "\u3000",
            "\xa0",
            "*",
            "授权",
            "🉐",
            "\0",
        ],
    )
    def test_tokens_are_kept_whole_whatever_is_in_them(
        self, index: SearchIndex, entry: MakeEntry, token: str
    ) -> None:
        others = ["c", "+", "b", "包授权", "AND", "NEAR", "body:x", token + "x"]
        index.put([entry(1, tokens=("x", token, "y")), entry(2, tokens=tuple(others))])
        index.refresh()
        assert index.search(Query(words=((token,),))).clue_ids == (1,)
        assert index.search(Query(words=(("x", token, "y"),))).clue_ids == (1,)

    def test_very_long_tokens_are_told_apart_by_their_beginning(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1, tokens=("+" * 64 + "1", "x")), entry(2, tokens=("+" * 63, "x"))])
        index.refresh()
        assert index.search(Query(words=(("+" * 64 + "2", "x"),))).clue_ids == (1,)

    def test_values_of_one_filter_are_alternatives_and_filters_add_up(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put(
            [
                entry(1, claims=("guaranteed_grant", "green_channel"), platform_id=1),
                entry(2, claims=("name_hanging",), platform_id=1),
                entry(3, claims=("green_channel",), platform_id=2),
                entry(4, claims=(), platform_id=2),
            ]
        )
        index.refresh()
        claims = frozenset({"guaranteed_grant", "name_hanging", "unheard_of"})
        assert index.search(Query(claims=claims)).clue_ids == (1, 2)
        query = Query(claims=frozenset({"green_channel"}), platforms=frozenset({2, 9}))
        assert index.search(query).clue_ids == (3,)
        assert index.search(Query(platforms=frozenset({9}))).clue_ids == ()

    def test_spans_take_their_start_and_leave_their_end(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        hour = timedelta(hours=1)
        index.put([entry(n, first_seen=START + n * hour) for n in (1, 2, 3)])
        index.put([entry(4, first_seen=START + 9 * hour, decided_at=START + 10 * hour)])
        index.refresh()
        span = Span(START + hour, START + 3 * hour)
        assert index.search(Query(first_seen=span)).clue_ids == (1, 2)
        assert index.search(Query(decided=Span(START, None))).clue_ids == (4,)
        assert index.search(Query(decided=Span(None, START))).clue_ids == ()

    def test_the_orders(self, index: SearchIndex, entry: MakeEntry) -> None:
        minutes = [START + timedelta(minutes=n) for n in range(5)]
        index.put(
            [
                entry(1, severity=1, first_seen=minutes[0], score=0.5),
                entry(2, severity=3, first_seen=minutes[3], score=0.25),
                entry(3, severity=3, first_seen=minutes[1], score=0.5),
                entry(4, severity=3, first_seen=minutes[1], score=0.75),
            ]
        )
        index.refresh()
        assert index.search(Query(sort=Sort.URGENT)).clue_ids == (3, 4, 2, 1)
        assert index.search(Query(sort=Sort.NEWEST)).clue_ids == (2, 3, 4, 1)
        assert index.search(Query(sort=Sort.SCORE)).clue_ids == (4, 1, 3, 2)

    @pytest.mark.parametrize("sort", list(Sort))
    def test_pages_follow_each_other_while_clues_come_and_go(
        self, index: SearchIndex, entry: MakeEntry, sort: Sort
    ) -> None:
        made = [entry(n, severity=n % 3 + 1, score=n % 4 / 4) for n in range(1, 31)]
        index.put(made)
        index.refresh()
        order = index.search(Query(sort=sort, limit=30)).clue_ids
        first = index.search(Query(sort=sort, limit=10))
        assert first.clue_ids == order[:10]
        assert first.total == 30
        index.delete([order[9], order[12]])
        index.put([dataclasses.replace(made[0], clue_id=31)])
        index.refresh()
        rest = index.search(Query(sort=sort, limit=30, after=first.next)).clue_ids
        assert [clue_id for clue_id in rest if clue_id != 31] == [
            clue_id for clue_id in order[10:] if clue_id != order[12]
        ]

    def test_the_last_page_says_so(self, index: SearchIndex, entry: MakeEntry) -> None:
        index.put([entry(n) for n in range(1, 5)])
        index.refresh()
        assert index.search(Query(limit=4)).next == ""
        page = index.search(Query(limit=2))
        assert index.search(Query(limit=2, after=page.next)).next == ""

    def test_a_cursor_of_another_order_is_refused(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1), entry(2)])
        index.refresh()
        cursor = index.search(Query(limit=1)).next
        with pytest.raises(Invalid, match="cursor"):
            Query(sort=Sort.NEWEST, after=cursor)

    def test_a_facet_is_counted_under_all_conditions_but_its_own(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put(
            [
                entry(1, state="open", claims=("a", "b")),
                entry(2, state="open", claims=("b",)),
                entry(3, state="confirmed", claims=("b",)),
                entry(4, state="confirmed", claims=("a",), tokens=("别", "的")),
            ]
        )
        index.refresh()
        query = Query(words=(("授权",),), states=frozenset({"open"}), claims=frozenset({"b"}))
        facets = index.facets(query, ["state", "claim", "severity"])
        assert list(facets) == ["state", "claim", "severity"]
        assert facets["state"] == (FacetCount("open", 2), FacetCount("confirmed", 1))
        assert facets["claim"] == (FacetCount("b", 2), FacetCount("a", 1))
        assert facets["severity"] == (FacetCount(2, 2),)

    def test_the_commonest_values_are_counted_and_ties_go_by_value(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        sellers = [30, 30, 30, 10, 20, 5, 5]
        index.put([entry(n, seller_id=seller) for n, seller in enumerate(sellers, 1)])
        index.refresh()
        counts = index.facets(Query(), ["seller"], top=3)["seller"]
        assert counts == (FacetCount(30, 3), FacetCount(5, 2), FacetCount(10, 1))

    def test_a_rebuild_holds_what_it_was_given_and_nothing_else(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1, revision=9), entry(2), entry(3)])
        index.delete([2])
        entries = [entry(n, revision=n, tokens=("新",)) for n in (2, 3, 4)]
        seen: list[int] = []
        fingerprint = index.rebuild(iter(entries), progress=seen.append)
        assert fingerprint == fingerprint_of(entries) == index.fingerprint()
        assert index.search(Query(words=(("新",),))).clue_ids == (2, 3, 4)
        assert index.search(Query(words=(("授权",),))).clue_ids == ()
        assert seen[-1] == 3
        assert index.put([entry(2, revision=3)]).written == 1

    def test_a_rebuild_may_meet_a_clue_twice(self, index: SearchIndex, entry: MakeEntry) -> None:
        entries = [entry(1, revision=1), entry(1, revision=3), entry(1, revision=2), entry(2)]
        assert index.rebuild(entries) == fingerprint_of([entries[1], entries[3]])

    def test_a_rebuild_of_nothing_is_an_empty_index(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1)])
        index.rebuild([])
        assert index.count(Query()) == 0

    def test_what_is_put_during_a_rebuild_is_in_the_new_index(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(n) for n in range(1, 2001)])
        index.refresh()

        def entries() -> Iterator[IndexEntry]:
            index.put([entry(5, revision=2, state="confirmed"), entry(3000)])
            index.delete([6, 1995])
            for n in range(1, 2001):
                if n == 1500:
                    index.put([entry(7, revision=2, state="confirmed")])
                    index.put([entry(1990, revision=2, state="confirmed")])
                yield entry(n)
            index.put([entry(3001), entry(8, revision=1, state="dismissed")])
            index.refresh()
            assert set(index.search(Query(limit=1000)).clue_ids) - set(range(1, 2001)) <= {3000}
            assert index.count(Query()) == 2000

        fingerprint = index.rebuild(entries())
        index.refresh()
        confirmed = index.search(Query(states=frozenset({"confirmed"}))).clue_ids
        assert confirmed == (5, 7, 1990)
        assert index.count(Query(states=frozenset({"dismissed"}))) == 0
        left = {*range(1, 2001), 3000, 3001} - {6, 1995}
        assert index.count(Query()) == len(left) == fingerprint.count
        assert index.put([entry(6, revision=5)]).late == 1

    def test_readers_see_the_whole_old_index_then_the_whole_new_one(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        old, new = range(1, 701), range(1, 1201)
        index.put([entry(n, state="open") for n in old])
        index.refresh()
        seen: list[tuple[int, ...]] = []
        faults: list[Exception] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                try:
                    page = index.search(Query(words=(("授权",),), limit=1))
                    states = index.facets(Query(), ["state"])["state"]
                    seen.append((page.total, *(state.count for state in states)))
                except IndexUnavailable as fault:
                    faults.append(fault)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        try:
            for _ in range(3):
                index.rebuild(entry(n, state="confirmed") for n in new)
                index.rebuild(entry(n, state="confirmed") for n in old)
        finally:
            done.set()
            for reader in readers:
                reader.join()
        assert faults == []
        assert len(seen) > 10
        assert {count for counts in seen for count in counts} <= {len(old), len(new)}

    def test_a_rebuild_that_fails_leaves_the_old_index(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1)])

        def broken() -> Iterator[IndexEntry]:
            yield from (entry(n) for n in range(10, 1500))
            raise RuntimeError("the store went away")

        with pytest.raises(RuntimeError, match="store went away"):
            index.rebuild(broken())
        index.refresh()
        assert index.search(Query()).clue_ids == (1,)
        assert index.rebuild([entry(2)]).count == 1

    def test_a_second_rebuild_takes_over(self, index: SearchIndex, entry: MakeEntry) -> None:
        def entries() -> Iterator[IndexEntry]:
            yield from (entry(n) for n in range(1, 600))
            index.rebuild([entry(1), entry(2)])
            yield from (entry(n) for n in range(600, 1200))

        with pytest.raises(Conflict, match="another rebuild"):
            index.rebuild(entries())
        assert index.count(Query()) == 2

    def test_tokens_of_another_version_make_it_stale(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        index.put([entry(1)])
        index.refresh()
        index._tokeniser_version = "words/2"  # type: ignore[attr-defined]
        assert index.health().state == "stale"
        assert "index rebuild" in index.health().hint
        assert index.count(Query()) == 1
        index.rebuild([entry(1)])
        assert index.health().state == "ready"

    def test_many_threads_may_ask_and_put_at_once(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        ids = itertools.count(1)
        faults: list[Exception] = []

        def work() -> None:
            try:
                for _ in range(20):
                    index.put([entry(next(ids)) for _ in range(5)]).raise_for_retry()
                    index.search(Query(words=(("授权",),)))
            except IndexUnavailable as fault:
                faults.append(fault)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        index.refresh()
        assert faults == []
        assert index.count(Query()) == 400

    def test_times_outside_utc_are_the_same_instants(
        self, index: SearchIndex, entry: MakeEntry
    ) -> None:
        from lantian.clock import SHANGHAI

        made = entry(1, first_seen=START.astimezone(SHANGHAI))
        index.put([made])
        index.refresh()
        assert index.count(Query(first_seen=Span(START, START + timedelta(seconds=1)))) == 1
        assert index.fingerprint() == fingerprint_of([entry(1, first_seen=as_utc(START))])


class TestSqlite(Contract):
    @pytest.fixture
    def index(self, sqlite_index: SearchIndex) -> SearchIndex:
        return sqlite_index


class TestElastic(Contract):
    @pytest.fixture
    def index(self, elastic_index: SearchIndex) -> SearchIndex:
        return elastic_index
