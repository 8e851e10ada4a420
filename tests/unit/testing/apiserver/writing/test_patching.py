"""Patches as bodies of requests."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError, BadRequest, Invalid, RequestEntityTooLarge, UnsupportedMediaType
from kubeloop.testing.apiserver.encoding.request_body import MAX_BODY_BYTES
from kubeloop.testing.apiserver.writing.patching import Patch, patch_type
from tests.support.served_kinds import CONFIG_MAPS, PODS
from tests.support.written import JSON_PATCH, MERGE, STRATEGIC

OBJECT: dict[str, Any] = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"k": "v"}}


def patched(body: bytes, media_type: str = MERGE, validation: Any = "") -> tuple[dict[str, Any], list[str]]:
    patch = Patch(body, media_type, CONFIG_MAPS, validation)
    return patch.apply(OBJECT), patch.warnings


def test_parameters_of_the_content_type_do_not_matter() -> None:
    assert patch_type({"Content-Type": f"{MERGE}; charset=utf-8"}, PODS) == MERGE


@pytest.mark.parametrize("content_type", ["application/json", "", "text/plain"])
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType) as raised:
        patch_type({"content-type": content_type}, PODS)

    assert raised.value.code == 415


def test_a_kind_that_is_not_built_in_has_no_strategic_patch() -> None:
    class Custom:
        group, version, kind = "example.com", "v1", "Thing"

    with pytest.raises(UnsupportedMediaType):
        patch_type({"Content-Type": STRATEGIC}, Custom())
    assert patch_type({"Content-Type": JSON_PATCH}, Custom()) == JSON_PATCH


def test_server_side_apply_is_not_implemented() -> None:
    with pytest.raises(APIError) as raised:
        patch_type({"Content-Type": "application/apply-patch+yaml"}, PODS)

    assert raised.value.code == 501


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"data": {"k": "w"}}', MERGE),
        (b'{"data": {"k": "w"}}', STRATEGIC),
        (b'[{"op": "replace", "path": "/data/k", "value": "w"}]', JSON_PATCH),
    ],
)
def test_a_patch_returns_a_new_object(body: bytes, media_type: str) -> None:
    document, warnings = patched(body, media_type)

    assert document["data"] == {"k": "w"}
    assert OBJECT["data"] == {"k": "v"}
    assert warnings == []


@pytest.mark.parametrize("media_type", [MERGE, STRATEGIC, JSON_PATCH])
def test_a_body_that_is_not_json_is_a_bad_request(media_type: str) -> None:
    with pytest.raises(BadRequest):
        patched(b"{", media_type)


def test_a_json_patch_that_does_not_fit_is_unprocessable() -> None:
    with pytest.raises(Invalid) as raised:
        patched(b'[{"op": "test", "path": "/data/k", "value": "x"}]', JSON_PATCH)

    assert raised.value.status.message == "the server rejected our request due to an error in our request"


def test_a_json_patch_has_at_most_10000_operations() -> None:
    body = b"[" + b",".join([b'{"op":"test","path":"/data/k","value":"v"}'] * 10_001) + b"]"

    with pytest.raises(RequestEntityTooLarge):
        patched(body, JSON_PATCH)


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(RequestEntityTooLarge):
        Patch(b" " * (MAX_BODY_BYTES + 1), MERGE, CONFIG_MAPS, "")


@pytest.mark.parametrize("body", [b'{"data": 3}', b'{"kind": "Pod"}', b'{"data": {"k": {"x": 1}}}'])
def test_a_result_that_is_no_object_of_the_kind_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid) as raised:
        patched(body)

    assert [(cause.reason, cause.field) for cause in raised.value.causes] == [("FieldValueInvalid", "patch")]
    assert (raised.value.status.kind, raised.value.status.name) == ("", "")


def test_unknown_and_duplicate_fields_are_warnings_or_an_error() -> None:
    body = b'{"data": {"k": "1", "k": "2"}, "datum": 1}'

    document, warnings = patched(body)

    assert document["data"] == {"k": "2"}
    assert "datum" not in document
    assert warnings == ['duplicate field "data.k"', 'unknown field "datum"']
    assert patched(body, MERGE, "Ignore")[1] == []
    with pytest.raises(Invalid):
        patched(body, MERGE, "Strict")


def test_a_strategic_patch_without_a_merge_key_is_a_failure_of_the_server() -> None:
    owned = {**OBJECT, "metadata": {"name": "a", "ownerReferences": [{"uid": "1"}]}}
    patch = Patch(b'{"metadata": {"ownerReferences": [{"kind": "Node"}]}}', STRATEGIC, CONFIG_MAPS, "")

    with pytest.raises(APIError) as raised:
        patch.apply(owned)

    assert (raised.value.code, raised.value.reason) == (500, "")


@pytest.mark.parametrize(
    ("body", "media_type", "message"),
    [
        (
            b"[]",
            MERGE,
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (b"3", STRATEGIC, "json: cannot unmarshal number into Go value of type map[string]interface {}"),
        (
            b"{}",
            JSON_PATCH,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
    ],
)
def test_a_body_of_another_type_is_a_bad_request(body: bytes, media_type: str, message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        patched(body, media_type)

    assert raised.value.status.message == message


UNKNOWN = b'[{"op": "add", "path": "/data/a", "value": "1", "nonsense": 1, "op": "add"}]'


def test_unknown_and_duplicate_members_of_a_json_patch_are_warnings_or_an_error() -> None:
    assert patched(UNKNOWN, JSON_PATCH)[1] == [
        'json patch unknown field "[0].nonsense"',
        'json patch duplicate field "[0].op"',
    ]
    assert patched(UNKNOWN, JSON_PATCH, "Ignore")[1] == []
    with pytest.raises(Invalid, match=r'strict decoding error: json patch unknown field "\[0\]\.nonsense"'):
        patched(UNKNOWN, JSON_PATCH, "Strict")


def test_a_member_of_a_json_patch_must_have_its_type() -> None:
    with pytest.raises(BadRequest) as raised:
        patched(b'[{"op": 1, "path": "/a"}]', JSON_PATCH)

    assert raised.value.status.message == (
        "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"
    )
