"""Rule packs: YAML files read, checked and hashed. The only module here that reads files."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from matchers import patterns
from matchers.entities import KINDS
from matchers.errors import PackFault
from matchers.rules import Claim, Core, Group, Lexicon, Rule
from matchers.weights import FILE as WEIGHTS
from matchers.weights import Weights, WeightsFault, parse

_HOME = Path(__file__).parent
SHIPPED = _HOME / "claims"
LEXICON = _HOME / "lexicon"
FORMAT = 1
TABLES = (
    "simplified.tsv",
    "variants.tsv",
    "readings.tsv",
    "splits.tsv",
    "twins.tsv",
    "places.tsv",
)
"""The lexicon's tables; one that a pack's own lexicon lacks is the shipped one."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML in which yes, no, on and off are words, as writers of rules mean them."""

    yaml_implicit_resolvers = {  # noqa: RUF012  (the library's own name and shape)
        first: [(tag, shape) for tag, shape in shapes if tag != "tag:yaml.org,2002:bool"]
        for first, shapes in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), ["t", "f"])
Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Characters:
    """What is known of single characters; see `lexicon/SOURCES.md`."""

    pairs: dict[str, str]
    """Character -> the plain one that it stands for."""
    readings: dict[str, tuple[str, ...]]
    """Character -> syllables with tone number, commonest first."""
    splits: dict[str, tuple[str, ...]]
    """Character -> its parts, side by side."""
    twins: dict[str, str]
    """Character -> characters that look like it."""


@dataclass(frozen=True)
class Pack:
    """The claims of one folder with everything that reading them needs."""

    claims: tuple[Claim, ...]
    groups: dict[str, Group]
    core: Core
    characters: Characters = field(repr=False)
    places: dict[str, str] = field(default_factory=dict, repr=False)
    """Name of a place, as people write it -> its normal form, province first."""
    weights: Weights | None = field(default=None, repr=False)
    """What its learned rules go by."""
    files: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Claim -> name of its file; no part of the content."""

    @cached_property
    def hash(self) -> str:
        """`sha256:…` of the whole content, examples and guidance too."""
        content = {
            "format": FORMAT,
            "claims": [claim.model_dump(mode="json") for claim in self.claims],
            "groups": {name: group.model_dump(mode="json") for name, group in self.groups.items()},
            "core": self.core.model_dump(mode="json"),
            "characters": [
                self.characters.pairs,
                self.characters.readings,
                self.characters.splits,
                self.characters.twins,
            ],
            "places": self.places,
            "weights": self.weights.digest if self.weights else None,
        }
        return digest(content)

    @cached_property
    def law_keys(self) -> tuple[str, ...]:
        """Every law key that a hit may carry, sorted."""
        keys = {key for claim in self.claims for key in claim.law}
        keys |= {key for claim in self.claims for rule in claim.rules for key in rule.law}
        return tuple(sorted(keys))

    def rules(self) -> Iterator[tuple[Claim, Rule]]:
        """Each rule with its claim, in the order of the files."""
        for claim in self.claims:
            for rule in claim.rules:
                yield claim, rule

    def group(self, claim: Claim, name: str) -> Group:
        """The group of that name: the claim's own, or the shared one."""
        return claim.groups.get(name) or self.groups[name]

    def knows(self, claim: Claim, name: str) -> bool:
        """Whether `name` has terms; a kind of entity may have none."""
        return name in claim.groups or name in self.groups


def rule_hash(pack: Pack, claim: Claim, rule: Rule) -> str:
    """`sha256:…` of a rule with the groups that it names: what decides when it fires."""
    named = sorted(set(_groups_named(claim, rule)))
    content = {
        "format": FORMAT,
        "rule": rule.model_dump(mode="json", exclude={"examples"}),
        "claim": claim.claim,
        "spares": [spare.model_dump(mode="json") for spare in claim.spares],
        "groups": {
            name: pack.group(claim, name).model_dump(mode="json")
            for name in named
            if pack.knows(claim, name)
        },
    }
    if rule.learned and pack.weights:
        content["weights"] = pack.weights.digest
    return digest(content)


def digest(content: object) -> str:
    """`sha256:…` of `content` as canonical JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def code_digest(folder: Path = _HOME) -> str:
    """`sha256:…` of the matcher's own modules: what was compiled by others is not read."""
    modules = sorted([*folder.glob("*.py"), *folder.glob("*.c")])
    return digest([[module.name, module.read_text(encoding="utf-8")] for module in modules])


