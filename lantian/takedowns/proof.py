"""The evidence of a notice as one ZIP, every record checked against its digest as it is read."""

import base64
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lantian.errors import EvidenceDamaged
from lantian.evidence.archive import Archive, deleted
from lantian.model import Artifact, Capture, Document, Hit, NoticeItem
from lantian.takedowns.content import canonical, captures_of, content_digest, stamp
from lantian.takedowns.view import NoticeView, notice_view

FORMAT = "lantian.evidence/1"
CHUNK = 256 * 1024
IN_MEMORY = 8 * 1024 * 1024
"""A larger pack goes through a file that has no name."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same content makes the same bytes
SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "text/html": "html",
    "application/json": "json",
    "application/pdf": "pdf",
}
ONLY_RECORDS = frozenset({"request", "metadata", "part"})
"""Roles in `records.warc.gz` alone: how a page was got, and what it loaded, are no files here."""
README = """\
本压缩包是处置通知的证据材料。manifest.json 列出每个文件的 SHA-256；
notice.json 是通知正文的规范化 JSON，其 SHA-256 即通知的 content_digest。
所列内容涉嫌违法，是否违法以有权机关的认定为准。
网页文件为抓取原文，请勿直接在浏览器中打开。

Evidence of one notice. manifest.json lists every file with its SHA-256; notice.json is the
canonical JSON of the notice, whose SHA-256 is its content_digest. The content is suspected;
whether a law was broken is for the competent authority to decide. Pages are as they were
received: do not open them in a browser that is logged in anywhere.

Check: sha256sum FILE, and compare with manifest.json.
"""


@dataclass(frozen=True)
class Pack:
    """A ZIP file, ready to be sent once."""

    file: IO[bytes]
    size: int
    sha256: bytes

    @property
    def digest(self) -> str:
        """The digest of the whole file."""
        return f"sha256:{self.sha256.hex()}"

    @property
    def digest_base64(self) -> str:
        """The digest as the header `Repr-Digest` has it (RFC 9530)."""
        return base64.b64encode(self.sha256).decode()

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """The bytes, some at a time; the file is closed at the end."""
        with self.file:
            self.file.seek(0)
            while part := self.file.read(size):
                yield part

    def read(self) -> bytes:
        """All bytes."""
        return b"".join(self.chunks())


@dataclass
class _Zip:
    archive: zipfile.ZipFile
    files: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, data: bytes, **told: object) -> None:
        """Put one file in, and into the list that becomes the manifest."""
        self.archive.writestr(_info(name), data)
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.files.append({"file": name, "size": len(data), "digest": digest, **told})


def evidence_of(
    session: Session, archive: Archive, notice_id: int, *, platform_id: int | None = None
) -> Pack:
    """The pack of a notice: its content, each document with its hits, and what was captured.

    Captures are those of the documents told and the evidence visits that saw the claims stand.
    Raises `NotFound`, and `EvidenceDamaged` naming the record that is missing or changed.
    """
    view = notice_view(session, notice_id, platform_id=platform_id)
    notice = view.notice
    if content_digest(notice.content) != notice.content_digest:
        raise EvidenceDamaged(
            f"notice {notice_id}: its content does not match its digest.",
            hint="It was changed in the store; compare with a backup.",
        )
    with ExitStack() as unless_done:
        file = unless_done.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            pack = _Zip(zipped)
            pack.add("README.txt", README.encode())
            pack.add("notice.json", canonical(notice.content), role="notice")
            for item in notice.items:
                _add_item(session, archive, pack, item)
            manifest = json.dumps(_manifest(view, pack), ensure_ascii=False, indent=1)
            zipped.writestr(_info("manifest.json"), manifest.encode("utf-8", "surrogatepass"))
        unless_done.pop_all()
    return _sealed(file)


def _manifest(view: NoticeView, pack: _Zip) -> dict[str, Any]:
    notice = view.notice
    return {
        "format": FORMAT,
        "notice_id": notice.id,
        "platform": view.platform.name,
        "content_digest": notice.content_digest,
        "demonstration": notice.content["demonstration"],
        "files": pack.files,
    }


def _add_item(session: Session, archive: Archive, pack: _Zip, item: NoticeItem) -> None:
    folder = f"clue-{item.clue_id}"
    document = session.get_one(Document, item.document_id)
    text = document.text.encode("utf-8", "surrogatepass")
    told = {"clue_id": item.clue_id}
    pack.add(f"{folder}/text.txt", text, role="text", **told)
    if pack.files[-1]["digest"] != document.text_digest:
        raise EvidenceDamaged(
            f"document {document.id}: its text does not match its digest.",
            hint="It was changed in the store; compare with a backup.",
        )
    hits = json.dumps(_hits(session, item), ensure_ascii=False, indent=1)
    pack.add(f"{folder}/hits.json", hits.encode("utf-8", "surrogatepass"), role="hits", **told)
    for capture in captures_of(session, document):
        kept = [artifact for artifact in capture.artifacts if artifact.deleted_at is None]
        for artifact in kept:
            if artifact.role in ONLY_RECORDS:
                continue
            _add_artifact(archive, pack, folder, capture, artifact)
        if len(kept) < len(capture.artifacts):
            gone = "\n".join(
                f"{one.role} {one.digest}: {deleted(one).message}"
                for one in capture.artifacts
                if one.deleted_at is not None
            )
            name = f"{folder}/capture-{capture.id}/deleted.txt"
            pack.add(name, f"{gone}\n".encode(), role="deleted", capture_id=capture.id)
        if not kept:
            continue
        # Compressed record by record, so records behind each other are a WARC file again.
        records = b"".join(archive.member(artifact)[0] for artifact in kept)
        name = f"{folder}/capture-{capture.id}/records.warc.gz"
        pack.add(name, records, role="warc", capture_id=capture.id)


def _add_artifact(
    archive: Archive, pack: _Zip, folder: str, capture: Capture, artifact: Artifact
) -> None:
    data = archive.read(artifact)
    kind = artifact.media_type.partition(";")[0].strip().lower()
    name = f"{folder}/capture-{capture.id}/{artifact.role}.{SUFFIXES.get(kind, 'bin')}"
    pack.add(
        name,
        data,
        role=artifact.role,
        capture_id=capture.id,
        purpose=capture.purpose,
        url=capture.url,
        final_url=capture.final_url,
        at=stamp(capture.at),
        recorded_at=stamp(capture.recorded_at),
        status=capture.status,
        via=capture.via,
        media_type=artifact.media_type,
        record_id=artifact.record_id,
    )


def _hits(session: Session, item: NoticeItem) -> list[dict[str, Any]]:
    rules = {(rule, digest) for rule, digest in item.rules}
    statement = select(Hit).where(
        Hit.document_id == item.document_id, Hit.pack_hash == item.pack_hash
    )
    return [
        {
            "claim": hit.claim,
            "rule": hit.rule_id,
            "rule_hash": hit.rule_hash,
            "pack": hit.pack_hash,
            "start": hit.start,
            "end": hit.end,
            "text": hit.text,
            "score": hit.score,
            "why": hit.why,
        }
        for hit in session.scalars(statement.order_by(Hit.start, Hit.end, Hit.rule_id))
        if (hit.rule_id, hit.rule_hash) in rules
    ]


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _sealed(file: "tempfile.SpooledTemporaryFile[bytes]") -> Pack:
    digest = hashlib.sha256()
    file.seek(0)
    while part := file.read(CHUNK):
        digest.update(part)
    return Pack(file, file.tell(), digest.digest())
