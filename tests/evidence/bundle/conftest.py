"""An installation with a clue that went all the way, and the bundle of it."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from lantian.access import audit
from lantian.evidence.archive import Archive, Original
from lantian.evidence.bundle import layout
from lantian.evidence.bundle.check import BundleCheck
from lantian.evidence.bundle.export import Export, Exported
from lantian.evidence.bundle.select import Asked
from lantian.evidence.bundle.zipped import ZipWriter
from lantian.evidence.finding import Finding
from lantian.evidence.making import tell_digest
from lantian.evidence.seal import digest_of
from lantian.model import (
    Artifact,
    Capture,
    Clue,
    ClueClaim,
    Crawl,
    Decision,
    Document,
    Hit,
    Notice,
    NoticeEvent,
    NoticeItem,
    Observation,
    Page,
    Recheck,
    User,
)
from lantian.store.engine import Store
from tests.evidence.conftest import AT, HEAD, PNG, Kept, _row

URL = "https://shop.example/goods/1"
TEXT = "商标注册包授权\n不成功全额退款，内部关系加急"
PAGE = f"<!doctype html><meta charset=utf-8><title>商标</title><p>{TEXT}"
PACK = "sha256:" + "ab" * 32
RULE = "sha256:" + "cd" * 32
ABOUT = {
    "software": "lantian test",
    "hostname": "取证一号",
    "operating-system": "Linux",
    "clock": "synchronised, as the kernel says (adjtimex); at most 0.002000 s",
}
ASKED = b"GET /goods/1 HTTP/1.1\r\nUser-Agent: Lantian\r\nHost: shop.example\r\n\r\n"
HITS = ((2, 7, "guaranteed_grant"), (8, 15, "guaranteed_grant"), (16, 22, "green_channel"))


@dataclass
class Case(Kept):
    """A clue with two versions that hit, an evidence visit, a revisit, a notice and a re-check."""

    documents: list[int] = field(default_factory=list)

    def export(self, path: Path, asked: Asked | None = None, **options: Any) -> Exported:
        """The bundle of the clue, or of what is asked for."""
        with self.store.read() as session:
            return Export(
                session,
                self.archive,
                asked or Asked(clues=(1,)),
                office="某市知识产权局",
                demonstration=False,
                software="lantian test",
                **options,
            ).write(path)


def build(kept: Kept) -> Case:
    """The case, in the store and the archive of `kept`."""
    case = Case(kept.store, kept.archive, kept.crawl_id)
    files = {}
    with case.archive.writer("crawl-1", at=AT, about=ABOUT) as writer:
        files[writer.file] = writer.info_digest
        case.capture(writer, "https://shop.example/other", b"<p>nothing", hit_count=0)
        case.capture(writer, URL, PAGE.encode(), hit_count=2, asked=ASKED)
        case.capture(writer, URL, PAGE.encode() + b"<!-- 2 -->", hit_count=3)
    with case.archive.writer("evidence-2", at=AT, about=ABOUT) as writer:
        files[writer.file] = writer.info_digest
        dom = f"<html><body>{TEXT}</body></html>".encode()
        seen: dict[str, Any] = {"purpose": "evidence", "hits_stood": True, "via": "browser"}
        case.capture(writer, URL, dom, dom=dom + b"<!-- dom -->", screenshot=PNG, **seen)
        revisit(case, writer)
        gone: dict[str, Any] = {"purpose": "recheck", "hits_stood": False, "status": 404}
        head = HEAD.replace(b"200 OK", b"404 Not Found")
        case.capture(writer, URL, b"<p>gone", head=head, **gone)
    observe(case)
    for version, capture_id in ((1, 2), (2, 3)):
        document(case, version, capture_id)
    decide(case, files)
    return case


def observe(case: Case) -> None:
    """The observation of the evidence visit."""
    told: dict[str, Any] = {"started_at": AT, "recorded_at": AT, "alarms": []}
    with case.store.write() as session:
        page = session.get_one(Capture, 4).page_id
        crawl = Crawl(source_id=1, spider="recheck", purpose="evidence", job_key="evidence:2",
                      token=1, **told)  # fmt: skip
        session.add(crawl)
        session.flush()
        at = AT + timedelta(minutes=1)
        session.add(Observation(page_id=page, crawl_id=crawl.id, at=at, recorded_at=at,
                                outcome="seen", status=200, capture_id=4))  # fmt: skip


def revisit(case: Case, writer: Any) -> None:
    """The third capture's page, seen again unchanged: the record stands with that capture."""
    with case.store.write() as session:
        payload = (Artifact.capture_id == 3) & (Artifact.role == "payload")
        original = session.scalars(select(Artifact).where(payload)).one()
        ref = writer.write_revisit(
            url=URL,
            at=AT + timedelta(days=1),
            head=HEAD,
            original=Original(
                original.record_id, URL, session.get_one(Capture, 3).recorded_at, original.digest
            ),
            remote_ip="1.1.1.1",
        )
        writer.sync()
        session.execute(insert(Artifact), [_row(3, "revisit", "text/html", ref)])