def load_pack(path: Path | None = None, *, learning: bool = False) -> Pack:
    """The pack in folder `path` (default: the shipped one); `learning`: as if without weights.

    The folder holds one YAML file a claim; a `lexicon` folder in it wins over the shipped one.
    Raises `PackFault` naming file, line and cause.
    """
    folder = SHIPPED if path is None else path
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise PackFault(
            str(folder), 0, "no claim files (*.yaml) there.", hint="Name a pack folder."
        )
    lexicon = folder / "lexicon" if (folder / "lexicon").is_dir() else LEXICON
    groups: dict[str, Group] = {}
    for file in sorted(lexicon.glob("*.groups.yaml")):
        groups |= _read(file, Lexicon)[0].groups
    core, _ = _read(lexicon / "core.yaml", Core)
    claims = []
    seen: dict[str, str] = {}
    names: dict[str, str] = {}
    for file in files:
        claim, lines = _read(file, Claim)
        _check(claim, groups, lines, file, seen)
        claims.append(claim)
        names[claim.claim] = file.name
    weights = None if learning else _weights(folder)
    if weights is None and not learning:
        _check_learned(claims, folder / WEIGHTS)
    return Pack(tuple(claims), groups, core, _characters(lexicon), _places(lexicon), weights, names)


def pack_files(path: Path | None = None) -> dict[str, bytes]:
    """The files that make the pack in folder `path`, by their place in it.

    What it takes from the shipped lexicon is among them, so that another program version reads
    the same pack. Raises `OSError`.
    """
    folder = SHIPPED if path is None else path
    files = {file.name: file.read_bytes() for file in sorted(folder.glob("*.yaml"))}
    if (folder / WEIGHTS).is_file():
        files[WEIGHTS] = (folder / WEIGHTS).read_bytes()
    lexicon = folder / "lexicon" if (folder / "lexicon").is_dir() else LEXICON
    groups = sorted(file.name for file in lexicon.glob("*.groups.yaml"))
    for name in (*groups, "core.yaml", *TABLES):
        files[f"lexicon/{name}"] = _lexicon_file(lexicon, name).read_bytes()
    return files


def parse_claim(text: str, groups: dict[str, Group], name: str = "<text>") -> Claim:
    """One claim from YAML `text`, checked against the shared `groups`; raises `PackFault`."""
    claim, lines = _parse(text, Claim, Path(name))
    _check(claim, groups, lines, Path(name), {})
    return claim


def _weights(folder: Path) -> Weights | None:
    file = folder / WEIGHTS
    try:
        return parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except WeightsFault as error:
        raise PackFault(str(file), error.line, error.cause) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PackFault(str(file), 0, f"cannot be read: {error}.") from error


def _check_learned(claims: Iterable[Claim], file: Path) -> None:
    """Refuses learned rules that have nothing to go by."""
    for claim in claims:
        for rule in claim.rules:
            if rule.learned:
                cause = f"rule {rule.id!r} is learned, and the pack has no weights."
                raise PackFault(str(file), 0, cause, hint="Learn them: `lantian rules train`.")


def _table(lexicon: Path, name: str) -> dict[str, str]:
    rows = _lexicon_file(lexicon, name).read_text(encoding="utf-8").splitlines()
    return dict(row.split("\t", 1) for row in rows if row and not row.startswith("#"))


def _lexicon_file(lexicon: Path, name: str) -> Path:
    own = lexicon / name
    return own if name not in TABLES or own.is_file() else LEXICON / name


@cache
def common_words() -> Mapping[str, int]:
    """How often common words are met in ordinary text; it decides speed, never a hit."""
    rows = (LEXICON / "common.tsv").read_text(encoding="utf-8").splitlines()
    counts = (row.split("\t") for row in rows if not row.startswith("#"))
    return {word: int(count) for word, count in counts}


def _characters(lexicon: Path) -> Characters:
    readings, splits = (_table(lexicon, name) for name in ("readings.tsv", "splits.tsv"))
    return Characters(
        pairs=_table(lexicon, "simplified.tsv") | _table(lexicon, "variants.tsv"),
        readings={char: tuple(row.split()) for char, row in readings.items()},
        splits={char: tuple(row.split()) for char, row in splits.items()},
        twins=_table(lexicon, "twins.tsv"),
    )


def _places(lexicon: Path) -> dict[str, str]:
    places: dict[str, str] = {}
    for province, cities in _table(lexicon, "places.tsv").items():
        places[province] = province
        places |= {city: f"{province} {city}" for city in cities.split()}
    return places


