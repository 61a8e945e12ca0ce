"""From a YAML file to a profile, with errors that name file, line and field."""

import re
from collections.abc import Hashable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from lantian.errors import NotFound, ProfileError
from lantian.reading.profile import SiteProfile
from lantian.reading.select import Strict

SHIPPED = Path(__file__).resolve().parents[2] / "crawler" / "sites"
"""The folder of the profiles that come with the program."""
GENERIC = "site"
"""Name of the built-in profile for any address."""
LARGEST = 1_000_000
Model = TypeVar("Model", bound=Strict)


class _Loader(yaml.SafeLoader):
    """YAML as people write it: only true and false are booleans, a date stays a text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the field {key.value!r} stands here twice",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_WORDS = {
    "tag:yaml.org,2002:null": (re.compile(r"(?:~|null|)$"), ["~", "n", ""]),
    "tag:yaml.org,2002:bool": (re.compile(r"(?:true|false)$"), ["t", "f"]),
    "tag:yaml.org,2002:int": (re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")),
    "tag:yaml.org,2002:float": (re.compile(r"[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789")),
}
_Loader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _firsts) in _WORDS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, _firsts)


def load_profile(path: str | Path) -> SiteProfile:
    """The profile in a YAML file; `ProfileError` names file, line and field."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"{path}: cannot be read: {error}.", hint="Give a YAML file in UTF-8."
        ) from error
    return parse_profile(text, where=str(path))


def parse_profile(text: str, *, where: str = "profile") -> SiteProfile:
    """The profile in a YAML text; `where` names the text in errors."""
    return parse_as(SiteProfile, text, where=where, what="profile", hint=HINT)


def parse_as(
    model: type[Model],
    text: str,
    *,
    where: str,
    what: str,
    hint: str,
    context: dict[str, Any] | None = None,
) -> Model:
    """What a YAML text holds; `ProfileError` names `where`, line and field.

    `what` is what it should be; `context` is handed to the validators.
    """
    if len(text) > LARGEST:
        raise ProfileError(f"{where}: over {LARGEST} characters.", hint=f"Is this a {what}?")
    try:
        node = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ProfileError(
            f"{where}, line {line}: {error.problem or error.context}.",
            hint="Mend the YAML; indentation and quotes are the usual causes.",
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ProfileError(f"{where}: no YAML: {error}.") from error
    if not isinstance(data, Mapping) or node is None:
        raise ProfileError(
            f"{where}, line 1: a {what} is a mapping of fields.", hint="Begin with `name: …`."
        )
    try:
        return model.model_validate(_frozen(data), context=context)
    except RecursionError as error:
        raise ProfileError(f"{where}: it contains itself.", hint="Take the alias out.") from error
    except ValidationError as error:
        raise ProfileError(_report(where, node, error, what), hint=hint) from error


HINT = "Compare with the profiles in crawler/sites/."


def find_profile(name: str, folders: Iterable[str | Path] = ()) -> SiteProfile:
    """The profile of that name: from the given folders, first one first, else a shipped one."""
    for folder in (*map(Path, folders), SHIPPED):
        path = folder / f"{name}.yaml"
        if Path(name).name == name and path.is_file():
            return _load_cached(path, path.stat().st_mtime_ns)
    places = ", ".join(map(str, (*folders, SHIPPED)))
    raise NotFound(
        f"There is no profile {name!r}.", hint=f"Profiles are {{name}}.yaml in: {places}."
    )


@lru_cache(maxsize=512)
def _load_cached(path: Path, _changed: int) -> SiteProfile:
    profile = load_profile(path)
    if profile.name != path.stem:
        raise ProfileError(
            f"{path}: the profile is named {profile.name!r}.",
            hint=f"Name it {path.stem!r}, as its file.",
        )
    return profile


def profile_names(folders: Iterable[str | Path] = ()) -> tuple[str, ...]:
    """The names of all profiles that `find_profile` finds, sorted."""
    return tuple(
        sorted({path.stem for f in (*map(Path, folders), SHIPPED) for path in f.glob("*.yaml")})
    )


def profile_schema() -> dict[str, Any]:
    """The JSON Schema of a profile, for editors."""
    return SiteProfile.model_json_schema()


def _frozen(data: object) -> object:
    """The same with tuples for lists, as the strict model wants them."""
    if isinstance(data, Mapping):
        return {str(key): _frozen(value) for key, value in data.items()}
    if isinstance(data, list):
        return tuple(_frozen(item) for item in data)
    return data


def _report(where: str, node: yaml.Node, error: ValidationError, what: str) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        path = [part for part in fault["loc"] if not _is_branch(part)]
        line = _line(node, path)
        field = ".".join(str(part) for part in path) or what
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = _unknown(str(path[-1]) if path else "")
        lines.append(f"{where}, line {line}, field {field}: {message}.")
    return "\n".join(dict.fromkeys(lines))


def _unknown(name: str) -> str:
    """The message for a field that does not exist, with the one that was perhaps meant."""
    names = {n for model in _models() for n in model.model_fields}
    near = get_close_matches(name, sorted(names), n=1)
    return f"there is no such field here{f'; did you mean {near[0]!r}?' if near else ''}"


def _models() -> list[type[Strict]]:
    return Strict.__subclasses__()


def _is_branch(part: object) -> bool:
    """Whether a part of a location names a branch of a union, which no file has."""
    return isinstance(part, str) and (
        part[:1].isupper() or "[" in part or part in {"literal", "tagged-union"}
    )


def _line(node: yaml.Node, path: list[Any]) -> int:
    """The line (from 1) of the deepest node on the path that the file has."""
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
