"""Converting OpenAPI v3 documents (`/openapi/v3/apis/<group>/<version>` of a server) to the neutral form.

A document describes one group version. Its paths and actions name the resources with their verbs; a `$ref` is a type of
`kubeloop.models`, or becomes a type of the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from kubeloop.codegen.crd import KindNames, custom_kind, merge_kinds
from kubeloop.codegen.custom import ModuleNames
from kubeloop.codegen.input_documents import (
    GroupVersionKind,
    JSONSchema,
    MediaBody,
    OpenAPI,
    Operation,
    checked,
    checked_schema,
    reading,
)
from kubeloop.codegen.schema import Kind, Module, Resource, SchemaError, Subresource, Type
from kubeloop.codegen.sharing import share_types
from kubeloop.codegen.structural import StructuralReader

__all__ = ["read_openapi"]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_SPECIAL = {
    _META + "Time": "time",
    _META + "MicroTime": "microtime",
    _META + "Duration": "duration",
    _META + "FieldsV1": "fields_v1",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int_or_string",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "raw",
}
_BUILT_IN = re.compile(r"io\.k8s\.(?:api|apimachinery\.pkg\.apis)\.([a-z0-9]+)\.(v[0-9a-z]+)\.([A-Z]\w*)")
_PATH = re.compile(r"/apis/([^/]+)/([^/]+)(/namespaces/\{namespace\})?/([^/{}]+)(?:/\{name\}(?:/([^/{}]+))?)?")
_ACTIONS = {"post": "create", "put": "update", "patch": "patch"}
_PREFIX = "#/components/schemas/"


def read_openapi(
    document: object, source: str, known: Mapping[str, Iterable[str]], names: ModuleNames | None = None
) -> Module:
    """Read one OpenAPI v3 document.

    Args:
        document: The parsed document.
        source: What messages call the document: the name of its file.
        known: The types of `kubeloop.models`, by module.
        names: The names of modules that are taken; None begins with those of kubeloop.

    Raises:
        SchemaError: The document has no resource paths of one group version, or a value in it has another type than
            OpenAPI says, or a name that Kubernetes does not allow.
    """
    if not isinstance(document, Mapping) or "paths" not in document:
        raise SchemaError(f"{source}: not an OpenAPI v3 document")
    with reading(source):
        value = checked(cast("object", document), OpenAPI, source)
        found = list(_operations(value.paths, source))
        versions = sorted({(one.group, one.version) for one in found})
        if len(versions) != 1:
            raise SchemaError(f"resources of {len(versions)} group versions; one document holds one")
        names = names or ModuleNames()
        name = names.take(*versions[0], source)
        document_reader = _Document(value, name, versions[0], known, source)
        return share_types(document_reader.module(found), document_reader.places, names.record(*versions[0]))


class _Path:
    """One path with its methods: a resource, or a subresource of it."""

    def __init__(self, match: re.Match[str], methods: Mapping[str, Operation]) -> None:
        self.group, self.version, namespaced, self.plural, self.subresource = match.groups()
        self.namespaced = bool(namespaced)
        self.methods = methods
        self.kind = next((one.kind for one in methods.values() if one.kind is not None), None)

    def verbs(self) -> Iterator[str]:
        for method, operation in self.methods.items():
            action = operation.action or _ACTIONS.get(method, method)
            action = {"post": "create", "put": "update", "watchlist": "watch"}.get(action, action)
            yield action
            if action == "patch":
                yield "apply"
            if action == "list":
                yield "watch"


def _operations(paths: Mapping[str, Mapping[str, object]], source: str) -> Iterator[_Path]:
    for path, value in sorted(paths.items()):
        match = _PATH.fullmatch(path.rstrip("/"))
        if match and match[4] != "watch":
            operations: dict[str, object] = {name: one for name, one in value.items() if isinstance(one, Mapping)}
            found = _Path(match, checked(operations, dict[str, Operation], f"{source}: {path!a}"))
            if found.kind is not None:
                yield found


def _kind_of(operations: Iterable[_Path]) -> str:
    """Return the kind of a resource with these operations."""
    return next(one.kind.kind for one in operations if one.kind is not None and not one.subresource)


class _Document:
    def __init__(
        self,
        document: OpenAPI,
        name: str,
        version: tuple[str, str],
        known: Mapping[str, Iterable[str]],
        source: str,
    ) -> None:
        schemas = (document.components.schemas if document.components else None) or {}
        self._schemas = {key: checked_schema(schema, f"{source}: {key!a}") for key, schema in schemas.items()}
        self._group, self._version = version
        self._known = {module: frozenset(names) for module, names in known.items()}
        self._names: dict[str, str] = {}
        self._open: set[str] = set()
        self._module = name
        self._source = source
        self._reader = StructuralReader(self._module, self._resolve)

    @property
    def places(self) -> Mapping[str, str]:
        """Where the types of the module are, see `StructuralReader.places`."""
        return self._reader.places

    def module(self, operations: list[_Path]) -> Module:
        by_plural: dict[str, list[_Path]] = {}
        for one in operations:
            by_plural.setdefault(one.plural, []).append(one)
        served = {
            plural: members
            for plural, members in sorted(by_plural.items())
            if any(self._has(one.kind) for one in members if not one.subresource)
        }
        roots = {kind: self._schema_of(kind) for kind in sorted(_kind_of(members) for members in served.values())}
        names: dict[str, KindNames] = {}
        for kind, schema in roots.items():
            # Kinds come first, because a reference to a kind, for example in a subresource, means its class.
            members = next(one for one in served.values() if _kind_of(one) == kind)
            names[kind] = KindNames.reserved(self._reader, kind, self._list_kind(members))
            self._names[schema] = names[kind].struct
        resources = [self._resource(plural, members) for plural, members in served.items()]
        kinds: dict[str, Kind] = {}
        for kind, schema in roots.items():
            api_version = f"{self._group}/{self._version}"
            merge_kinds(kinds, custom_kind(self._reader, names[kind], api_version, self._schemas[schema]), self._source)
        return Module(
            name=self._module,
            group=self._group,
            version=self._version,
            structs=self._reader.structs,
            kinds=kinds,
            enums=self._reader.enums,
            resources=resources,
            source=self._source,
        )

    def _resource(self, plural: str, operations: list[_Path]) -> Resource:
        own = [one for one in operations if not one.subresource]
        below = [one for one in operations if one.subresource and one.subresource != "status"]
        subresources: dict[str, Subresource] = {}
        for one in below:
            methods = [method for name, method in one.methods.items() if name != "patch"]
            responses = [body for method in methods for code, body in (method.responses or {}).items() if code < "300"]
            response = self._type_of(responses)
            if not response:
                continue
            request = self._type_of(method.request_body for method in methods if method.request_body is not None)
            # Servers respond to server-side apply to the scale of a custom resource with 500.
            verbs = frozenset(one.verbs()) - ({"apply"} if one.subresource == "scale" else set())
            subresources[one.subresource] = Subresource(one.subresource, verbs, request or response, response)
        return Resource(
            kind=_kind_of(operations),
            plural=plural,
            namespaced=any(one.namespaced for one in own),
            verbs=frozenset(verb for one in own for verb in one.verbs()),
            status=any(one.subresource == "status" for one in operations),
            subresources=list(subresources.values()),
        )

    def _list_kind(self, operations: Iterable[_Path]) -> str | None:
        """Return the kind of a resource's lists, whose name is free."""
        for one in operations:
            method = one.methods.get("get")
            if method is None or one.subresource:
                continue
            for body in (method.responses or {}).values():
                for reference in body.references():
                    schema = self._schemas.get(reference.removeprefix(_PREFIX), {})
                    kinds: list[GroupVersionKind] = schema.get("x-kubernetes-group-version-kind", [])
                    if kinds and "items" in schema.get("properties", {}):
                        return kinds[0].kind
        return None

    def _type_of(self, bodies: Iterable[MediaBody]) -> str:
        """Return the type of the first `$ref` in the bodies."""
        return next((self._resolve(reference).name for body in bodies for reference in body.references()), "")

    def _has(self, target: GroupVersionKind | None) -> bool:
        return target is not None and (target.group, target.version) == (self._group, self._version)

    def _schema_of(self, kind: str) -> str:
        wanted = GroupVersionKind(self._group, self._version, kind)
        for name, schema in sorted(self._schemas.items()):
            if wanted in schema.get("x-kubernetes-group-version-kind", ()):
                return name
        raise SchemaError(f"no schema of kind {kind!a}")

    def _resolve(self, reference: str) -> Type:
        name = reference.removeprefix(_PREFIX)
        if special := _SPECIAL.get(name):
            return Type(special)
        if (match := _BUILT_IN.fullmatch(name)) and match[3] in self._known.get(f"{match[1]}_{match[2]}", ()):
            return Type("ref", name=f"{match[1]}_{match[2]}.{match[3]}")
        schema = self._schemas.get(name)
        if schema is None:
            raise SchemaError(f"$ref {reference!a} leads nowhere")
        if not schema.get("properties"):
            return self._without_class(name, schema)
        if name not in self._names:
            self._names[name] = self._reader.reserve(name.rpartition(".")[2])
            self._reader.struct(self._names[name], schema)
        return Type("ref", name=f"{self._module}.{self._names[name]}")

    def _without_class(self, name: str, schema: JSONSchema) -> Type:
        """Return the type of a schema that becomes no class; a schema that refers to itself is refused."""
        if name in self._open:
            raise SchemaError(f"the schema {name!a} refers to itself")
        self._open.add(name)
        kind = self._reader.type(name.rpartition(".")[2], schema)
        self._open.discard(name)
        return kind
