"""What lists and watches select by."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.testing.apiserver.encoding.attribute import fields_of, labels_of
from tests.support.stored_objects import EVENTS, PODS, stored_object


def pod(**parts: Any) -> Any:
    return stored_object(PODS, {"metadata": {"name": "a", "namespace": "d", **parts.pop("metadata", {})}, **parts})


def test_labels_are_those_of_the_metadata() -> None:
    assert labels_of(pod(metadata={"labels": {"app": "web"}})) == {"app": "web"}
    assert labels_of(pod()) == {}


def test_fields_are_texts_and_absent_ones_are_zero() -> None:
    assert fields_of(pod(), PODS) == {
        "metadata.name": "a",
        "metadata.namespace": "d",
        "spec.hostNetwork": "false",
        "spec.nodeName": "",
        "status.phase": "",
        "status.podIP": "",
    }


def test_fields_are_read_at_their_paths() -> None:
    status = {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}

    fields = fields_of(pod(spec={"hostNetwork": True, "nodeName": "n"}, status=status), PODS)

    assert fields["spec.hostNetwork"] == "true"
    assert fields["spec.nodeName"] == "n"
    assert (fields["status.phase"], fields["status.podIP"]) == ("Running", "10.0.0.1")


@pytest.mark.parametrize(
    ("event", "source"),
    [
        ({"source": {"component": "kubelet"}, "reportingComponent": "x"}, "kubelet"),
        ({"source": {}, "reportingComponent": "x"}, "x"),
        ({}, ""),
    ],
)
def test_the_source_of_an_event_is_its_component_or_who_reported_it(event: dict[str, Any], source: str) -> None:
    stored = stored_object(EVENTS, {"metadata": {"name": "a", "namespace": "d"}, **event})

    assert fields_of(stored, EVENTS)["source"] == source


def test_both_are_kept_with_the_object() -> None:
    stored = pod()

    assert fields_of(stored, PODS) is fields_of(stored, PODS)
    assert labels_of(stored) is labels_of(stored)
