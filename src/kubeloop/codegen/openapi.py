"""OpenAPI v3 documents (a server's `/openapi/v3/apis/<group>/<version>`) to the neutral form.

A document describes one group version: kinds, paths and actions name the resources with their verbs; `$ref`s name
types, which are those of `kubeloop.models` where it has them, and otherwise become types of the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from kubeloop.codegen.crd import KindNames, custom_kind
from kubeloop.codegen.names import module_of, type_name
from kubeloop.codegen.schema import Kind, Module, Resource, SchemaError, Subresource, Type
from kubeloop.codegen.structural import JSONSchema, StructuralReader

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


def read_openapi(document: object, source: str, known: Mapping[str, Iterable[str]]) -> Module:
    """Read one OpenAPI v3 document.

    Args:
        document: The parsed document.
        source: What generated files name as their input.
        known: The types of `kubeloop.models`, by module.

    Raises:
        SchemaError: The document has no resource paths of one group version, or a schema cannot be read.
    """
    if not isinstance(document, Mapping) or "paths" not in document:
        raise SchemaError(f"{source}: not an OpenAPI v3 document")
    value = cast("Mapping[str, Any]", document)  # parsed JSON; what is used of it is checked on use
    found = list(_operations(value["paths"]))
    versions = sorted({(one.group, one.version) for one in found})
    if len(versions) != 1:
        raise SchemaError(f"{source}: resources of {len(versions)} group versions; one document holds one")
    return _Document(value, versions[0], known).module(found, source)


class _Operation:
    """One path with its methods: a resource, or a subresource of it."""

    def __init__(self, match: re.Match[str], path: Mapping[str, Any]) -> None:
        self.group, self.version, namespaced, self.plural, self.subresource = match.groups()
        self.namespaced = bool(namespaced)
        self.methods = {
            name: cast("Mapping[str, Any]", value) for name, value in path.items() if isinstance(value, Mapping)
        }
        self.kind = next(
            (
                one["x-kubernetes-group-version-kind"]
                for one in self.methods.values()
                if "x-kubernetes-group-version-kind" in one
            ),
            None,
        )

    def verbs(self) -> Iterator[str]:
        for method, operation in self.methods.items():
            action = operation.get("x-kubernetes-action") or _ACTIONS.get(method, method)
            action = {"post": "create", "put": "update", "watchlist": "watch"}.get(action, action)
            yield action
            if action == "patch":
                yield "apply"
            if action == "list":
                yield "watch"


def _operations(paths: Mapping[str, Any]) -> Iterator[_Operation]:
    for path, value in sorted(paths.items()):
        match = _PATH.fullmatch(path.rstrip("/"))
        if match and match[4] != "watch":
            operation = _Operation(match, value)
            if operation.kind is not None:
                yield operation


def _references(bodies: Iterable[object]) -> Iterator[str]:
    """The `$ref`s of bodies: of requests or of answers."""
    for body in bodies:
        for media in cast("Mapping[str, Any]", body).get("content", {}).values():
            if reference := media.get("schema", {}).get("$ref"):
                yield str(reference)


def _kind_of(operations: Iterable[_Operation]) -> str:
    """The kind of a resource, given its operations."""
    return next(str(one.kind["kind"]) for one in operations if one.kind is not None and not one.subresource)


class _Document:
    def __init__(
        self, document: Mapping[str, Any], version: tuple[str, str], known: Mapping[str, Iterable[str]]
    ) -> None:
        self._schemas: Mapping[str, JSONSchema] = document.get("components", {}).get("schemas", {})
        self._group, self._version = version
        self._known = {module: frozenset(names) for module, names in known.items()}
        self._names: dict[str, str] = {}
        self._module = module_of(*version)
        self._reader = StructuralReader(self._module, self._resolve)

    def module(self, operations: list[_Operation], source: str) -> Module:
        by_plural: dict[str, list[_Operation]] = {}
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
            # Kinds come first: what refers to one, a subresource's answer say, means the kind's class.
            members = next(one for one in served.values() if _kind_of(one) == kind)
            names[kind] = KindNames.reserved(self._reader, {"kind": kind, "listKind": self._list_kind(members)})
            self._names[schema] = names[kind].struct
        resources = [self._resource(plural, members) for plural, members in served.items()]
        kinds: dict[str, Kind] = {}
        for kind, schema in roots.items():
            kinds |= custom_kind(self._reader, names[kind], f"{self._group}/{self._version}", self._schemas[schema])
        return Module(
            name=self._module,
            group=self._group,
            version=self._version,
            structs=self._reader.structs,
            kinds=kinds,
            enums=self._reader.enums,
            resources=resources,
            source=source,
        )

    def _resource(self, plural: str, operations: list[_Operation]) -> Resource:
        own = [one for one in operations if not one.subresource]
        below = [one for one in operations if one.subresource and one.subresource != "status"]
        subresources: dict[str, Subresource] = {}
        for one in below:
            methods = [method for name, method in one.methods.items() if name != "patch"]
            answers = [answer for method in methods for code, answer in method["responses"].items() if code < "300"]
            response = self._type_of(answers)
            if not response:
                continue
            request = self._type_of(method["requestBody"] for method in methods if "requestBody" in method)
            subresources[one.subresource] = Subresource(
                one.subresource, frozenset(one.verbs()), request or response, response
            )
        return Resource(
            kind=_kind_of(operations),
            plural=plural,
            namespaced=any(one.namespaced for one in own),
            verbs=frozenset(verb for one in own for verb in one.verbs()),
            status=any(one.subresource == "status" for one in operations),
            subresources=list(subresources.values()),
        )

    def _list_kind(self, operations: Iterable[_Operation]) -> str | None:
        """The kind of a resource's LISTs, which a definition may call as it likes."""
        for one in operations:
            answers = one.methods.get("get", {}).get("responses", {})
            for reference in _references(answers.values()):
                schema = self._schemas.get(reference.removeprefix(_PREFIX), {})
                kinds = schema.get("x-kubernetes-group-version-kind", ())
                if kinds and not one.subresource and "items" in schema.get("properties", {}):
                    return str(kinds[0]["kind"])
        return None

    def _type_of(self, bodies: Iterable[object]) -> str:
        """The type that the first body with a `$ref` refers to."""
        return next((self._resolve(reference).name for reference in _references(bodies)), "")

    def _has(self, target: Mapping[str, str] | None) -> bool:
        return target is not None and (target["group"], target["version"]) == (self._group, self._version)

    def _schema_of(self, kind: str) -> str:
        wanted = {"group": self._group, "version": self._version, "kind": kind}
        for name, schema in sorted(self._schemas.items()):
            if wanted in schema.get("x-kubernetes-group-version-kind", ()):
                return name
        raise SchemaError(f"{self._module}: no schema of kind {kind}")

    def _resolve(self, reference: str) -> Type:
        name = reference.removeprefix(_PREFIX)
        if special := _SPECIAL.get(name):
            return Type(special)
        if (match := _BUILT_IN.fullmatch(name)) and match[3] in self._known.get(f"{match[1]}_{match[2]}", ()):
            return Type("ref", name=f"{match[1]}_{match[2]}.{match[3]}")
        schema = self._schemas.get(name)
        if schema is None:
            raise SchemaError(f"{self._module}: $ref {reference!r} leads nowhere")
        if not schema.get("properties"):
            return self._reader.type(name.rpartition(".")[2], schema)
        if name not in self._names:
            self._names[name] = self._reader.reserve(type_name(name.rpartition(".")[2]))
            self._reader.struct(self._names[name], schema)
        return Type("ref", name=f"{self._module}.{self._names[name]}")
