"""The options of deletions."""

from __future__ import annotations

import pytest

from kubeloop.errors import BadRequest, Invalid, UnsupportedMediaType
from kubeloop.models import meta_v1
from kubeloop.testing.apiserver.writing.delete_options import delete_options_of
from kubeloop.wire.parse_options import DeleteOptions
from kubeloop.wire.query_text import parse_query
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF


def options(body: bytes = b"", query: str = "", content_type: str = "application/json") -> DeleteOptions:
    return delete_options_of(body or None, {"Content-Type": content_type}, parse_query(query))


def test_without_options_the_defaults_of_the_object_hold() -> None:
    assert options() == DeleteOptions()


def test_the_query_has_the_options_if_there_is_no_body() -> None:
    assert options(query="gracePeriodSeconds=5&propagationPolicy=Orphan&dryRun=All") == DeleteOptions(
        grace_period_seconds=5, propagation_policy="Orphan", dry_run=True
    )
    assert options(query="orphanDependents=true") == DeleteOptions(orphan_dependents=True)
    assert options(query="orphanDependents=0") == DeleteOptions(orphan_dependents=False)


@pytest.mark.parametrize("api_version", ["v1", "meta.k8s.io/v1", "apps/v1"])
def test_a_body_may_have_the_version_of_any_group(api_version: str) -> None:
    body = (
        b'{"kind":"DeleteOptions","apiVersion":"%s","gracePeriodSeconds":0,'
        b'"preconditions":{"uid":"1","resourceVersion":"2"},"dryRun":["All"]}' % api_version.encode()
    )

    assert options(body, "gracePeriodSeconds=5") == DeleteOptions(
        grace_period_seconds=0, uid="1", resource_version="2", dry_run=True
    )


def test_a_body_may_be_yaml() -> None:
    assert options(b"propagationPolicy: Background\n", content_type="application/yaml") == DeleteOptions(
        propagation_policy="Background"
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("propagationPolicy=Sideways", "propagationPolicy"),
        ("propagationPolicy=Orphan&orphanDependents=true", "propagationPolicy"),
        ("dryRun=Some", "dryRun"),
    ],
)
def test_a_wrong_value_is_invalid(query: str, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        options(query=query)

    assert [cause.field for cause in raised.value.causes] == [field]
    assert raised.value.status.kind == "DeleteOptions"


@pytest.mark.parametrize("body", [b"{", b'{"gracePeriodSeconds":"x"}', b'{"kind":"Pod","apiVersion":"v1"}'])
def test_a_body_that_cannot_be_read_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        options(body)


def test_a_number_in_the_query_must_be_a_number() -> None:
    with pytest.raises(BadRequest):
        options(query="gracePeriodSeconds=soon")


def test_the_format_of_a_body_must_be_known() -> None:
    with pytest.raises(UnsupportedMediaType):
        options(b"x", content_type="text/plain")


def test_a_body_may_be_protobuf() -> None:
    body = PROTOBUF.encode(meta_v1.DeleteOptions(grace_period_seconds=3))

    assert options(body, content_type="application/vnd.kubernetes.protobuf") == DeleteOptions(grace_period_seconds=3)
