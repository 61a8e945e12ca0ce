"""A compiled matcher as bytes. No pickle: nothing that is read here can run code."""

import hashlib
import json
import platform
import zlib
from dataclasses import asdict

import numpy as np

from matchers.compile import Compiled, Prepared, compile_pack
from matchers.engine import available
from matchers.errors import DamagedMatcher, MatcherError
from matchers.pack import Characters, Pack, code_digest
from matchers.rules import Claim, Core, Group
from matchers.text import TABLE_SIZE, Tables
from matchers.weights import dump_parts, load_parts

_MAGIC = b"matcher2"
_DIGEST = 32


def dump(pack: Pack, compiled: Compiled) -> bytes:
    """The pack and all that took long to make of it."""
    prepared = compiled.prepared
    head = {
        "machine": _machine(),
        "code": code_digest(),
        "engines": prepared.names,
        "hash": compiled.pack_hash,
        "claims": [claim.model_dump(mode="json") for claim in pack.claims],
        "groups": {name: group.model_dump(mode="json") for name, group in pack.groups.items()},
        "core": pack.core.model_dump(mode="json"),
        "characters": asdict(pack.characters),
        "evasions": prepared.evasions,
        "literals": prepared.literals,
        "places": pack.places,
    }
    parts = [
        json.dumps(head, ensure_ascii=False).encode("utf-8", "surrogatepass"),
        prepared.tables.folds.astype("<u4").tobytes(),
        prepared.tables.kinds.tobytes(),
        *(database or b"" for database in prepared.engines),
        *(dump_parts(pack.weights) if pack.weights else ()),
    ]
    body = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    return _MAGIC + hashlib.sha256(body).digest() + zlib.compress(body, 1)


def load(data: bytes) -> tuple[Pack, Compiled]:
    """What `dump` wrote; raises `DamagedMatcher` where it is damaged, or of another machine."""
    try:
        pack, pack_hash, prepared = _read(data)
        return pack, compile_pack(pack, pack_hash, prepared=prepared)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MatcherError,
        TypeError,
        ValueError,
    ) as error:
        raise DamagedMatcher(
            f"these bytes are no compiled matcher for this machine: {error}.",
            hint="Compile the pack again.",
        ) from error


def _read(data: bytes) -> tuple[Pack, str, Prepared]:
    """Pack, hash and what was prepared; any of many errors where the bytes are others."""
    start = len(_MAGIC) + _DIGEST
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("another format")
    try:
        body = zlib.decompress(data[start:])
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if hashlib.sha256(body).digest() != data[len(_MAGIC) : start]:
        raise ValueError("another content than its digest says")
    head_bytes, folds, kinds, *rest = _parts(body)
    head = json.loads(head_bytes)
    databases, learnt = rest[: len(head["engines"])], rest[len(head["engines"]) :]
    if head["machine"] != _machine():
        raise ValueError(f"made on {head['machine']}, not on {_machine()}")
    if head["code"] != code_digest():
        raise ValueError("made by another version of the matcher")
    pack = Pack(
        claims=tuple(Claim.model_validate(claim) for claim in head["claims"]),
        groups={name: Group.model_validate(group) for name, group in head["groups"].items()},
        core=Core.model_validate(head["core"]),
        characters=_characters(head["characters"]),
        places={name: str(plain) for name, plain in head["places"].items()},
        weights=load_parts(learnt) if learnt else None,
    )
    tables = Tables(
        np.frombuffer(folds, dtype="<u4", count=TABLE_SIZE),
        np.frombuffer(kinds, dtype=np.uint8, count=TABLE_SIZE),
    )
    engines = tuple(database or None for database in databases)
    prepared = Prepared(tables, head["evasions"], tuple(head["engines"]), head["literals"], engines)
    return pack, head["hash"], prepared


def _parts(body: bytes) -> list[bytes]:
    parts = []
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 8], "little")
        parts.append(body[at + 8 : at + 8 + size])
        at += 8 + size
    return parts


def _characters(data: dict[str, dict[str, list[str]]]) -> Characters:
    return Characters(
        pairs={char: str(plain) for char, plain in data["pairs"].items()},
        readings={char: tuple(readings) for char, readings in data["readings"].items()},
        splits={char: tuple(parts) for char, parts in data["splits"].items()},
        twins={char: str(twins) for char, twins in data["twins"].items()},
    )


def _machine() -> str:
    return f"{platform.system()} {platform.machine()} {available()}"
