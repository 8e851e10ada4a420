"""Lists as bodies of responses, read back with the client's decoders."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.apiserver.encoding.object_list import encode_list
from kubeloop.testing.apiserver.encoding.output import Output, negotiate
from kubeloop.testing.apiserver.encoding.request_body import decode_body
from kubeloop.testing.apiserver.storage.stored import Stored
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from tests.support.stored_objects import PODS, stored_object

PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"
META = "v=v1;g=meta.k8s.io"


def pod(name: str) -> Stored:
    body = b'{"metadata":{"name":%b,"namespace":"d"},"spec":{"containers":[{"name":"c"}]}}' % json.dumps(name).encode()
    return stored_object(PODS, decode_body(body, PODS).document)


def output(accept: str) -> Output:
    return negotiate({"Accept": accept}, {})


@given(st.lists(st.text("abc-", min_size=1), max_size=4), st.sampled_from(["application/json", PROTOBUF_TYPE]))
def test_a_list_is_read_back_with_its_items_in_order(names: list[str], media_type: str) -> None:
    body = encode_list(
        [pod(name) for name in names], PODS, output(media_type), revision=9, continue_="token", remaining=7
    )

    serializer: Any = JSON if media_type == "application/json" else PROTOBUF
    pods = serializer.decode(body, core_v1.PodList)
    assert [each.metadata.name for each in pods.items] == names
    metadata = pods.metadata
    assert (metadata.resource_version, metadata.continue_, metadata.remaining_item_count) == ("9", "token", 7)


def test_the_items_of_a_list_have_no_kind_and_the_last_page_no_token() -> None:
    listing = json.loads(encode_list([pod("a")], PODS, Output(), revision=9))

    assert (listing["kind"], listing["apiVersion"]) == ("PodList", "v1")
    assert listing["metadata"] == {"resourceVersion": "9"}
    assert "kind" not in listing["items"][0]


def test_an_empty_list_has_items() -> None:
    assert json.loads(encode_list([], PODS, Output(), revision=9))["items"] == []


@pytest.mark.parametrize("media_type", ["application/json", PROTOBUF_TYPE])
def test_a_list_of_metadata_has_nothing_but_metadata(media_type: str) -> None:
    accept = f"{media_type};as=PartialObjectMetadataList;{META}"

    body = encode_list([pod("a"), pod("b")], PODS, output(accept), revision=9)

    serializer: Any = JSON if media_type == "application/json" else PROTOBUF
    found = serializer.decode(body, meta_v1.PartialObjectMetadataList)
    assert [each.metadata.name for each in found.items] == ["a", "b"]
    assert b"containers" not in body


def test_the_items_of_a_list_of_metadata_have_a_kind_in_json() -> None:
    accept = f"application/json;as=PartialObjectMetadataList;{META}"

    listing = json.loads(encode_list([pod("a")], PODS, output(accept), revision=9))

    assert (listing["items"][0]["kind"], listing["items"][0]["apiVersion"]) == (
        "PartialObjectMetadata",
        "meta.k8s.io/v1",
    )


def test_a_table_has_a_row_per_object() -> None:
    table = json.loads(
        encode_list([pod("a"), pod("b")], PODS, output(f"application/json;as=Table;{META}"), revision=9, continue_="t")
    )

    assert table["metadata"] == {"resourceVersion": "9", "continue": "t"}
    assert [row["cells"][0] for row in table["rows"]] == ["a", "b"]


def test_a_list_is_not_one_object() -> None:
    with pytest.raises(errors.NotAcceptable, match="the requested object is a list"):
        encode_list([], PODS, output(f"application/json;as=PartialObjectMetadata;{META}"), revision=9)
