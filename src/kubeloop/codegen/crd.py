"""Converting CustomResourceDefinitions to the neutral form: one module per served version of each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from kubeloop.codegen.custom import ModuleNames
from kubeloop.codegen.given_names import ModuleRecord
from kubeloop.codegen.input_documents import (
    CustomResourceDefinition,
    DefinitionSpec,
    JSONSchema,
    Version,
    checked,
    checked_schema,
    reading,
)
from kubeloop.codegen.schema import Kind, Module, Resource, SchemaError, SchemaField, Struct, Subresource, Type
from kubeloop.codegen.sharing import share_types
from kubeloop.codegen.source_text import printable
from kubeloop.codegen.structural import StructuralReader
from kubeloop.codegen.v1beta1 import V1, V1BETA1, as_v1

__all__ = [
    "VERBS",
    "Definition",
    "KindNames",
    "custom_kind",
    "find_definitions",
    "merge_kinds",
    "modules_of",
    "read_crds",
]

VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "apply", "delete", "deletecollection"})
"""The verbs that the server supports for every custom resource."""

# Servers respond to server-side apply to the scale of a custom resource with 500.
_SCALE = Subresource("scale", frozenset({"get", "update", "patch"}), "autoscaling_v1.Scale", "autoscaling_v1.Scale")


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition whose types were checked, and where it stands: `source` begins the messages about it."""

    source: str
    name: str
    content: CustomResourceDefinition

    @property
    def where(self) -> str:
        """The name of the definition in messages."""
        return f"{self.source}: {self.name}"

    def served(self) -> list[Version]:
        """Return the versions that a server offers."""
        return [version for version in self.content.spec.versions if version.served]


def find_definitions(documents: Iterable[object], source: str) -> list[Definition]:
    """Find the CustomResourceDefinitions among documents (parsed YAML or JSON, Lists of them too).

    Args:
        documents: Parsed documents; those of other kinds are passed over, as a file often holds more.
        source: What messages call the input: the name of its file.

    Raises:
        SchemaError: There is none, one is of another version, or a value in it has another type than Kubernetes says.
    """
    with reading(source):
        found = [one for document in documents for one in _definitions(document, source)]
    if not found:
        raise SchemaError(f"{source}: no CustomResourceDefinition in it")
    return found


def read_crds(documents: Iterable[object], source: str) -> dict[str, Module]:
    """Read the CustomResourceDefinitions of one input; see `find_definitions` and `modules_of`."""
    return modules_of(find_definitions(documents, source))


def modules_of(
    definitions: Iterable[Definition], names: ModuleNames | None = None, *, unserved: bool = False
) -> dict[str, Module]:
    """Turn definitions into modules.

    Args:
        definitions: The definitions, of all files.
        names: The names of modules that are taken; None begins with those of kubeloop.
        unserved: Pass over definitions of which no version is served. By default they are an error.

    Returns:
        The modules by name.

    Raises:
        SchemaError: A definition stands twice, serves no version, or cannot be read; it is named.
    """
    names = names or ModuleNames()
    versions: dict[tuple[str, str], list[tuple[Definition, Version]]] = {}
    for definition in _distinct(definitions):
        served = definition.served()
        if not served and not unserved:
            raise SchemaError(f"{definition.where}: no version of it is served")
        for version in served:
            versions.setdefault((definition.content.spec.group, version.name), []).append((definition, version))
    found: list[Module] = []
    for key, members in sorted(versions.items()):
        where = members[0][0].where
        with reading(where):
            found.append(_module(names.take(*key, where), members, names.record(*key)))
    return {module.name: module for module in sorted(found, key=lambda one: one.name)}


def _definitions(document: object, source: str) -> Iterator[Definition]:
    if not isinstance(document, Mapping):
        return
    value = cast("Mapping[object, object]", document)
    if value.get("kind") == "CustomResourceDefinition":
        metadata = value.get("metadata")
        name = cast("Mapping[object, object]", metadata).get("name") if isinstance(metadata, Mapping) else None
        where = f"{source}: {printable(name) if isinstance(name, str) else 'a CustomResourceDefinition without name'}"
        if value.get("apiVersion") not in (V1, V1BETA1):
            raise SchemaError(f"{where}: apiVersion {value.get('apiVersion')!a}, not {V1} or {V1BETA1}")
        content = checked(as_v1(cast("Mapping[str, Any]", value)), CustomResourceDefinition, where)
        yield Definition(source, printable(content.metadata.name), content)
    elif value.get("kind") in ("List", "CustomResourceDefinitionList"):
        for item in checked(value.get("items") or [], list[dict[str, Any]], source):
            version = V1BETA1 if value.get("apiVersion") == V1BETA1 else V1
            yield from _definitions({"kind": "CustomResourceDefinition", "apiVersion": version, **item}, source)


