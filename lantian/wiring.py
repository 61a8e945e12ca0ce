"""Puts the parts together from the settings; below this, everything arrives as an argument."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lantian.access.sessions import Limits
from lantian.access.users import Moment
from lantian.clock import Clock, SystemClock
from lantian.settings import Settings
from lantian.store.engine import Store, ping
from lantian.store.installation import clock_of, found, is_demo, is_new
from lantian.store.migrate import upgrade

if TYPE_CHECKING:
    from lantian.egress.resolver import Resolver
    from lantian.evidence.archive import Archive
    from lantian.rulebook.compiled import Running
    from lantian.rulebook.shadow import Shadow
    from lantian.search.port import SearchIndex
    from matchers.rules import Claim
    from matchers.scan import Matcher

HOSTS_FILE = "hosts.json"


@dataclass(frozen=True)
class Parts:
    """The parts of one process. Those that take long to make are made at first use."""

    settings: Settings
    store: Store
    clock: Clock
    real_clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def index(self) -> "SearchIndex":
        """The search index that the settings name."""
        return open_index(self.settings)

    @cached_property
    def archive(self) -> "Archive":
        """The evidence archive."""
        from lantian.evidence.archive import Archive
        from lantian.evidence.depot import open_depot

        return Archive(self.settings.evidence_dir, open_depot(self.settings.evidence_store))

    def conditions(self) -> dict[str, str]:
        """What a WARC file tells of its making: by whom, where, under which clock.

        The clock is compared anew, which takes some seconds where a reference does not answer.
        A demonstration asks nobody.
        """
        from lantian.evidence.surroundings import Conditions, told_conditions

        settings = self.settings
        clock = None
        if settings.clock_references and not self.is_demo:
            from lantian.evidence.reference_clock import ClockReference, check_clock

            references = [ClockReference(one.url, one.private) for one in settings.clock_references]
            clock = check_clock(references, self.resolver, own_networks=settings.own_networks)
        return told_conditions(
            Conditions(
                operators=settings.operators,
                place=settings.place,
                case=settings.case_number,
                device_check=settings.device_check,
                network=settings.network,
                public_ip=settings.public_ip,
                clock=clock,
            )
        )

    @cached_property
    def running(self) -> "Running":
        """The pack that runs, compiled."""
        from lantian.rulebook.compiled import Running

        return Running(self.store, self.settings.pack_dir, self.settings.cache_dir)

    @property
    def matcher(self) -> "Matcher":
        """The matcher of the released pack, or of the settings' folder while none is released."""
        return self.running.matcher()

    def claims(self) -> "dict[str, Claim]":
        """The claims of the pack that runs, by name: what they are called, and their guidance."""
        from lantian.rulebook.packs import running

        with self.store.read() as session:
            pack = running(session, self.settings.pack_dir)
        return {claim.claim: claim for claim in pack.claims}

    @cached_property
    def is_demo(self) -> bool:
        """Whether the store is a demonstration, which reaches no real address."""
        with self.store.read() as session:
            return is_demo(session)

    @cached_property
    def resolver(self) -> "Resolver":
        """The one resolver of this process; a demonstration knows its own hosts and no other."""
        return open_resolver(self.settings, demo=self.is_demo)

    def matcher_of(self, pack_hash: str) -> "Matcher | None":
        """The matcher of that pack, if it is the present one or was kept since it was."""
        return self.running.matcher_of(pack_hash)

    def shadow(self) -> "Shadow | None":
        """The shadow pack whose run is on; one that cannot be loaded is ended, and said so."""
        from lantian.rulebook.compiled import compiled
        from lantian.rulebook.packs import content_of
        from lantian.rulebook.shadow import Shadow, end_by_fault, shadowed

        with self.store.read() as session:
            pack = shadowed(session)
            if pack is None:
                return None
            try:
                content = content_of(session, pack)
                return Shadow(pack.id, compiled(content.pack, self.settings.cache_dir))
            except Exception as error:  # noqa: BLE001  (the edge to a crawl that must go on)
                fault = error
        with self.store.write() as session:
            end_by_fault(session, pack.id, fault, now=self.clock.now())
        return None

    @cached_property
    def session_limits(self) -> Limits:
        """How long people's sessions live."""
        from datetime import timedelta

        return Limits(
            idle=timedelta(minutes=self.settings.session_idle_minutes),
            total=timedelta(hours=self.settings.session_hours),
        )

    def moment(self) -> Moment:
        """The present, in domain time and in real time."""
        return Moment(now=self.clock.now(), real=self.real_clock.now())

    def close(self) -> None:
        """Let go of files and connections."""
        if "index" in self.__dict__:
            self.index.close()
        self.store.close()


def open_parts(settings: Settings, *, demo: bool = False) -> Parts:
    """The parts of this process, with the store brought to this program's version.

    A new store becomes a real installation, or with `demo` a demonstration, and stays one.
    Raises `StoreError` if the store does not answer, `Conflict` if `demo` names a real store.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.effective_store_url)
    ping(store)
    upgrade(store)
    if demo or is_new(store):
        found(store, demo=demo, now=SystemClock().now())
    return Parts(settings=settings, store=store, clock=clock_of(store))


def open_resolver(settings: Settings, *, demo: bool) -> "Resolver":
    """The resolver: of a demonstration, the hosts in its file `hosts.json` and nothing else.

    The file maps a name to address and port: `{"shop.example": ["127.0.0.1", 8123]}`.
    """
    from lantian.egress.hosts import HostMap
    from lantian.egress.resolver import Resolver

    if not demo:
        return Resolver()
    file = settings.data_dir / HOSTS_FILE
    places = json.loads(file.read_text()) if file.exists() else {}
    return Resolver(
        hosts=HostMap.of({name: (ip, port) for name, (ip, port) in places.items()}, closed=True)
    )


def open_index(settings: Settings) -> "SearchIndex":
    """The search index that the settings name; nothing is opened or made yet."""
    from matchers import words

    if settings.es_url:
        from lantian.search.elastic import ElasticIndex
        from lantian.search.elastic_client import connect

        return ElasticIndex(
            connect(settings.es_url), alias=settings.es_alias, tokeniser_version=words.VERSION
        )
    from lantian.search.sqlite import SqliteIndex

    return SqliteIndex(settings.index_path, tokeniser_version=words.VERSION)