def document(case: Case, version: int, capture_id: int) -> None:
    """A version of the posting that hits."""
    with case.store.write() as session:
        page = session.scalars(select(Page).where(Page.url == URL)).one()
        row = Document(
            source_id=1,
            platform_id=1,
            posting_key="listing:1",
            version=version,
            kind="listing",
            page_id=page.id,
            capture_id=capture_id,
            url=URL,
            title="商标 <注册>",
            text=TEXT + "！" * version,
            text_digest=digest_of((TEXT + "！" * version).encode()),
            reader_version="1",
            profile_version="sha256:0",
            first_seen_at=AT,
            last_seen_at=AT + timedelta(days=version),
            last_crawl_id=case.crawl_id,
        )
        session.add(row)
        session.flush()
        case.documents.append(row.id)
        for start, end, claim in HITS[: version + 1]:
            values = {"document_id": row.id, "claim": claim, "rule_id": "r", "rule_hash": RULE}
            place = {"start": start, "end": end, "text": TEXT[start:end], "pack_hash": PACK}
            told = {"score": 0.9, "severity": 3, "why": "x", "law": ["ad-law.false"]}
            session.add(Hit(**values, **place, **told, found_at=AT))


def decide(case: Case, files: dict[str, str]) -> None:
    """The clue, its decision, the notice with a re-check, and the events of that and the files."""
    with case.store.write() as session:
        user = User(name="li", display_name="李", role="reviewer", created_at=AT)
        clue = Clue(
            source_id=1,
            platform_id=1,
            posting_key="listing:1",
            document_id=case.documents[-1],
            state="confirmed",
            severity=3,
            score=0.9,
            pack_hash=PACK,
            first_seen_at=AT,
            last_seen_at=AT,
            tokens=[],
            tokens_version="1",
            claims=[ClueClaim(claim="guaranteed_grant", severity=3, score=0.9, hit_count=2)],
        )
        session.add_all([user, clue])
        session.flush()
        decision = Decision(
            clue_id=clue.id,
            verdict="confirmed",
            document_id=case.documents[0],
            pack_hash=PACK,
            covered=[],
            previous={},
            user_id=user.id,
            at=AT,
            recorded_at=AT,
        )
        content = {"format": "lantian.notice/1", "clues": [1], "statement": "涉嫌"}
        notice = Notice(
            platform_id=1,
            state="sent",
            created_at=AT,
            updated_at=AT,
            recorded_at=AT,
            content=content,
            content_digest=digest_of(layout.canonical(content)),
            created_by="user:li",
        )
        session.add_all([decision, notice])
        session.flush()
        item = NoticeItem(
            notice_id=notice.id,
            clue_id=clue.id,
            decision_id=decision.id,
            document_id=case.documents[0],
            pack_hash=PACK,
            claims=["guaranteed_grant"],
            rules=[["r", RULE]],
        )
        event = NoticeEvent(
            notice_id=notice.id, seq=1, kind="sent", actor="user:li", at=AT, recorded_at=AT
        )
        session.add_all([item, event])
        session.flush()
        look = {"series": 1, "number": 1, "due_at": AT, "result": "verified_removed"}
        session.add(Recheck(item_id=item.id, capture_id=5, **look))
        for action, subject in (
            ("user.add", "user:1"),
            ("clue.lease", "clue:1"),
            ("clue.confirm", "clue:1"),
            ("clue.lease", "clue:77"),
            ("notice.sent", "notice:1"),
            ("evidence.export", "clue:1"),
            ("notice.acknowledged", "notice:1"),
        ):
            audit.record(
                session, actor="user:li", action=action, subject=subject, now=AT, real_now=AT
            )
        for file, digest in files.items():
            tell_digest(session, file, digest, now=AT, real_now=AT)


