"""Documents, and what the storage keeps of them."""

from __future__ import annotations

import json

from kubeloop.testing.apiserver.encoding.document import data_of, document_of, with_revision
from tests.support.stored_objects import EVENTS, NEW_EVENTS, PODS, stored_object

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "d"}, "spec": {"nodeName": "n"}}


def test_the_storage_keeps_the_resource_version_and_neither_kind_nor_api_version() -> None:
    data = json.loads(data_of(POD, PODS)(7))

    assert data == {"metadata": {"name": "a", "namespace": "d", "resourceVersion": "7"}, "spec": {"nodeName": "n"}}
    assert POD["metadata"] == {"name": "a", "namespace": "d"}


def test_a_stored_object_is_returned_as_a_document_that_the_caller_owns() -> None:
    stored = stored_object(PODS, POD)

    document = document_of(stored, PODS)
    document["metadata"]["name"] = "b"

    assert document_of(stored, PODS) == {
        **POD,
        "metadata": {"name": "a", "namespace": "d", "resourceVersion": "5"},
    }


def test_an_object_is_stored_once_whatever_version_wrote_it() -> None:
    event = {"kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "a"}, "note": "hello"}
    stored = stored_object(NEW_EVENTS, event)

    assert json.loads(stored.data)["message"] == "hello"
    assert document_of(stored, EVENTS)["message"] == "hello"
    assert document_of(stored, NEW_EVENTS)["note"] == "hello"


def test_an_object_can_get_the_revision_of_another_change() -> None:
    stored = stored_object(PODS, POD)

    later = with_revision(stored, 9)

    assert (later.revision, later.created_revision, later.key) == (9, 5, stored.key)
    assert document_of(later, PODS)["metadata"]["resourceVersion"] == "9"
