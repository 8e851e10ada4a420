"""The format of a document, and its bodies."""

from __future__ import annotations

import json

import pytest

from kubeloop.meta import yaml
from kubeloop.models import apidiscovery_v2, meta_v1
from kubeloop.testing.apiserver.describing.discovery_documents import Document
from kubeloop.testing.apiserver.describing.document_body import DocumentFormat, accepted_format, encoded
from kubeloop.wire.protobuf.envelope import opened
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

JSON, YAML, PROTO = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
AGGREGATED = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
GROUP: Document = {
    "kind": "APIGroup",
    "apiVersion": "v1",
    "name": "apps",
    "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
    "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
}
VERSIONS: Document = {"kind": "APIVersions", "versions": ["v1"]}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", DocumentFormat(JSON)),
        ("*/*", DocumentFormat(JSON)),
        (YAML, DocumentFormat(YAML)),
        (f"{PROTO},{JSON}", DocumentFormat(PROTO)),
        (f"{JSON}{AGGREGATED}", DocumentFormat(JSON, is_aggregated=True)),
        (f"{JSON}{AGGREGATED};profile=nopeer", DocumentFormat(JSON, is_aggregated=True)),
        (f"{JSON};g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,{JSON}", DocumentFormat(JSON)),
        (f"{JSON};as=Table;g=meta.k8s.io;v=v1", None),
        ("text/html", None),
    ],
)
def test_the_first_acceptable_clause_decides(accept: str, expected: DocumentFormat | None) -> None:
    assert accepted_format({"accept": accept}, "", may_aggregate=True) == expected


def test_a_document_without_an_aggregated_form_is_not_acceptable_in_it() -> None:
    assert accepted_format({"accept": f"{JSON}{AGGREGATED}"}, "", may_aggregate=False) is None


@pytest.mark.parametrize(
    ("headers", "pretty", "expected"),
    [
        ({}, "", False),
        ({"user-agent": "curl/8.0"}, "", True),
        ({"user-agent": "curl/8.0"}, "0", False),
        ({}, "true", True),
        ({}, "yes", False),
        ({"accept": f"{JSON};pretty=1"}, "", True),
    ],
)
def test_json_is_indented_for_people(headers: dict[str, str], pretty: str, expected: bool) -> None:
    found = accepted_format(headers, pretty, may_aggregate=False)
    assert found is not None
    assert found.is_pretty is expected


def test_the_content_type_names_the_aggregated_form() -> None:
    assert DocumentFormat(YAML).content_type == YAML
    assert DocumentFormat(JSON, is_aggregated=True).content_type == JSON + AGGREGATED


def test_json_is_one_line_or_indented() -> None:
    assert encoded(GROUP, DocumentFormat(JSON)) == json.dumps(GROUP, separators=(",", ":")).encode() + b"\n"
    assert encoded(GROUP, DocumentFormat(JSON, is_pretty=True)) == json.dumps(GROUP, indent=2).encode()


def test_yaml_is_the_same_document() -> None:
    assert yaml.load(encoded(GROUP, DocumentFormat(YAML))) == GROUP


def test_protobuf_is_the_same_document() -> None:
    body = encoded(GROUP, DocumentFormat(PROTO))
    assert PROTOBUF.decode(body, meta_v1.APIGroup) == meta_v1.APIGroup.from_dict(GROUP)


def test_a_list_of_the_core_group_has_no_version_in_its_envelope() -> None:
    where = opened(encoded(VERSIONS, DocumentFormat(PROTO)))
    assert (where.api_version, where.kind) == ("", "APIVersions")


def test_the_aggregated_form_has_a_protobuf_form_too() -> None:
    document: Document = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v1", "freshness": "Current"}]}],
    }
    body = encoded(document, DocumentFormat(PROTO, is_aggregated=True))
    (item,) = PROTOBUF.decode(body, apidiscovery_v2.APIGroupDiscoveryList).items
    assert (item.metadata.name, item.versions[0].version) == ("apps", "v1")