class _Lines:
    """The line on which each field of a YAML document stands."""

    def __init__(self, root: yaml.Node | None) -> None:
        self._lines: dict[Path_, int] = {}
        if root is not None:
            self._walk(root, ())

    def _walk(self, node: yaml.Node, path: Path_) -> None:
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._lines[(*path, key.value)] = key.start_mark.line + 1
                self._walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*path, index))

    def of(self, path: Path_) -> int:
        """The line of `path`, or of the nearest thing around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def _read(file: Path, model: type[Model]) -> tuple[Model, _Lines]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackFault(
            str(file), 0, f"cannot be read: {error}.", hint="It must be a UTF-8 text file."
        ) from error
    return _parse(text, model, file)


def _parse(text: str, model: type[Model], file: Path) -> tuple[Model, _Lines]:
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            data: Any = loader.construct_document(root) if root is not None else None
        finally:
            loader.dispose()
        lines = _Lines(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        cause = getattr(error, "problem", None) or str(error)
        raise PackFault(
            str(file), line, f"no YAML: {cause}.", hint="Mind indentation and quotes."
        ) from error
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        faults = error.errors()
        # A name that we do not know is mostly the misspelt one of another that is missing.
        unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
        fault = (unknown or faults)[0]
        place = tuple(fault["loc"])
        raise PackFault(
            str(file),
            lines.of(place),
            f"{'.'.join(str(part) for part in place) or 'document'}: {fault['msg']}.",
            hint="docs of the schema: matchers/rules.py.",
        ) from error


def _check(
    claim: Claim, shared: dict[str, Group], lines: _Lines, file: Path, seen: dict[str, str]
) -> None:
    """Refuses what the schema cannot see: ids twice, groups that nobody made, bad patterns."""
    for number, rule in enumerate(claim.rules):
        place: Path_ = ("rules", number)
        if not rule.id.startswith(claim.claim + "."):
            cause = f"rule {rule.id!r} must be called {claim.claim}.<name>."
            raise PackFault(str(file), lines.of((*place, "id")), cause)
        if rule.id in seen:
            cause = f"rule {rule.id!r} stands in {seen[rule.id]} already."
            raise PackFault(str(file), lines.of((*place, "id")), cause)
        seen[rule.id] = str(file)
        if bool(rule.match or rule.together) is rule.learned:
            cause = f"rule {rule.id!r} has neither `match` nor `together`."
            if rule.learned:
                cause = f"rule {rule.id!r} is learned; it can have no `match` and no `together`."
            raise PackFault(str(file), lines.of(place), cause)
        _check_patterns(rule, lines, file, place)
    known = claim.groups.keys() | shared.keys() | set(KINDS)
    for path, names in _named_places(claim):
        for name in names:
            if name not in known:
                cause = f"group {name!r} is not defined."
                raise PackFault(str(file), lines.of(path), cause, hint="Define it under `groups`.")


def _check_patterns(rule: Rule, lines: _Lines, file: Path, place: Path_) -> None:
    for index, pattern in enumerate(rule.match):
        try:
            patterns.parse(pattern)
        except patterns.PatternFault as error:
            raise PackFault(str(file), lines.of((*place, "match", index)), f"{error}.") from error
    for index, together in enumerate(rule.together):
        if together.window < 2 * len(together.all):
            cause = f"window {together.window} cannot hold {len(together.all)} terms."
            raise PackFault(str(file), lines.of((*place, "together", index)), cause)


def _groups_named(claim: Claim, rule: Rule) -> Iterator[str]:
    for pattern in rule.match:
        yield from (slot.group for slot in patterns.parse(pattern) if slot.group)
    for together in rule.together:
        yield from together.all
    parts: Iterable[Any] = (*rule.needs, *rule.boosts, *rule.spares, *claim.spares)
    for part in parts:
        yield from part.any


def _named_places(claim: Claim) -> Iterator[tuple[Path_, list[str]]]:
    for index, spare in enumerate(claim.spares):
        yield ("spares", index), list(spare.any)
    for number, rule in enumerate(claim.rules):
        place: Path_ = ("rules", number)
        for index, pattern in enumerate(rule.match):
            names = [slot.group for slot in patterns.parse(pattern) if slot.group]
            yield (*place, "match", index), names
        for index, together in enumerate(rule.together):
            yield (*place, "together", index), list(together.all)
        for kind in ("needs", "boosts", "spares"):
            for index, part in enumerate(getattr(rule, kind)):
                yield (*place, kind, index), list(part.any)
