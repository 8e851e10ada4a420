"""OpenAPI v3 documents (a server's `/openapi/v3/apis/<group>/<version>`) to the neutral form.

A document describes one group version: kinds, paths and actions name the resources with their verbs; `$ref`s name
types, which are those of `kubeloop.models` where it has them, and otherwise become types of the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from kubeloop.codegen.crd import custom_kind
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
        resources: dict[str, Resource] = {}
        kinds: dict[str, Kind] = {}
        plurals = sorted({one.plural for one in operations})
        for plural in plurals:
            mine = [one for one in operations if one.plural == plural]
            own = [one for one in mine if not one.subresource]
            if not own or not self._has(own[0].kind):
                continue
            resources[plural] = self._resource(plural, own, [one for one in mine if one.subresource])
        roots = {resource.kind: self._schema_of(resource.kind) for resource in resources.values()}
        for kind in sorted(roots):
            self._names[roots[kind]] = self._reader.reserve(kind)
            self._reader.reserve(f"{kind}List")
        for kind, schema in sorted(roots.items()):
            kinds |= custom_kind(
                self._reader, kind, f"{kind}List", f"{self._group}/{self._version}", self._schemas[schema]
            )
        return Module(
            name=self._module,
            group=self._group,
            version=self._version,
            structs=self._reader.structs,
            kinds=kinds,
            enums=self._reader.enums,
            resources=list(resources.values()),
            source=source,
        )

    def _resource(self, plural: str, own: list[_Operation], below: list[_Operation]) -> Resource:
        kind = cast("Mapping[str, str]", own[0].kind)  # operations without a kind were left out
        subresources: dict[str, Subresource] = {}
        for one in below:
            target = cast("Mapping[str, str]", one.kind)
            if one.subresource in ("status", "") or (payload := self._payload(target)) is None:
                continue
            subresources[one.subresource] = Subresource(one.subresource, frozenset(one.verbs()), payload, payload)
        return Resource(
            kind=kind["kind"],
            plural=plural,
            namespaced=any(one.namespaced for one in own),
            verbs=frozenset(verb for one in own for verb in one.verbs()),
            status=any(one.subresource == "status" for one in below),
            subresources=list(subresources.values()),
        )

    def _payload(self, target: Mapping[str, str]) -> str | None:
        """The type that a subresource speaks, when it is one of ours."""
        if (target["group"], target["version"]) == (self._group, self._version):
            return f"{self._module}.{target['kind']}"
        name = f"{target['group'].split('.')[0] or 'core'}_{target['version']}"
        return f"{name}.{target['kind']}" if target["kind"] in self._known.get(name, ()) else None

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
