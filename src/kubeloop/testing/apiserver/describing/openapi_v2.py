"""The document of OpenAPI v2, derived from those of v3.

The real server makes both from the same routes and types. Parameters are written in place; the real server names those
that many operations share by hashes of their descriptions, which are not recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from kubeloop.objects.type_guards import is_dict

__all__ = ["openapi_v2"]

Data: TypeAlias = "dict[str, Any]"
"""Plain data of a document, whose members OpenAPI defines."""

_V3_ONLY = frozenset({"default", "nullable", "oneOf", "anyOf", "not"})
"""Members of a schema that v2 does not have, and defaults, which the server leaves out of v2."""
_KINDS = "x-kubernetes-group-version-kind"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})


_MEDIA_TYPES = """*/* text/plain application/json application/jwk-set+json application/yaml
application/vnd.kubernetes.protobuf application/json;stream=watch application/vnd.kubernetes.protobuf;stream=watch
application/json-patch+json application/merge-patch+json application/strategic-merge-patch+json
application/apply-patch+yaml"""
_RANKS = {name: rank for rank, name in enumerate(_MEDIA_TYPES.split())}
"""The media types in the order in which the server lists them; v3 sorts them by name."""


def openapi_v2(documents: Iterable[bytes]) -> Data:
    """Return one document of v2 for all documents of v3."""
    paths: Data = {}
    definitions: Data = {}
    info: Data = {}
    for document in map(json.loads, documents):
        info = document["info"]
        for path, item in document["paths"].items():
            paths[path] = _path_item(path, item)
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            known = definitions.get(name)
            if known is None:
                definitions[name] = _schema(schema)
            elif _KINDS in known:
                known[_KINDS] = _joined_kinds(known[_KINDS], schema[_KINDS])
    return {
        "swagger": "2.0",
        "info": info,
        "paths": dict(sorted(paths.items())),
        "definitions": dict(sorted(definitions.items())),
        "securityDefinitions": {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"}},
        "security": [{"BearerToken": []}],
    }


def _joined_kinds(left: list[Data], right: list[Data]) -> list[Data]:
    # The options of a delete and watch events are kinds of every group, and each document lists its own group.
    return sorted((*left, *(kind for kind in right if kind not in left)), key=lambda kind: tuple(kind.values()))


def _path_item(path: str, item: Data) -> Data:
    written: Data = {}
    for name, member in item.items():
        if name in _METHODS:
            written[name] = _operation(path, member)
        elif name == "parameters":
            written[name] = [_parameter(one) for one in member]
        else:
            written[name] = member
    return written


def _operation(path: str, operation: Data) -> Data:
    written: Data = {"schemes": ["https"]}
    produces = _sorted_types(name for one in operation["responses"].values() for name in one.get("content", ()))
    consumes = _consumed(path, produces)
    parameters = [_parameter(one) for one in operation.get("parameters", ())]
    for name, member in operation.items():
        if name == "requestBody":
            content = member["content"]
            schema = _first_schema(content)
            required = {"required": True} if member.get("required") else {}
            consumes = _sorted_types(content)
            parameters.insert(0, {"name": "body", "in": "body", **required, "schema": schema})
        elif name == "responses":
            written["responses"] = {code: _response(one) for code, one in member.items()}
        elif name != "parameters":
            written[name] = member
    lists = {"consumes": consumes, "produces": produces, "parameters": parameters}
    return written | {name: found for name, found in lists.items() if found}


def _consumed(path: str, produces: Sequence[str]) -> Sequence[str]:
    # Of the requests without a body, only those of discovery and of the version name formats.
    if not path.endswith("/"):
        return ["*/*"]
    return produces if path.startswith("/api") or path == "/version/" else []


def _sorted_types(media_types: Iterable[str]) -> Sequence[str]:
    return sorted(set(media_types), key=lambda name: (_RANKS.get(name, len(_RANKS)), name))


def _parameter(parameter: Data) -> Data:
    schema = parameter.get("schema", {})
    written = {name: member for name, member in parameter.items() if name != "schema"}
    written |= _schema(schema)
    return written


def _response(response: Data) -> Data:
    content = response.get("content")
    described = {"description": response["description"]}
    return {**described, "schema": _first_schema(content)} if content else described


def _first_schema(content: Mapping[str, Data]) -> Any:
    return _schema(next(iter(content.values())).get("schema", {}))


def _schema(schema: Any) -> Any:  # a schema, or True or False in additionalProperties
    if not is_dict(schema):
        return schema
    wrapped = schema.get("allOf")
    written: Data = _schema(wrapped[0]) if wrapped and len(wrapped) == 1 else {}
    if "oneOf" in schema:
        written["type"] = "string"  # the text form of a quantity, or of an integer or a text
    for name, member in schema.items():
        if name in _V3_ONLY or name == "allOf":
            continue
        if name == "$ref":
            written[name] = member.replace("#/components/schemas/", "#/definitions/")
        elif name == "properties":
            written[name] = {one: _schema(inner) for one, inner in member.items()}
        elif name in ("items", "additionalProperties"):
            written[name] = _schema(member)
        else:
            written[name] = member
    return written
