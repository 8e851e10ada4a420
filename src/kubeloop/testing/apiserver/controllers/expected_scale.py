"""How many pods the controllers of some pods want.

Reference: k8s.io/kubernetes/pkg/controller/disruption (getExpectedScale and its finders).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, name_of, number_in, text_in
from kubeloop.testing.apiserver.writing.stored_form import stored_document

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["expected_scale"]


def expected_scale(writer: Writer, pods: list[Document]) -> int:
    """Return the sum of the replicas of the pods' controllers; pods without a controller do not count.

    Raises:
        ValueError: The controller of a pod does not exist or has no replicas.
    """
    scales: dict[str, int] = {}
    seen: set[str] = set()
    for pod in pods:
        reference = _controller_of(pod)
        if reference is None or text_in(reference, "uid") in seen:
            continue
        seen.add(text_in(reference, "uid"))
        found = _found(writer, reference, text_in(pod, "metadata", "namespace"))
        if found is None:
            raise ValueError(f'found no controllers for pod "{name_of(pod)}"')
        scales[text_in(found, "metadata", "uid")] = _replicas(found)
    return sum(scales.values())


def _replicas(controller: Document) -> int:
    replicas = number_in(controller, "spec", "replicas")
    return 1 if replicas is None else replicas


def _controller_of(document: Document) -> Document | None:
    owners = list_in(document, "metadata", "ownerReferences")
    return next((owner for owner in owners if owner.get("controller") is True), None)


def _found(writer: Writer, reference: Document, namespace: str) -> Document | None:
    """Return the controller of a pod; of a ReplicaSet that a Deployment controls, the Deployment."""
    group, _, version = text_in(reference, "apiVersion").rpartition("/")
    resource = writer.resources.of_kind(group, version, text_in(reference, "kind"))
    if resource is None or not resource.has_scale:
        return None
    stored = writer.read(resource, namespace if resource.namespaced else "", text_in(reference, "name"))
    found = stored_document(stored, resource) if stored else None
    if found is None or mapping_in(found, "metadata").get("uid") != text_in(reference, "uid"):
        return None
    above = _controller_of(found) if resource.stored_as == "replicasets.apps" else None
    if above is not None and text_in(above, "kind") == "Deployment":
        return _found(writer, above, namespace)
    return found
