"""OpenAPI v2 in protobuf, read back field by field."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from kubeloop.testing.apiserver.describing.openapi_v2_protobuf import openapi_v2_protobuf
from kubeloop.wire.protobuf.wire_format import fields_in, read_varint

Fields = dict[int, list[bytes]]


def fields(message: bytes) -> Fields:
    """Return the raw payloads of a message by the numbers of their fields."""
    found: Fields = {}
    for tag, start, end in fields_in(message, 0, len(message)):
        found.setdefault(tag >> 3, []).append(message[start:end])
    return found


def inner(message: bytes, *numbers: int) -> bytes:
    """Return the payload of the first field at a path of numbers."""
    for number in numbers:
        message = fields(message)[number][0]
    return message


def schema(value: dict[str, Any]) -> Fields:
    pair = inner(openapi_v2_protobuf({"definitions": {"x": value}}), 9, 1)
    assert fields(pair)[1] == [b"x"]
    return fields(inner(pair, 2))


def operation(value: dict[str, Any]) -> bytes:
    return inner(openapi_v2_protobuf({"paths": {"/x": {"get": value}}}), 8, 2, 2, 2)


def test_the_document_names_its_version_and_title() -> None:
    message = openapi_v2_protobuf({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "1.37"}})
    assert message == b"\x0a\x032.0\x12\x12\x0a\x0aKubernetes\x12\x041.37"


def test_fields_are_in_the_order_of_their_numbers() -> None:
    message = openapi_v2_protobuf({"info": {"version": "1", "title": "T"}, "swagger": "2.0"})
    assert message == b"\x0a\x032.0\x12\x06\x0a\x01T\x12\x011"


def test_a_schema_has_its_type_reference_and_properties() -> None:
    found = schema({"type": "object", "required": ["b", "a"], "properties": {"a": {"$ref": "#/definitions/y"}}})
    assert inner(found[22][0], 1) == b"object"
    assert found[19] == [b"b", b"a"]
    pair = inner(found[25][0], 1)
    assert fields(pair)[1] == [b"a"]
    assert fields(inner(pair, 2)) == {1: [b"#/definitions/y"]}


def test_items_and_additional_properties_are_schemas() -> None:
    assert fields(inner(schema({"items": {"format": "int32"}})[23][0], 1)) == {2: [b"int32"]}
    assert fields(inner(schema({"additionalProperties": {"format": "byte"}})[21][0], 1)) == {2: [b"byte"]}
    flag = fields(schema({"additionalProperties": True})[21][0])[2][0]
    assert read_varint(flag, 0)[0] == 1


def test_numbers_and_booleans_have_their_wire_types() -> None:
    found = schema({"maximum": 5, "maxLength": 300, "uniqueItems": True})
    assert struct.unpack("<d", found[7][0]) == (5.0,)
    assert read_varint(found[11][0], 0)[0] == 300
    assert read_varint(found[16][0], 0)[0] == 1


def test_extensions_are_pairs_of_a_name_and_a_text_in_yaml() -> None:
    kinds = [{"group": "apps", "kind": "Deployment", "version": "v1"}]
    pair = schema({"x-kubernetes-group-version-kind": kinds})[31][0]
    assert fields(pair)[1] == [b"x-kubernetes-group-version-kind"]
    assert inner(pair, 2, 2) == b'[{"group":"apps","kind":"Deployment","version":"v1"}]\n'


@pytest.mark.parametrize(
    ("parameter", "path", "expected"),
    [
        ({"$ref": "#/parameters/p"}, (2, 1), b"#/parameters/p"),
        ({"name": "body", "in": "body", "schema": {"format": "x"}}, (1, 1, 5, 2), b"x"),
        ({"name": "pretty", "in": "query", "type": "string"}, (1, 2, 3, 6), b"string"),
        ({"name": "name", "in": "path", "type": "string"}, (1, 2, 4, 5), b"string"),
        ({"name": "token", "in": "header", "type": "string"}, (1, 2, 1, 5), b"string"),
    ],
)
def test_a_parameter_is_one_of_several_messages(
    parameter: dict[str, str], path: tuple[int, ...], expected: bytes
) -> None:
    assert inner(operation({"parameters": [parameter]}), 8, *path) == expected


def test_responses_are_pairs_of_a_code_and_a_description_with_a_schema() -> None:
    message = operation({"responses": {"200": {"description": "OK", "schema": {"format": "x"}}}})
    pair = inner(message, 9, 1)
    assert fields(pair)[1] == [b"200"]
    assert inner(pair, 2, 1, 1) == b"OK"
    assert inner(pair, 2, 1, 2, 1, 2) == b"x"


def test_security_is_a_key_in_a_header() -> None:
    definition = {"type": "apiKey", "name": "authorization", "in": "header"}
    message = openapi_v2_protobuf({"securityDefinitions": {"T": definition}, "security": [{"T": []}]})
    assert inner(message, 12, 1, 1) == b"T"
    pair = inner(message, 13, 1)
    assert fields(inner(pair, 2, 2)) == {1: [b"apiKey"], 2: [b"authorization"], 3: [b"header"]}


def test_a_member_that_is_not_listed_is_an_error_and_not_lost() -> None:
    with pytest.raises(ValueError, match="expected a member of Schema, got 'oneOf'"):
        openapi_v2_protobuf({"definitions": {"x": {"oneOf": []}}})
