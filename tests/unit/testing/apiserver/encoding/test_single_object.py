"""Objects as bodies of responses, read back with the client's decoders."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.meta import yaml
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.apiserver.encoding.output import Output, negotiate
from kubeloop.testing.apiserver.encoding.request_body import decode_body
from kubeloop.testing.apiserver.encoding.single_object import encode_document, encode_object
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from tests.support.stored_objects import PODS, stored_object

PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"
META = "v=v1;g=meta.k8s.io"
BODY = (
    b'{"metadata":{"name":"a","namespace":"d","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"app":"web"}},'
    b'"spec":{"containers":[{"name":"c","image":"i"}]}}'
)
POD = stored_object(PODS, decode_body(BODY, PODS).document)


def output(accept: str, query: dict[str, Any] | None = None) -> Output:
    return negotiate({"Accept": accept}, query or {})


def test_json_has_the_kind_and_the_resource_version() -> None:
    body = encode_object(POD, PODS, output("application/json"))

    assert body.startswith(b'{"kind":"Pod","apiVersion":"v1",')
    assert json.loads(body)["metadata"]["resourceVersion"] == "5"
    assert JSON.decode(body, core_v1.Pod).metadata.labels == {"app": "web"}


def test_protobuf_is_the_same_object() -> None:
    pod = PROTOBUF.decode(encode_object(POD, PODS, output(PROTOBUF_TYPE)), core_v1.Pod)

    assert pod == JSON.decode(encode_object(POD, PODS, Output()), core_v1.Pod)


def test_the_protobuf_form_is_kept_with_the_object() -> None:
    encode_object(POD, PODS, output(PROTOBUF_TYPE))

    assert POD.derived is not None
    assert POD.derived["protobuf", "v1"]


def test_yaml_and_indented_json_are_for_people() -> None:
    plain = json.loads(encode_object(POD, PODS, Output()))

    assert yaml.load(encode_object(POD, PODS, output("application/yaml"))) == plain
    pretty = encode_object(POD, PODS, Output(pretty=True))
    assert json.loads(pretty) == plain
    assert b'\n  "metadata": {' in pretty


@pytest.mark.parametrize("media_type", ["application/json", PROTOBUF_TYPE])
def test_partial_metadata_has_nothing_but_metadata(media_type: str) -> None:
    body = encode_object(POD, PODS, output(f"{media_type};as=PartialObjectMetadata;{META}"))

    serializer: Any = JSON if media_type == "application/json" else PROTOBUF
    partial = serializer.decode(body, meta_v1.PartialObjectMetadata)
    assert (partial.metadata.name, partial.metadata.labels) == ("a", {"app": "web"})
    assert b"containers" not in body
    assert b"image" not in body


@pytest.mark.parametrize(
    ("include", "expected"), [("", "PartialObjectMetadata"), ("Metadata", "PartialObjectMetadata"), ("Object", "Pod")]
)
def test_a_table_has_one_row_with_name_and_time(include: str, expected: str) -> None:
    query = {"includeObject": [include]} if include else {}
    table = json.loads(encode_object(POD, PODS, output(f"application/json;as=Table;{META}", query)))

    assert (table["kind"], table["apiVersion"], table["metadata"]) == (
        "Table",
        "meta.k8s.io/v1",
        {"resourceVersion": "5"},
    )
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Created At"]
    assert table["rows"][0]["cells"] == ["a", "2026-01-02T03:04:05Z"]
    assert table["rows"][0]["object"]["kind"] == expected


def test_a_table_may_have_no_objects_and_nothing_unknown() -> None:
    accept = f"application/json;as=Table;{META}"
    table = json.loads(encode_object(POD, PODS, output(accept, {"includeObject": ["None"]})))

    assert table["rows"][0]["object"] is None
    with pytest.raises(errors.BadRequest, match='unrecognized includeObject value: "All"'):
        output(accept, {"includeObject": ["All"]})


def test_one_object_is_no_list() -> None:
    with pytest.raises(errors.NotAcceptable, match="the requested object is not a list"):
        encode_object(POD, PODS, output(f"application/json;as=PartialObjectMetadataList;{META}"))


def test_a_document_that_is_not_stored_is_written_in_each_format() -> None:
    document = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "a"}, "spec": {"replicas": 3}}

    assert json.loads(encode_document(document, Output())) == document
    assert yaml.load(encode_document(document, output("application/yaml"))) == document
    assert PROTOBUF.plain_data(encode_document(document, output(PROTOBUF_TYPE)))["spec"] == {"replicas": 3}


def test_a_document_without_a_message_has_no_protobuf_form() -> None:
    with pytest.raises(errors.NotAcceptable):
        encode_document({"kind": "Thing", "apiVersion": "example.com/v1"}, output(PROTOBUF_TYPE))
