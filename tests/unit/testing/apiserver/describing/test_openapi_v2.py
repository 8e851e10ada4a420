"""The derivation of OpenAPI v2 from v3."""

from __future__ import annotations

import json
from typing import Any

from kubeloop.testing.apiserver.describing.openapi_v2 import openapi_v2

INFO = {"title": "Kubernetes", "version": "v1.37.0"}


def derive(*documents: dict[str, Any]) -> dict[str, Any]:
    return openapi_v2(json.dumps({"info": INFO, "paths": {}, **document}).encode() for document in documents)


def schema(value: dict[str, Any]) -> Any:
    return derive({"components": {"schemas": {"x": value}}})["definitions"]["x"]


def operation(value: dict[str, Any]) -> Any:
    return derive({"paths": {"/x": {"post": {"responses": {}, **value}}}})["paths"]["/x"]["post"]


def test_paths_and_definitions_of_all_documents_are_joined_and_sorted() -> None:
    document = derive(
        {"paths": {"/b": {}}, "components": {"schemas": {"z": {"type": "string"}, "y": {}}}},
        {"paths": {"/a": {}}, "components": {"schemas": {"z": {"type": "string"}, "a": {}}}},
    )
    assert list(document["paths"]) == ["/a", "/b"]
    assert list(document["definitions"]) == ["a", "y", "z"]
    assert (document["swagger"], document["info"]) == ("2.0", INFO)


def test_references_lead_to_definitions_and_wrappers_of_one_reference_are_removed() -> None:
    wrapped = {"allOf": [{"$ref": "#/components/schemas/a.B"}], "default": {}, "x-kubernetes-map-type": "atomic"}
    assert schema({"type": "object", "properties": {"spec": wrapped}}) == {
        "type": "object",
        "properties": {"spec": {"$ref": "#/definitions/a.B", "x-kubernetes-map-type": "atomic"}},
    }


def test_defaults_and_unions_are_left_out_at_every_depth() -> None:
    union = {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}
    assert schema({"type": "array", "items": {"default": "", "type": "string"}}) == {
        "type": "array",
        "items": {"type": "string"},
    }
    assert schema({"type": "object", "additionalProperties": union}) == {
        "type": "object",
        "additionalProperties": {"type": "string", "format": "int-or-string"},
    }
    assert schema({"additionalProperties": True}) == {"additionalProperties": True}


def test_a_property_may_have_the_name_of_a_member_that_is_left_out() -> None:
    properties = {"default": {"type": "string"}, "nullable": {"type": "boolean"}}
    assert schema({"properties": properties}) == {"properties": properties}


def test_a_body_becomes_the_first_parameter() -> None:
    body = {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Pod"}}}, "required": True}
    parameter = {"name": "dryRun", "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    written = operation({"requestBody": body, "parameters": [parameter], "tags": ["core_v1"]})
    assert written["consumes"] == ["*/*"]
    assert written["parameters"] == [
        {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pod"}},
        {"name": "dryRun", "in": "query", "type": "string", "uniqueItems": True},
    ]
    assert written["tags"] == ["core_v1"]


def test_the_media_types_of_responses_are_listed_once() -> None:
    content = {name: {"schema": {"type": "string"}} for name in ("application/json", "application/yaml")}
    written = operation(
        {"responses": {"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}}}
    )
    assert written["produces"] == ["application/json", "application/yaml"]
    assert written["responses"] == {
        "200": {"description": "OK", "schema": {"type": "string"}},
        "401": {"description": "Unauthorized"},
    }
