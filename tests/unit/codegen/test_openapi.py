"""OpenAPI v3 documents to modules."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.codegen.openapi import read_openapi
from kubeloop.codegen.schema import Kind, SchemaError, Type

KNOWN = {"meta_v1": ["ObjectMeta", "Status"], "autoscaling_v1": ["Scale"], "core_v1": ["Pod"]}
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
POD = "io.k8s.api.core.v1.Pod"
SCALE = "io.k8s.api.autoscaling.v1.Scale"
THING = {"group": "x.io", "version": "v1", "kind": "Thing"}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(action: str, answer: str = "io.x.v1.Thing", body: str = "", kind: dict[str, str] | None = None) -> Any:
    content = {"application/json": {"schema": _ref(answer)}}
    operation: dict[str, Any] = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind or THING,
        "responses": {"200": {"content": content}, "401": {"description": "no"}},
    }
    if body:
        operation["requestBody"] = {"content": {"*/*": {"schema": _ref(body)}}}
    return operation


def _document(spec: dict[str, Any] | None = None, **paths: Any) -> dict[str, Any]:
    base = "/apis/x.io/v1"
    return {
        "paths": {
            f"{base}/": {"get": {"responses": {}}},
            f"{base}/namespaces/{{namespace}}/things": {
                "parameters": [],
                "get": _operation("list"),
                "post": _operation("post"),
                "delete": _operation("deletecollection"),
            },
            f"{base}/namespaces/{{namespace}}/things/{{name}}": {
                "get": _operation("get"),
                "put": _operation("put"),
                "patch": _operation("patch"),
                "delete": _operation("delete"),
            },
            f"{base}/namespaces/{{namespace}}/things/{{name}}/status": {"get": _operation("get")},
            f"{base}/watch/things": {"get": _operation("watchlist")},
            **{f"{base}/namespaces/{{namespace}}/things/{{name}}/{sub}": value for sub, value in paths.items()},
        },
        "components": {
            "schemas": {
                "io.x.v1.Thing": {
                    "type": "object",
                    "x-kubernetes-group-version-kind": [THING],
                    "properties": {
                        "kind": {"type": "string"},
                        "metadata": {"allOf": [_ref(f"{META}.ObjectMeta")], "default": {}},
                        "spec": {"type": "object", "properties": spec or {"a": {"type": "string"}}},
                        "part": {"allOf": [_ref("io.x.v1.Part")], "description": "A part."},
                    },
                },
                "io.x.v1.Part": {"type": "object", "properties": {"self": _ref("io.x.v1.Part")}},
                "io.x.v1.Word": {"type": "string"},
                "io.k8s.api.autoscaling.v1.Scale": {"type": "object", "properties": {"a": {"type": "string"}}},
            }
        },
    }


def test_kinds_verbs_scope_and_status_are_read_from_the_paths() -> None:
    module = read_openapi(_document(), "test", KNOWN)
    assert (module.name, module.api_version) == ("x_io_v1", "x.io/v1")
    assert module.kinds["ThingList"] == Kind("ThingList", "ThingList", "x.io/v1", items="x_io_v1.Thing")
    (things,) = module.resources
    assert things.verbs == {"get", "list", "watch", "create", "update", "patch", "apply", "delete", "deletecollection"}
    assert (things.kind, things.plural, things.namespaced, things.status) == ("Thing", "things", True, True)


def test_a_kind_is_that_of_the_resource_though_a_subresource_of_another_kind_comes_first() -> None:
    scale = _operation("get", kind={"group": "autoscaling", "version": "v1", "kind": "Scale"})
    document = _document(scale={"get": scale})
    everywhere = "/apis/x.io/v1/things"
    paths = {path: value for path, value in document["paths"].items() if path.endswith("/scale")}
    document["paths"] = {**paths, everywhere: {"get": _operation("list")}}
    (things,) = read_openapi(document, "test", KNOWN).resources
    assert (things.kind, things.plural) == ("Thing", "things")


def test_references_to_built_in_types_are_those_of_kubeloop() -> None:
    schema = {
        "pod": _ref("io.k8s.api.core.v1.Pod"),
        "time": _ref(f"{META}.Time"),
        "port": _ref("io.k8s.apimachinery.pkg.util.intstr.IntOrString"),
        "cpu": _ref("io.k8s.apimachinery.pkg.api.resource.Quantity"),
        "word": _ref("io.x.v1.Word"),
    }
    spec = read_openapi(_document(schema), "test", KNOWN).structs["ThingSpec"]
    assert {field.wire: field.type for field in spec.fields} == {
        "pod": Type("ptr", of=Type("ref", name="core_v1.Pod")),
        "time": Type("time"),
        "port": Type("int_or_string"),
        "cpu": Type("quantity"),
        "word": Type("ptr", of=Type("string")),
    }


def test_other_references_become_types_of_the_module_and_may_be_recursive() -> None:
    structs = read_openapi(_document(), "test", KNOWN).structs
    part = Type("ptr", of=Type("ref", name="x_io_v1.Part"))
    assert structs["Part"].fields[0].type == part
    assert next(field for field in structs["Thing"].fields if field.wire == "part").description == "A part."


def test_the_items_of_a_list_that_is_a_schema_of_its_own_are_named_after_it() -> None:
    document = _document({"steps": _ref("io.x.v1.Steps")})
    item = {"type": "object", "properties": {"a": {"type": "string"}}}
    document["components"]["schemas"]["io.x.v1.Steps"] = {"type": "array", "items": item}
    structs = read_openapi(document, "test", KNOWN).structs
    assert [field.wire for field in structs["Steps"].fields] == ["a"]
    assert structs["ThingSpec"].fields[0].type == Type("list", of=Type("ref", name="x_io_v1.Steps"))


def test_a_subresource_speaks_the_types_of_its_bodies() -> None:
    paths = {"scale": {"get": _operation("get", SCALE), "put": _operation("put", SCALE, SCALE)}}
    (things,) = read_openapi(_document(**paths), "test", KNOWN).resources
    (found,) = things.subresources
    assert (found.name, found.request, found.response) == ("scale", "autoscaling_v1.Scale", "autoscaling_v1.Scale")
    assert found.verbs == {"get", "update"}


@pytest.mark.parametrize(
    ("operations", "request_type", "response_type"),
    [
        ({"get": _operation("get", POD)}, "core_v1.Pod", "core_v1.Pod"),
        ({"post": _operation("post", SCALE, POD)}, "core_v1.Pod", "autoscaling_v1.Scale"),
    ],
    ids=["without a body", "with a body of another type"],
)
def test_a_subresource_takes_the_type_of_its_body_or_else_that_of_its_response(
    operations: dict[str, Any], request_type: str, response_type: str
) -> None:
    (things,) = read_openapi(_document(part=operations), "test", KNOWN).resources
    (found,) = things.subresources
    assert (found.name, found.request, found.response) == ("part", request_type, response_type)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not an OpenAPI"),
        ({"swagger": "2.0"}, "not an OpenAPI"),
        ({"paths": {}}, "0 group versions"),
        ({**_document(), "components": {}}, "no schema of kind 'Thing'"),
        (_document({"a": _ref("io.x.v1.Gone")}), "leads nowhere"),
    ],
)
def test_what_cannot_be_read_is_said(document: object, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        read_openapi(document, "test", KNOWN)
