"""The neutral form of an API group version, and its reader.

A `Module` describes the content of one Python module of models: object types with fields, kinds, enum values, and the
resources of the kinds. Names are those of the API. The JSON in `schema/` is this form; `crd` and `openapi` create it.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "Kind",
    "Module",
    "Resource",
    "SchemaError",
    "SchemaField",
    "Struct",
    "Subresource",
    "Type",
    "check_group_version",
    "identifier",
    "load_directory",
    "load_module",
    "references",
]

SCALARS = frozenset({"string", "int", "float", "bool", "bytes"})
SPECIALS = frozenset(
    {"any", "time", "microtime", "exact_time", "duration", "quantity", "int_or_string", "fields_v1", "raw"}
)
WRAPPERS = frozenset({"ptr", "list", "map"})


# What may stand where a name of the API becomes part of a file name or of source code; apiextensions' rules
# (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). Names of fields and enum values are free text.
_LABEL = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_KIND = re.compile(r"[A-Za-z](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?", re.ASCII)
_GROUP = re.compile(r"\A(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_FIELD = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')  # msgspec's rule for the names of fields
_VERB = re.compile(r"[a-z]{1,63}", re.ASCII)


class SchemaError(ValueError):
    """The input cannot be converted to models. The message names the place and the reason."""


def _check(what: str, pattern: re.Pattern[str], *values: str) -> None:
    for value in values:
        if not pattern.fullmatch(value):
            raise SchemaError(f"{what} {_shown(value)} is not a name that Kubernetes allows")


def identifier(name: str, what: str = "name") -> str:
    """Return `name` if it can stand in Python source as a name.

    Raises:
        SchemaError: It is a keyword, or not made of ASCII letters, digits and underscores; `what` says what it names.
    """
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        raise SchemaError(f"{what} {_shown(name)} is not a name in Python")
    return name


def _check_types(*names: str) -> None:
    """Refuse a text that is not the name of a type, alone or behind its module; an empty text means no type."""
    for name in names:
        for part in name.split(".") if name else ():
            identifier(part, "type")


def check_group_version(group: str, version: str) -> None:
    """Refuse a group or version that Kubernetes does not allow; an empty group is the core group.

    Raises:
        SchemaError: names it.
    """
    if group:
        _check("group", _GROUP, group)
    _check("version", _LABEL, version)


def _shown(value: str) -> str:
    return ascii(value if len(value) <= 100 else value[:97] + "...")


@dataclass(frozen=True, slots=True)
class Type:
    """A field's type: `kind` is one of SCALARS, SPECIALS, "ref" (with `name`) or WRAPPERS (with `of`)."""

    kind: str
    name: str = ""
    of: Type | None = None

    def __post_init__(self) -> None:
        if self.kind == "ref":
            _check_types(self.name)

    @property
    def item(self) -> Type:
        """What a pointer, list or map holds."""
        if self.of is None:
            raise SchemaError(f"type {self.kind!r} holds nothing")
        return self.of


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field of an object type.

    `wire` is its exact name in JSON; `omit_empty` and `omit_zero` are what Go's tag says; `required` is what a JSON
    schema says: always there, never null, without a default; `nullable` is what it says of null: a value, not absent;
    `enum` names the values that are known (module.Name); `default` is what a server fills in, as JSON; `numbers` are
    the protobuf numbers of the messages around the field that JSON flattens, outermost first, and then the field's own;
    `patch_strategies` and `patch_merge_key` say how a strategic merge patch merges the field.
    """

    wire: str
    type: Type
    omit_empty: bool = True
    omit_zero: bool = False
    required: bool = False
    nullable: bool = False
    secret: bool = False
    enum: str = ""
    description: str = ""
    default: str = ""
    numbers: Sequence[int] = ()
    patch_strategies: Sequence[str] = ()
    patch_merge_key: str = ""

    def __post_init__(self) -> None:
        _check_types(self.enum)
        if not _FIELD.fullmatch(self.wire):
            raise SchemaError(f"field {_shown(self.wire)}: models cannot have a quote, backslash or control in a name")


@dataclass(frozen=True, slots=True)
class Struct:
    """An object type.

    `preserve` says that the server keeps members that are no fields, `atomic` that it never merges two values.
    """

    name: str
    fields: Sequence[SchemaField]
    description: str = ""
    preserve: bool = False
    atomic: bool = False

    def __post_init__(self) -> None:
        identifier(self.name, "type")


@dataclass(frozen=True, slots=True)
class Kind:
    """An object type that carries kind and apiVersion; `items` is the kind that a list kind lists."""

    kind: str
    struct: str
    api_version: str
    items: str = ""

    def __post_init__(self) -> None:
        _check("kind", _KIND, self.kind)
        _check_types(self.struct, self.items)
        group, _, version = self.api_version.rpartition("/")
        check_group_version(group, version)


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource with its verbs, and the types (module.Name) that go in and come out.

    `requests_also` are other versions of the request that servers accept; with `text` the response is a text; with
    `upgrade` the connection leaves HTTP (exec, attach, proxy), and there is no method.
    """

    name: str
    verbs: frozenset[str]
    request: str = ""
    response: str = ""
    requests_also: Sequence[str] = ()
    text: bool = False
    upgrade: bool = False

    def __post_init__(self) -> None:
        _check("subresource", _LABEL, self.name)
        _check("verb", _VERB, *self.verbs)
        _check_types(self.request, self.response, *self.requests_also)


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource of a kind. `response` is the type in the response to a create, if it is not the kind itself."""

    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]
    status: bool = False
    response: str = ""
    subresources: Sequence[Subresource] = ()

    def __post_init__(self) -> None:
        _check("kind", _KIND, self.kind)
        _check("plural", _LABEL, self.plural)
        _check("verb", _VERB, *self.verbs)
        _check_types(self.response)


@dataclass(frozen=True, slots=True)
class Module:
    """One group version: everything that one Python module of models holds.

    Of custom resources, `places` is where each type and enum is in the schemas. `given_attributes` (by type and field
    name) and `given_clients` (class and accessor, by plural or plural/subresource) are the Python names that an earlier
    run gave.
    """

    name: str
    group: str
    version: str
    structs: Mapping[str, Struct]
    kinds: Mapping[str, Kind]
    enums: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    resources: Sequence[Resource] = ()
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    source: str = ""
    places: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    given_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    given_clients: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def __post_init__(self) -> None:
        check_group_version(self.group, self.version)
        identifier(self.name, "module")
        _check_types(*self.structs, *self.enums, *self.aliases, *self.aliases.values())

    @property
    def api_version(self) -> str:
        """Group and version as objects have them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def model(self, kind: str) -> str:
        """Return the class of a kind as module.Name: the kind itself, unless Python does not allow the name."""
        return f"{self.name}.{self.kinds[kind].struct if kind in self.kinds else kind}"

    def list_model(self, kind: str) -> str:
        """Return the class of a kind's lists as module.Name."""
        model = self.model(kind)
        return next((f"{self.name}.{one.struct}" for one in self.kinds.values() if one.items == model), f"{model}List")