def _distinct(definitions: Iterable[Definition]) -> list[Definition]:
    """Sort by name, and refuse what a server would: a resource or kind of a group that is defined twice."""
    found = sorted(definitions, key=lambda one: (one.name, one.source))
    owners: dict[tuple[str, str, str], Definition] = {}
    for one in found:
        spec = one.content.spec
        if spec.scope not in ("Namespaced", "Cluster"):
            raise SchemaError(f"{one.where}: scope {spec.scope!a}, not Namespaced or Cluster")
        if len({version.name for version in spec.versions}) < len(spec.versions):
            raise SchemaError(f"{one.where}: a version stands twice in it")
        for what, name in ("plural", spec.names.plural), ("kind", spec.names.kind):
            other = owners.setdefault((what, spec.group, name), one)
            if other is not one:
                raise SchemaError(f"{one.where}: its {what} {name!a} is already defined by {other.where}")
    return found


def _module(name: str, members: list[tuple[Definition, Version]], record: ModuleRecord) -> Module:
    reader = StructuralReader(name)
    kinds: dict[str, Kind] = {}
    resources: list[Resource] = []
    names_of = [
        KindNames.reserved(reader, one.content.spec.names.kind, one.content.spec.names.list_kind) for one, _ in members
    ]
    for (definition, version), names in zip(members, names_of, strict=True):
        spec, where = definition.content.spec, f"{definition.where}: version {printable(version.name)}"
        if version.schema is None or version.schema.open_api_v3_schema is None:
            raise SchemaError(f"{where} has no schema")
        schema = checked_schema(version.schema.open_api_v3_schema, where)
        with reading(where):
            merge_kinds(kinds, custom_kind(reader, names, f"{spec.group}/{version.name}", schema), where)
            resources.append(_resource(spec, version))
    group, version_name = members[0][0].content.spec.group, members[0][1].name
    module = Module(
        name=name,
        group=group,
        version=version_name,
        structs=reader.structs,
        kinds=kinds,
        enums=reader.enums,
        resources=resources,
        source=", ".join(sorted({definition.source for definition, _ in members})),
    )
    return share_types(module, reader.places, record)


def _resource(spec: DefinitionSpec, version: Version) -> Resource:
    subresources = version.subresources
    return Resource(
        kind=spec.names.kind,
        plural=spec.names.plural,
        namespaced=spec.scope == "Namespaced",
        verbs=VERBS,
        status=subresources is not None and subresources.status is not None,
        subresources=[_SCALE] if subresources is not None and subresources.scale is not None else [],
    )


@dataclass(frozen=True, slots=True)
class KindNames:
    """A kind and its list kind, and the classes that they become."""

    kind: str
    list_kind: str
    struct: str
    list_struct: str

    @classmethod
    def reserved(cls, reader: StructuralReader, kind: str, list_kind: str | None = None) -> Self:
        """Reserve the class names of a kind before nested types use them."""
        listed = list_kind or f"{kind}List"
        return cls(kind, listed, reader.reserve(kind), reader.reserve(listed))


def merge_kinds(into: dict[str, Kind], found: Mapping[str, Kind], where: str) -> None:
    """Add kinds to those of a module.

    Raises:
        SchemaError: Two have one name: a list kind can be called as another kind is.
    """
    for name, kind in found.items():
        if name in into:
            raise SchemaError(f"{where}: its kind {name!a} is already defined in this group version")
        into[name] = kind


def custom_kind(reader: StructuralReader, names: KindNames, api_version: str, schema: JSONSchema) -> dict[str, Kind]:
    """Read a kind's schema, and make its list kind."""
    if names.kind == names.list_kind:
        raise SchemaError(f"{names.kind!a} is the name of a kind and of its list kind")
    metadata = Type("ref", name="meta_v1.ObjectMeta")
    properties: dict[str, Any] = {**schema.get("properties", {}), "metadata": {}}
    replaced = {"apiVersion": None, "kind": None, "metadata": metadata}
    reader.struct(names.struct, {**schema, "properties": properties}, replaced=replaced)
    item = f"{reader.module}.{names.struct}"
    items = SchemaField("items", Type("list", of=Type("ref", name=item)), omit_empty=False)
    fields = [SchemaField("metadata", Type("ref", name="meta_v1.ListMeta")), items]
    reader.structs[names.list_struct] = Struct(names.list_struct, fields)
    return {
        names.kind: Kind(names.kind, names.struct, api_version),
        names.list_kind: Kind(names.list_kind, names.list_struct, api_version, items=item),
    }
