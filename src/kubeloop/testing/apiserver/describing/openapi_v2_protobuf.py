"""The OpenAPI v2 document in the protobuf form that client-go requests.

Reference: google/gnostic-models openapiv2/OpenAPIv2.proto. Only the fields that Kubernetes' documents have are listed;
a member that is not listed raises an error, so that none is lost.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

from kubeloop._kit.value import Value
from kubeloop.objects.type_guards import is_list
from kubeloop.wire.protobuf.wire_format import FIXED64, varint, with_length

__all__ = ["openapi_v2_protobuf"]


class _Field(Value, frozen=True):
    """A field: its number, and the message or the scalar type of its value.

    `form` is `one`, `many` (a list) or `named` (the members of an object are pairs of name and value in a message whose
    list of pairs has the number `pairs`).
    """

    number: int
    type: str
    form: str = "one"
    pairs: int = 1


def _one(number: int, type_: str) -> _Field:
    return _Field(number, type_)


def _many(number: int, type_: str) -> _Field:
    return _Field(number, type_, "many")


def _named(number: int, type_: str, pairs: int = 1) -> _Field:
    return _Field(number, type_, "named", pairs)


def _parameter(numbers: str) -> dict[str, _Field]:
    # The four kinds of parameters that are no bodies have the same fields, with one field more in queries.
    at = dict(zip(numbers.split(), range(1, 100), strict=False))
    types = {"required": "bool", "in": "string", "description": "string", "name": "string", "type": "string"}
    types |= {"format": "string", "default": "any", "uniqueItems": "bool", "minimum": "double", "maximum": "double"}
    types |= {"pattern": "string"}
    return {name: _one(at[name], type_) for name, type_ in types.items()} | {"x-": _many(at["x-"], "")}


_LIMITS = "maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems"
_TYPE = f"type format items collectionFormat default {_LIMITS} enum multipleOf x-"

_MESSAGES: Mapping[str, Mapping[str, _Field]] = {
    "Document": {
        "swagger": _one(1, "string"),
        "info": _one(2, "Info"),
        "paths": _named(8, "PathItem", 2),
        "definitions": _named(9, "Schema"),
        "parameters": _named(10, "Parameter"),
        "security": _many(12, "SecurityRequirement"),
        "securityDefinitions": _named(13, "SecurityDefinition"),
    },
    "Info": {"title": _one(1, "string"), "version": _one(2, "string"), "description": _one(3, "string")},
    "PathItem": {
        "get": _one(2, "Operation"),
        "put": _one(3, "Operation"),
        "post": _one(4, "Operation"),
        "delete": _one(5, "Operation"),
        "options": _one(6, "Operation"),
        "head": _one(7, "Operation"),
        "patch": _one(8, "Operation"),
        "parameters": _many(9, "ParametersItem"),
        "x-": _many(10, ""),
    },
    "Operation": {
        "tags": _many(1, "string"),
        "summary": _one(2, "string"),
        "description": _one(3, "string"),
        "operationId": _one(5, "string"),
        "produces": _many(6, "string"),
        "consumes": _many(7, "string"),
        "parameters": _many(8, "ParametersItem"),
        "responses": _named(9, "ResponseValue"),
        "schemes": _many(10, "string"),
        "deprecated": _one(11, "bool"),
        "x-": _many(13, ""),
    },
    "Reference": {"$ref": _one(1, "string")},
    "BodyParameter": {
        "description": _one(1, "string"),
        "name": _one(2, "string"),
        "in": _one(3, "string"),
        "required": _one(4, "bool"),
        "schema": _one(5, "Schema"),
        "x-": _many(6, ""),
    },
    "HeaderParameter": _parameter(f"required in description name {_TYPE}"),
    "PathParameter": _parameter(f"required in description name {_TYPE}"),
    "QueryParameter": _parameter(f"required in description name allowEmptyValue {_TYPE}"),
    "Response": {"description": _one(1, "string"), "schema": _one(2, "SchemaItem"), "x-": _many(5, "")},
    "ApiKey": {
        "type": _one(1, "string"),
        "name": _one(2, "string"),
        "in": _one(3, "string"),
        "description": _one(4, "string"),
        "x-": _many(5, ""),
    },
    "Schema": {
        "$ref": _one(1, "string"),
        "format": _one(2, "string"),
        "title": _one(3, "string"),
        "description": _one(4, "string"),
        "default": _one(5, "any"),
        "maximum": _one(7, "double"),
        "minimum": _one(9, "double"),
        "maxLength": _one(11, "integer"),
        "minLength": _one(12, "integer"),
        "pattern": _one(13, "string"),
        "maxItems": _one(14, "integer"),
        "minItems": _one(15, "integer"),
        "uniqueItems": _one(16, "bool"),
        "required": _many(19, "string"),
        "enum": _many(20, "any"),
        "additionalProperties": _one(21, "AdditionalProperties"),
        "type": _one(22, "Type"),
        "items": _one(23, "Items"),
        "allOf": _many(24, "Schema"),
        "properties": _named(25, "Schema"),
        "x-": _many(31, ""),
    },
}


def openapi_v2_protobuf(document: Mapping[str, Any]) -> bytes:
    """Return a document of OpenAPI v2, given as plain data, in protobuf.

    Raises:
        ValueError: The document has a member whose field is not listed here.
    """
    return _message("Document", document)


def _message(type_: str, value: Any) -> bytes:  # plain data of the document, whose shape the type describes
    choice = _CHOICES.get(type_)
    if choice is not None:
        number, type_ = choice(value)
        return with_length(number, _message(type_, value))
    if type_ == "AdditionalProperties":
        return _scalar(2, "bool", value) if isinstance(value, bool) else _field(_one(1, "Schema"), value)
    if type_ == "Items":
        return _field(_one(1, "Schema"), value)
    if type_ == "Type":
        return b"".join(_scalar(1, "string", one) for one in (value if is_list(value) else [value]))
    if type_ == "SecurityRequirement":
        return b"".join(_pair(1, name, with_length(2, _strings(scopes))) for name, scopes in value.items())
    fields = _MESSAGES[type_]
    parts: list[tuple[int, bytes]] = []
    for name, member in value.items():
        if name.startswith("x-"):
            number = fields["x-"].number
            parts.append((number, _pair(number, name, with_length(2, _any(member)))))
        elif name in fields:
            parts.append((fields[name].number, _field(fields[name], member)))
        else:
            raise ValueError(f"expected a member of {type_}, got {name!r}")
    parts.sort(key=lambda part: part[0])
    return b"".join(encoded for _, encoded in parts)


def _field(field: _Field, value: Any) -> bytes:
    if field.form == "many":
        return b"".join(_field(_one(field.number, field.type), item) for item in value)
    if field.form == "named":
        pairs = (_pair(field.pairs, name, _field(_one(2, field.type), item)) for name, item in value.items())
        return with_length(field.number, b"".join(pairs))
    if field.type in _SCALARS:
        return _scalar(field.number, field.type, value)
    return with_length(field.number, _message(field.type, value))


def _pair(number: int, name: str, value: bytes) -> bytes:
    return with_length(number, _scalar(1, "string", name) + value)


_SCALARS = frozenset({"string", "bool", "integer", "double", "any"})


def _scalar(number: int, type_: str, value: Any) -> bytes:
    if type_ == "any":
        return with_length(number, _any(value))
    if not value:
        return b""  # proto3 does not write the default of a scalar
    if type_ == "double":
        return varint(number << 3 | FIXED64) + struct.pack("<d", value)
    if type_ == "string":
        return with_length(number, value.encode())
    return varint(number << 3) + varint(int(value))


def _strings(values: list[str]) -> bytes:
    return b"".join(with_length(1, value.encode()) for value in values)


def _any(value: object) -> bytes:
    # The text is YAML, and JSON is YAML.
    return _scalar(2, "string", f"{json.dumps(value, separators=(',', ':'), ensure_ascii=False)}\n")


def _parameters_item(value: Mapping[str, Any]) -> tuple[int, str]:
    return (2, "Reference") if "$ref" in value else (1, "Parameter")


def _parameter_kind(value: Mapping[str, Any]) -> tuple[int, str]:
    return (1, "BodyParameter") if value["in"] == "body" else (2, "NonBodyParameter")


def _place_of_parameter(value: Mapping[str, Any]) -> tuple[int, str]:
    return {"header": (1, "HeaderParameter"), "query": (3, "QueryParameter"), "path": (4, "PathParameter")}[value["in"]]


_CHOICES: Mapping[str, Callable[[Any], tuple[int, str]]] = {
    "ParametersItem": _parameters_item,
    "Parameter": _parameter_kind,
    "NonBodyParameter": _place_of_parameter,
    "ResponseValue": lambda _: (1, "Response"),
    "SchemaItem": lambda _: (1, "Schema"),
    "SecurityDefinition": lambda _: (2, "ApiKey"),
}
"""The messages that contain one of several others, with the number and the type of the one that a value is."""
