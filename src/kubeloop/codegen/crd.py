"""CustomResourceDefinitions to the neutral form: a module for each served version of each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from kubeloop.codegen.names import module_of
from kubeloop.codegen.schema import Field, Kind, Module, Resource, SchemaError, Struct, Subresource, Type
from kubeloop.codegen.structural import JSONSchema, StructuralReader

__all__ = ["VERBS", "KindNames", "custom_kind", "read_crds"]

VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "apply", "delete", "deletecollection"})
"""What the server offers for every custom resource."""

_SCALE = Subresource(
    "scale", frozenset({"get", "update", "patch", "apply"}), "autoscaling_v1.Scale", "autoscaling_v1.Scale"
)


def read_crds(documents: Iterable[object], source: str) -> dict[str, Module]:
    """Read CustomResourceDefinition documents (parsed YAML or JSON, Lists of them too).

    Args:
        documents: Parsed documents; those of other kinds are passed over, as a file often holds more.
        source: What the generated files name as their input.

    Returns:
        The modules by name.

    Raises:
        SchemaError: No definition was found, or one cannot be read; it is named.
    """
    definitions = sorted((one for document in documents for one in _definitions(document)), key=_name)
    if not definitions:
        raise SchemaError(f"{source}: no CustomResourceDefinition in it")
    versions: dict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for definition in definitions:
        spec = definition["spec"]
        for version in _versions(definition):
            versions.setdefault(module_of(spec["group"], version["name"]), []).append((definition, version))
    return {name: _module(name, members, source) for name, members in sorted(versions.items())}


def _definitions(document: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return
    value = cast("Mapping[str, Any]", document)  # a YAML mapping; what is used of it is checked on use
    if value.get("kind") == "CustomResourceDefinition":
        if value.get("apiVersion") != "apiextensions.k8s.io/v1":
            raise SchemaError(f"{_name(value)}: apiVersion {value.get('apiVersion')!r}, not apiextensions.k8s.io/v1")
        yield value
    elif value.get("kind") in ("List", "CustomResourceDefinitionList"):
        for item in value.get("items", ()):
            yield from _definitions(
                {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1", **item}
            )


def _name(definition: Mapping[str, Any]) -> str:
    return str(definition.get("metadata", {}).get("name", "a CustomResourceDefinition without name"))


def _versions(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spec = definition.get("spec", {})
    for needed in ("group", "names", "scope", "versions"):
        if needed not in spec:
            raise SchemaError(f"{_name(definition)}: no spec.{needed}")
    return (version for version in spec["versions"] if version.get("served"))


def _module(name: str, members: list[tuple[Mapping[str, Any], Mapping[str, Any]]], source: str) -> Module:
    reader = StructuralReader(name)
    kinds: dict[str, Kind] = {}
    resources: list[Resource] = []
    names_of = {_name(one): KindNames.reserved(reader, one["spec"]["names"]) for one, _ in members}
    for definition, version in members:
        spec, names = definition["spec"], definition["spec"]["names"]
        schema = version.get("schema", {}).get("openAPIV3Schema")
        if schema is None:
            raise SchemaError(f"{_name(definition)}: version {version['name']} has no schema")
        kinds |= custom_kind(reader, names_of[_name(definition)], f"{spec['group']}/{version['name']}", schema)
        subresources = version.get("subresources", {})
        resources.append(
            Resource(
                kind=names["kind"],
                plural=names["plural"],
                namespaced=spec["scope"] == "Namespaced",
                verbs=VERBS,
                status="status" in subresources,
                subresources=[_SCALE] if "scale" in subresources else [],
            )
        )
    return Module(
        name=name,
        group=members[0][0]["spec"]["group"],
        version=members[0][1]["name"],
        structs=reader.structs,
        kinds=kinds,
        enums=reader.enums,
        resources=resources,
        source=source,
    )


@dataclass(frozen=True, slots=True)
class KindNames:
    """A kind and its list kind, and the classes that they become."""

    kind: str
    list_kind: str
    struct: str
    list_struct: str

    @classmethod
    def reserved(cls, reader: StructuralReader, names: Mapping[str, Any]) -> Self:
        """Take the class names of a kind, before nested types can get them; `names` are those of a definition."""
        kind = str(names["kind"])
        listed = str(names.get("listKind") or f"{kind}List")
        return cls(kind, listed, reader.reserve(kind), reader.reserve(listed))


def custom_kind(reader: StructuralReader, names: KindNames, api_version: str, schema: JSONSchema) -> dict[str, Kind]:
    """Read a kind's schema, and make its list kind."""
    metadata = Type("ref", name="meta_v1.ObjectMeta")
    properties: dict[str, Any] = {**schema.get("properties", {}), "metadata": {}}
    replaced = {"apiVersion": None, "kind": None, "metadata": metadata}
    reader.struct(names.struct, {**schema, "properties": properties}, replaced=replaced)
    item = f"{reader.module}.{names.struct}"
    items = Field("items", Type("list", of=Type("ref", name=item)), omit_empty=False)
    fields = [Field("metadata", Type("ref", name="meta_v1.ListMeta")), items]
    reader.structs[names.list_struct] = Struct(names.list_struct, fields)
    return {
        names.kind: Kind(names.kind, names.struct, api_version),
        names.list_kind: Kind(names.list_kind, names.list_struct, api_version, items=item),
    }
