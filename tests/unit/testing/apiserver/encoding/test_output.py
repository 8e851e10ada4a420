"""The choice of the format and the form of a response."""

from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.testing.apiserver.encoding.output import Output, negotiate, negotiate_error
from kubeloop.wire.query_text import parse_query

PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Output()),
        ("*/*", Output()),
        ("*", Output()),
        ("application/*", Output()),
        ("application/json", Output()),
        ("application/json; charset=utf-8", Output()),
        ("application/yaml", Output("yaml", "application/yaml")),
        (PROTOBUF, Output("protobuf", PROTOBUF)),
        (f"{PROTOBUF},application/json", Output("protobuf", PROTOBUF)),
        ("application/json;q=0.5, application/yaml;q=0.9", Output("yaml", "application/yaml")),
        ("application/json;q=x,application/yaml;q=0.1", Output("yaml", "application/yaml")),
        ("*/*,application/yaml", Output("yaml", "application/yaml")),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Output()),
        ("application/json;stream=watch", Output()),
        ("application/json;pretty=1", Output(pretty=True)),
        (f"{TABLE},application/json", Output(transform="Table", version="v1")),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io", Output(transform="Table", version="v1beta1")),
        ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", Output()),
        ("application/json;as=Other;v=v1;g=meta.k8s.io,application/json", Output()),
        ("application/json;sv=v2,application/yaml", Output("yaml", "application/yaml")),
        (f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io,application/json", Output()),
        (
            f"{PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Output("protobuf", PROTOBUF, transform="PartialObjectMetadataList", version="v1"),
        ),
        (
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            Output(transform="PartialObjectMetadata", version="v1"),
        ),
    ],
)
def test_the_first_acceptable_clause_decides(accept: str, expected: Output) -> None:
    assert negotiate({"Accept": accept}, {}) == expected


@pytest.mark.parametrize(
    "accept", ["text/plain", "application/xml", "json", "application/json/x", "application/json;as=X", "nonsense"]
)
def test_a_header_without_an_acceptable_clause_is_refused_with_the_types_of_the_server(accept: str) -> None:
    with pytest.raises(errors.NotAcceptable) as caught:
        negotiate({"accept": accept}, {})

    assert caught.value.status.message == (
        "only the following media types are accepted: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf"
    )


def test_yaml_has_no_form_for_a_watch() -> None:
    with pytest.raises(errors.NotAcceptable) as caught:
        negotiate({"Accept": "application/yaml"}, {}, streaming=True)

    assert caught.value.status.message == (
        "only the following media types are accepted: application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch"
    )


def test_the_content_type_of_a_watch_names_the_stream_except_for_json() -> None:
    assert negotiate({"Accept": PROTOBUF}, {}, streaming=True).stream_content_type == f"{PROTOBUF};stream=watch"
    assert negotiate({"Accept": "application/json;stream=watch"}, {}).stream_content_type == "application/json"


@pytest.mark.parametrize(
    ("query", "agent", "expected"),
    [
        ("", "kubeloop", False),
        ("", "curl/8.5.0", True),
        ("", "Wget/1", True),
        ("", "Mozilla/5.0 (X11)", True),
        ("pretty=true", "kubeloop", True),
        ("pretty=1", "kubeloop", True),
        ("pretty=yes", "curl/8", False),
        ("pretty=false", "curl/8", False),
        ("pretty=", "curl/8", True),
        ("pretty", "x", False),
    ],
)
def test_people_get_indented_json(query: str, agent: str, expected: bool) -> None:
    assert negotiate({"User-Agent": agent}, parse_query(query)).pretty is expected
    assert negotiate({"User-Agent": agent, "Accept": PROTOBUF}, parse_query(query)).pretty is False


def test_a_status_is_written_in_a_plain_format_that_the_request_accepts() -> None:
    assert negotiate_error({"Accept": f"{TABLE},{PROTOBUF}"}, {}) == Output("protobuf", PROTOBUF)
    assert negotiate_error({"Accept": TABLE}, {}) == Output(pretty=True)
    assert negotiate_error({"Accept": "text/plain"}, {}) == Output(pretty=True)
