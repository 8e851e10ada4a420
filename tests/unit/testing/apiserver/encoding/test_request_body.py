"""Bodies of requests: what is read, what is refused, and with which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop import errors
from kubeloop.models import core_v1
from kubeloop.testing.apiserver.encoding.request_body import MAX_BODY_BYTES, canonical, decode_body, input_format
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from tests.support.stored_objects import DEPLOYMENTS, EVENTS, PODS

YAML = {"Content-Type": "application/yaml"}
AS_PROTOBUF = {"Content-Type": "application/vnd.kubernetes.protobuf"}


def test_a_body_is_returned_as_go_would_write_it() -> None:
    body = b'{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1000m"}}}]}}'

    document, warnings = decode_body(body, PODS)

    assert document == {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}]},
        "status": {},
    }
    assert warnings == []


UNRECOGNIZED = "the object provided is unrecognized (must be of type Pod)"
NO_JSON = f"{UNRECOGNIZED}: couldn't get version/kind; json parse error"
UNFIT = 'Pod in version "v1" cannot be handled as a Pod'
UNKNOWN_KIND = (
    'no kind "Foo" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", f"{NO_JSON}: unexpected end of JSON input (<empty>)"),
        (b"garbage", f"{NO_JSON}: invalid character 'g' looking for beginning of value (67617262616765)"),
        (b'{"kind":"Pod"', f'{NO_JSON}: unexpected end of JSON input ({{"kind":"Pod")'),
        (b'{"a":1} x', f"{NO_JSON}: invalid character 'x' looking for beginning of value ({{\"a\":1}} x)"),
        (b"[]", f"{NO_JSON}: json: cannot unmarshal array into Go value of type struct (5b5d)"),
        (
            b'{"apiVersion":"a/b/c"}',
            f'{UNRECOGNIZED}: unexpected GroupVersion string: a/b/c ({{"apiVersion":"a/b/c"}})',
        ),
        (
            b'{"kind":"Service"}',
            'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (Pod): unknown conversion',
        ),
        (b'{"kind":"Foo"}', f'Foo in version "v1" cannot be handled as a Pod: {UNKNOWN_KIND}'),
        (
            b'{"spec":{"hostNetwork":"x"}}',
            f"{UNFIT}: json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        (
            b'{"spec":{"containers":[{"ports":[{"containerPort":99999999999}]}]}}',
            f"{UNFIT}: json: cannot unmarshal number 99999999999 into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_words_of_the_server(body: bytes, message: str) -> None:
    with pytest.raises(errors.BadRequest) as caught:
        decode_body(body, PODS)

    assert caught.value.status.message == message


def test_a_convertible_body_of_another_version_is_refused() -> None:
    body = b'{"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"name":"a"}}'

    with pytest.raises(errors.BadRequest) as caught:
        decode_body(body, EVENTS)

    assert caught.value.status.message == (
        "the API version in the data (events.k8s.io/v1) does not match the expected API version (v1)"
    )


UNCLEAN = (
    b'{"metadata":{"name":"a","x":1},"spec":{"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"y":1}]}}}}'
)
TEXTS = [
    'unknown field "metadata.x"',
    'duplicate field "spec.replicas"',
    'unknown field "spec.template.spec.containers[0].y"',
]


@pytest.mark.parametrize("validation", ["", "Warn"])
def test_unknown_and_duplicate_fields_are_warnings(validation: Any) -> None:
    document, warnings = decode_body(UNCLEAN, DEPLOYMENTS, validation=validation)

    assert warnings == TEXTS
    assert document["spec"]["replicas"] == 2
    assert "x" not in document["metadata"]


def test_unknown_and_duplicate_fields_are_ignored_on_request() -> None:
    assert decode_body(UNCLEAN, DEPLOYMENTS, validation="Ignore").warnings == []


def test_unknown_and_duplicate_fields_are_refused_on_request() -> None:
    with pytest.raises(errors.BadRequest) as caught:
        decode_body(UNCLEAN, DEPLOYMENTS, validation="Strict")

    assert caught.value.status.message == (
        f'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: {", ".join(TEXTS)}'
    )


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(errors.RequestEntityTooLarge) as caught:
        decode_body(b" " * (MAX_BODY_BYTES + 1), PODS)

    assert caught.value.status.message == "Request entity too large: limit is 3145728"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "json"])
def test_an_unknown_format_is_refused(content_type: str) -> None:
    with pytest.raises(errors.UnsupportedMediaType) as caught:
        decode_body(b"{}", PODS, headers={"content-type": content_type})

    assert caught.value.status.message == (
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf"
    )


def test_the_format_is_json_unless_the_request_says_otherwise() -> None:
    assert input_format({}) == "json"
    assert input_format({"CONTENT-TYPE": "application/JSON; charset=utf-8"}) == "json"
    assert input_format(YAML) == "yaml"


def test_yaml_and_protobuf_are_read_as_json_is() -> None:
    body = b'{"kind":"Pod","metadata":{"name":"a"},"spec":{"nodeName":"x","containers":[{"name":"c"}]}}'
    expected = decode_body(body, PODS)
    text = b"kind: Pod\nmetadata: {name: a}\nspec:\n  nodeName: x\n  containers:\n  - name: c\n"

    assert decode_body(text, PODS, headers=YAML) == expected
    assert decode_body(PROTOBUF.encode(JSON.decode(body, core_v1.Pod)), PODS, headers=AS_PROTOBUF) == expected


def test_a_key_that_is_twice_in_yaml_is_reported_with_its_line() -> None:
    body = b"metadata:\n  name: a\nspec:\n  paused: true\n  paused: false\n  x: 1\n---\nkind: Other\n"

    document, warnings = decode_body(body, DEPLOYMENTS, headers=YAML)

    assert warnings == ['line 5: key "paused" already set in map', 'unknown field "spec.x"']
    assert "paused" not in document["spec"]
    assert decode_body(body, DEPLOYMENTS, headers=YAML, validation="Ignore").warnings == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_a_key_that_is_twice_is_found_in_any_encoding_of_yaml(encoding: str) -> None:
    body = "spec:\u2028  paused: true\u2028  paused: false\u2028".encode(encoding)

    assert decode_body(body, DEPLOYMENTS, headers=YAML).warnings == ['line 3: key "paused" already set in map']


@pytest.mark.parametrize("body", [b"a: [", b"a: b: c", b"\x00"])
def test_broken_yaml_is_refused(body: bytes) -> None:
    with pytest.raises(errors.BadRequest, match="the object provided is unrecognized"):
        decode_body(body, PODS, headers=YAML)


@pytest.mark.parametrize("body", [b"", b"{}", b"k8s", b"k8s\x00\xff\xff\xff", b"k8s\x00\x12\x02\xff\xff"])
def test_broken_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(errors.BadRequest):
        decode_body(body, PODS, headers=AS_PROTOBUF)


def test_null_is_an_empty_object() -> None:
    assert decode_body(b"null", PODS).document["spec"] == {"containers": None}


def test_a_patched_document_is_checked_as_a_body_is() -> None:
    document = {"kind": "Deployment", "apiVersion": "apps/v1", "spec": {"replicas": None, "z": 1}}

    body = canonical(document, DEPLOYMENTS)

    assert body.warnings == ['unknown field "spec.z"']
    assert "replicas" not in body.document["spec"]


_json: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "containers", "name", "resources", "limits", "cpu", "ports", "env", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_any_json_is_read_or_refused_as_malformed(value: Any) -> None:
    body = json.dumps(value).encode()

    try:
        document = decode_body(body, PODS).document
    except errors.BadRequest:
        return

    again = decode_body(json.dumps(document).encode(), PODS)
    assert again.document == document
    assert again.warnings == []


@given(st.binary(max_size=60), st.sampled_from([{}, YAML, AS_PROTOBUF]))
def test_any_bytes_are_read_or_refused_as_malformed(body: bytes, headers: dict[str, str]) -> None:
    try:
        document = decode_body(body, PODS, headers=headers).document
    except errors.BadRequest:
        return

    assert document["kind"] == "Pod"
