"""The subresource `scale`: the number of replicas of an object, and changing it.

Reference: k8s.io/kubernetes/pkg/registry/apps (scaleFromDeployment, scaleUpdatedObjectInfo), pkg/registry/core
(replicationcontroller).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeloop.meta.gvk import GroupKind, GroupResource
from kubeloop.testing.apiserver.writing.document_parts import Document, mapping_in, name_of, number_in, text_in
from kubeloop.testing.apiserver.writing.label_selector import selector_of
from kubeloop.testing.apiserver.writing.preparation import with_metadata
from kubeloop.wire import refusals
from kubeloop.wire.field_faults import invalid_value

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource

__all__ = ["scale_of", "scaled"]

_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(document: Document) -> Document:
    """Return the Scale of an object that has replicas.

    Raises:
        BadRequest: The selector of the object cannot be read.
    """
    metadata = mapping_in(document, "metadata")
    replicas = number_in(document, "spec", "replicas")
    wanted = 1 if replicas is None else replicas  # 1 is the default of all kinds that have a scale
    status: Document = {"replicas": number_in(document, "status", "replicas") or 0}
    try:
        selector = str(selector_of(mapping_in(document, "spec").get("selector")))
    except ValueError as error:
        raise refusals.bad_request(str(error)) from None
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in _METADATA if name in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def scaled(document: Document, resource: ServedResource, change: Callable[[Document], Document]) -> Document:
    """Return an object with the replicas of a changed Scale.

    Args:
        document: The stored object.
        resource: Its resource.
        change: Called with the Scale of the object; returns the one that is wanted.

    Raises:
        BadRequest: The selector of the object cannot be read.
        Invalid: The replicas are negative.
        Conflict: The Scale has another uid.
    """
    wanted = change(scale_of(document))
    replicas = number_in(wanted, "spec", "replicas") or 0
    if replicas < 0:
        fault = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise refusals.invalid(GroupKind("autoscaling", "Scale"), name_of(document), [fault])
    uid, stored = text_in(wanted, "metadata", "uid"), text_in(document, "metadata", "uid")
    if uid and uid != stored:
        cause = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}"
        raise refusals.conflict(GroupResource(resource.group, f"{resource.plural}/scale"), name_of(document), cause)
    version = text_in(wanted, "metadata", "resourceVersion")
    return with_metadata(
        {**document, "spec": {**mapping_in(document, "spec"), "replicas": replicas}}, resourceVersion=version or None
    )