@pytest.fixture
def case(kept: Kept) -> Case:
    """An installation with a clue that went all the way."""
    return build(kept)


BOTH = Asked(clues=(1,), notices=(1,))


@pytest.fixture(scope="session")
def made_bundle(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bundle of such a case, made once."""
    folder = tmp_path_factory.mktemp("case")
    shutil.copyfile(sqlite_template, folder / "store.sqlite3")
    kept = Kept(Store(f"sqlite:///{folder / 'store.sqlite3'}"), Archive(folder / "evidence"))
    kept.begin()
    made = build(kept).export(folder / "case.wacz", BOTH)
    kept.store.close()
    return made.path.read_bytes()


@pytest.fixture
def bundle(made_bundle: bytes, tmp_path: Path) -> Path:
    """The bundle of the clue and the notice of such a case: the same bytes for every test."""
    path = tmp_path / "case.wacz"
    path.write_bytes(made_bundle)
    return path


def check(path: Path, expect: str = "") -> list[Finding]:
    """Everything that is found in a bundle."""
    return list(BundleCheck(path, expect).findings())


def content(path: Path) -> dict[str, bytes]:
    """The members by name, as Python's own reader sees them."""
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


def told(path: Path, name: str) -> Any:
    """What a JSON member says."""
    return json.loads(content(path)[name])


def packed(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """A bundle of these members, in our own form."""
    with path.open("w+b") as out:
        zipped = ZipWriter(out)
        for name, data in members:
            zipped.add(name, data)
        zipped.finish()


Tamper = Callable[[dict[str, bytes]], None]


def forge(path: Path, tamper: Tamper, *, sums: bool = True, manifest: bool = True) -> None:
    """Change members, and make the digests right again as far as is said."""
    members = content(path)
    tamper(members)
    own = {layout.PACKAGE, layout.PACKAGE_DIGEST}
    if sums:
        members[layout.SUMS] = b"".join(
            f"{digest_of(data).partition(':')[2]}  {name}\n".encode()
            for name, data in members.items()
            if name not in own | {layout.SUMS}
        )
    if manifest:
        package = json.loads(members[layout.PACKAGE])
        package["resources"] = [
            {
                "name": name.lower(),
                "path": name,
                "hash": digest_of(data),
                "bytes": len(data),
            }
            for name, data in members.items()
            if name not in own
        ]
        members[layout.PACKAGE] = layout.readable(package)
        told = {"path": layout.PACKAGE, "hash": digest_of(members[layout.PACKAGE])}
        members[layout.PACKAGE_DIGEST] = layout.readable(told)
    packed(path, members.items())


def add(name: str, data: bytes = b"{}") -> Tamper:
    """A member more, or in the place of another."""

    def tamper(members: dict[str, bytes]) -> None:
        members[name] = data

    return tamper


def replace(name: str, old: bytes, new: bytes) -> Tamper:
    """Other bytes in a member."""

    def tamper(members: dict[str, bytes]) -> None:
        assert old in members[name], name
        members[name] = members[name].replace(old, new, 1)

    return tamper