def references(kind: Type) -> Iterator[str]:
    """Return the names of the types that `kind` uses."""
    if kind.kind == "ref":
        yield kind.name
    elif kind.of is not None:
        yield from references(kind.of)


def load_directory(folder: Path) -> dict[str, Module]:
    """Read all modules of the JSON form in `folder`, and return them by module name."""
    modules = [load_module(path) for path in sorted(folder.glob("*_v*.json"))]
    if not modules:
        raise SchemaError(f"no schema files (<group>_<version>.json) in {folder}")
    return {module.name: module for module in modules}


def load_module(path: Path) -> Module:
    """Read one module of the JSON form.

    Raises:
        SchemaError: names the file and the place that does not have the form.
    """
    try:
        return _module(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise SchemaError(f"{path}: not a schema module: {type(error).__name__}: {error}") from error


def _module(data: Mapping[str, Any]) -> Module:
    structs = {name: _struct(name, value) for name, value in data["types"].items()}
    source = data["source"]
    api_version = f"{data['group']}/{data['version']}" if data["group"] else data["version"]
    kinds = {
        name: Kind(name, value["type"], value.get("api_version", api_version), value.get("item", ""))
        for name, value in data["kinds"].items()
    }
    return Module(
        name=data["module"],
        group=data["group"],
        version=data["version"],
        structs=structs,
        kinds=kinds,
        enums={**data.get("open_enums", {}), **data.get("enums", {})},
        resources=[_resource(value) for value in data.get("resources", [])],
        aliases=data.get("aliases", {}),
        source=f"{source['package']} {source['go_version']}",
    )


def _struct(name: str, data: Mapping[str, Any]) -> Struct:
    return Struct(name, [_field(value) for value in data["fields"]])


def _field(data: Mapping[str, Any]) -> SchemaField:
    return SchemaField(
        wire=data["wire"],
        type=_type(data["type"]),
        omit_empty=bool(data.get("omitempty")),
        omit_zero=bool(data.get("omitzero")),
        secret=bool(data.get("secret")),
        enum=data.get("enum") or data.get("open_enum", ""),
        numbers=(*data.get("proto_in", ()), data["proto"]) if "proto" in data else (),
        patch_strategies=tuple(data["patch_strategy"].split(",")) if "patch_strategy" in data else (),
        patch_merge_key=data.get("patch_merge_key", ""),
    )


def _type(data: Mapping[str, Any]) -> Type:
    kind = data["k"]
    if kind == "ref":
        return Type("ref", name=data["name"])
    if kind in WRAPPERS:
        return Type(kind, of=_type(data["of"]))
    if kind not in SCALARS and kind not in SPECIALS:
        raise KeyError(f"type {kind!r}")
    return Type(kind)


def _resource(data: Mapping[str, Any]) -> Resource:
    verbs = set(data["verbs"])
    if data.get("apply"):
        verbs.add("apply")
    return Resource(
        kind=data["kind"],
        plural=data["plural"],
        namespaced=data["namespaced"],
        verbs=frozenset(verbs),
        status=bool(data.get("status")),
        response=data.get("response", ""),
        subresources=[
            Subresource(
                name=sub["name"],
                verbs=frozenset(sub["verbs"]),
                request=sub.get("request", ""),
                response=sub.get("response", ""),
                requests_also=sub.get("requests_also", []),
                text=bool(sub.get("text")),
                upgrade=bool(sub.get("upgrade")),
            )
            for sub in data.get("subresources", [])
        ],
    )
