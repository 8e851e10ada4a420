"""Stored objects and resources for tests of the API server's encoding."""

from __future__ import annotations

from typing import Any

from kubeloop.testing.apiserver.encoding.document import data_of
from kubeloop.testing.apiserver.facts.served_resource import ServedResource
from kubeloop.testing.apiserver.storage.stored import Key, Stored

__all__ = ["DEPLOYMENTS", "EVENTS", "NEW_EVENTS", "PODS", "stored_object"]


def _resource(group: str, version: str, plural: str, kind: str, stored_as: str, **more: Any) -> ServedResource:
    return ServedResource(group, version, plural, kind.lower(), kind, True, (), stored_as=stored_as, **more)


PODS = _resource(
    "",
    "v1",
    "pods",
    "Pod",
    "pods",
    storage_version="v1",
    field_paths={
        "metadata.name": "metadata.name",
        "spec.hostNetwork": "spec.hostNetwork",
        "spec.nodeName": "spec.nodeName",
        "status.phase": "status.phase",
        "status.podIP": "",
    },
)
DEPLOYMENTS = _resource("apps", "v1", "deployments", "Deployment", "deployments.apps", storage_version="apps/v1")
EVENTS = _resource(
    "",
    "v1",
    "events",
    "Event",
    "events",
    storage_version="v1",
    field_paths={"source": "source.component", "reportingComponent": "reportingComponent", "reason": "reason"},
)
NEW_EVENTS = _resource("events.k8s.io", "v1", "events", "Event", "events", storage_version="v1")


def stored_object(resource: ServedResource, document: dict[str, Any], revision: int = 5) -> Stored:
    """Return a document as the storage keeps it."""
    metadata = document["metadata"]
    key = Key(resource.stored_as, metadata.get("namespace", ""), metadata["name"])
    return Stored(key, revision, revision, data_of(document, resource)(revision))
