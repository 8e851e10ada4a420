"""The options of lists and watches, their defaults and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import BadRequest, Invalid
from kubeloop.testing.apiserver.call import Call
from kubeloop.testing.apiserver.encoding.output import Output
from kubeloop.testing.apiserver.reading.list_request import read_list_request
from kubeloop.wire.parse_options import ListOptions
from kubeloop.wire.request import Request
from kubeloop.wire.request_path import parse_path
from tests.support.read_world import NODES, PODS

RESOURCES = {"pods": PODS, "nodes": NODES}


def read(target: str) -> ListOptions:
    info = parse_path("GET", target)
    return read_list_request(Call(Request("GET", target), info, RESOURCES[info.resource], Output()))


def test_reads_every_option_of_a_list() -> None:
    request = read(
        "/api/v1/pods?labelSelector=app%3Dweb&fieldSelector=status.phase%3DRunning&resourceVersion=5"
        "&resourceVersionMatch=Exact&limit=7"
    )
    assert (str(request.label_selector), str(request.field_selector)) == ("app=web", "status.phase=Running")
    assert (request.resource_version, request.resource_version_match, request.limit) == ("5", "Exact", 7)
    assert request.continue_ == ""
    assert request.send_initial_events is None


def test_reads_every_option_of_a_watch() -> None:
    request = read("/api/v1/pods?watch=1&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=30")
    assert (request.resource_version, request.allow_watch_bookmarks, request.timeout_seconds) == ("5", True, 30)


def test_a_negative_limit_is_none() -> None:
    assert read("/api/v1/pods?limit=-3").limit == 0


@pytest.mark.parametrize(("query", "expected"), [
    ("watch=1", ("NotOlderThan", True)),
    ("watch=1&resourceVersion=0", ("NotOlderThan", True)),
    ("watch=1&resourceVersion=5", ("", None)),
    ("watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", ("NotOlderThan", False)),
    ("resourceVersion=0", ("", None)),
    ("", ("", None)),
])  # fmt: skip
def test_a_watch_from_any_version_sends_initial_events_by_default(query: str, expected: tuple[str, Any]) -> None:
    request = read(f"/api/v1/pods?{query}")
    assert (request.resource_version_match, request.send_initial_events) == expected


def test_a_watch_by_its_path_has_no_default() -> None:
    request = read("/api/v1/watch/pods")
    assert (request.resource_version_match, request.send_initial_events) == ("", None)


FORBIDDEN = 'ListOptions.meta.k8s.io "" is invalid: {0}: Forbidden: {1}'


@pytest.mark.parametrize(("query", "message"), [
    ("resourceVersionMatch=NotOlderThan",
     FORBIDDEN.format("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")),
    ("resourceVersionMatch=Exact&resourceVersion=5&continue=abc",
     FORBIDDEN.format("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")),
    ("resourceVersionMatch=Exact&resourceVersion=0",
     FORBIDDEN.format("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')),
    ("resourceVersionMatch=Latest&resourceVersion=5",
     'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Latest": '
     'supported values: "Exact", "NotOlderThan", ""'),
    ("sendInitialEvents=true",
     FORBIDDEN.format("sendInitialEvents", "sendInitialEvents is forbidden for list")),
    ("watch=1&sendInitialEvents=true",
     FORBIDDEN.format("resourceVersionMatch",
                      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")),
    ("watch=1&resourceVersion=5&resourceVersionMatch=NotOlderThan",
     FORBIDDEN.format("resourceVersionMatch",
                      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")),
    ("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=abc",
     FORBIDDEN.format("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")),
])  # fmt: skip
def test_refuses_options_that_contradict_each_other(query: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(f"/api/v1/pods?{query}")
    assert caught.value.status.message == message
    assert (caught.value.status.group, caught.value.status.kind) == ("meta.k8s.io", "ListOptions")


def test_names_every_contradiction() -> None:
    with pytest.raises(Invalid) as caught:
        read("/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=Exact&continue=abc")
    assert [(cause.field, cause.reason) for cause in caught.value.causes] == [
        ("resourceVersionMatch", "FieldValueForbidden"),
        ("resourceVersionMatch", "FieldValueNotSupported"),
        ("resourceVersionMatch", "FieldValueForbidden"),
    ]


def test_initial_events_of_a_watch_by_its_path_are_forbidden_as_for_a_list() -> None:
    with pytest.raises(Invalid, match="sendInitialEvents is forbidden for list"):
        read("/api/v1/watch/pods?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=5")


@pytest.mark.parametrize(("target", "message"), [
    ("/api/v1/pods?fieldSelector=spec.color%3Dred", "field label not supported: spec.color"),
    ("/api/v1/nodes?fieldSelector=spec.color%3Dred",
     '"spec.color" is not a known field selector: only "metadata.name", "metadata.namespace"'),
])  # fmt: skip
def test_refuses_a_field_that_cannot_be_selected(target: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(target)
    assert caught.value.status.message == message


def test_a_field_label_of_this_version_becomes_the_stored_one() -> None:
    assert str(read("/api/v1/pods?fieldSelector=spec.host!%3Dn1").field_selector) == "spec.nodeName!=n1"


@pytest.mark.parametrize(("target", "selector"), [
    ("/api/v1/namespaces/ns/pods?fieldSelector=metadata.name%3Da", "metadata.name=a"),
    ("/api/v1/namespaces/ns/pods?fieldSelector=metadata.name%3Da,status.phase%3DFailed",
     "metadata.name=a,status.phase=Failed"),
    ("/api/v1/watch/namespaces/ns/pods/a", "metadata.name=a"),
    ("/api/v1/watch/namespaces/ns/pods/a?fieldSelector=metadata.name%3Da", "metadata.name=a"),
    ("/api/v1/watch/namespaces/ns/pods/a?fieldSelector=metadata.name%3Da,status.phase%3DFailed",
     "metadata.name=a,status.phase=Failed"),
])  # fmt: skip
def test_a_name_is_a_field_selector(target: str, selector: str) -> None:
    assert str(read(target).field_selector) == selector


@pytest.mark.parametrize("selector", ["metadata.name%3Db", "status.phase%3DFailed", "metadata.name!%3Da"])
def test_refuses_a_field_selector_that_does_not_require_the_name_of_the_path(selector: str) -> None:
    with pytest.raises(BadRequest, match=r"fieldSelector metadata\.name doesn't match requested name"):
        read(f"/api/v1/watch/namespaces/ns/pods/a?fieldSelector={selector}")
