"""What is special about writes to namespaces: the finalizer in the spec, the phase, and the label with the name.

Reference: k8s.io/kubernetes/pkg/registry/core/namespace (strategy.go, storage/storage.go).
"""

from __future__ import annotations

from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, name_of, text_in
from kubeloop.testing.apiserver.writing.moment import Moment

__all__ = [
    "IMMORTAL_NAMESPACES",
    "NAMESPACE_FINALIZER",
    "changed_namespace",
    "is_terminating",
    "labelled_namespace",
    "new_namespace",
    "terminating_namespace",
]

IMMORTAL_NAMESPACES = frozenset({"default", "kube-public", "kube-system"})
NAMESPACE_FINALIZER = "kubernetes"

_NAME_LABEL = "kubernetes.io/metadata.name"


def new_namespace(namespace: Document, _moment: Moment) -> Document:
    """Return a new namespace that is active and has the finalizer of its controller."""
    finalizers = list_in(namespace, "spec", "finalizers")
    if NAMESPACE_FINALIZER not in finalizers:
        finalizers = [*finalizers, NAMESPACE_FINALIZER]
    spec = {**mapping_in(namespace, "spec"), "finalizers": finalizers}
    return {**_labelled(namespace), "spec": spec, "status": {"phase": "Active"}}


def changed_namespace(new: Document, old: Document, _moment: Moment) -> Document:
    """Return a changed namespace with the finalizers of the stored one."""
    finalizers = list_in(old, "spec", "finalizers")
    spec = {field: value for field, value in mapping_in(new, "spec").items() if field != "finalizers"}
    return {**_labelled(new), "spec": {**spec, **({"finalizers": finalizers} if finalizers else {})}}


def labelled_namespace(new: Document, _old: Document, _moment: Moment) -> Document:
    """Return a namespace with the label that has its name."""
    return _labelled(new)


def _labelled(namespace: Document) -> Document:
    metadata = mapping_in(namespace, "metadata")
    labels = {**mapping_in(metadata, "labels"), _NAME_LABEL: name_of(namespace)}
    return {**namespace, "metadata": {**metadata, "labels": labels}}


def terminating_namespace(namespace: Document, moment: Moment) -> Document:
    """Return a namespace whose deletion has begun."""
    metadata = mapping_in(namespace, "metadata")
    if not metadata.get("deletionTimestamp"):
        metadata = {**metadata, "deletionTimestamp": moment.text}
    return {**namespace, "metadata": metadata, "status": {**mapping_in(namespace, "status"), "phase": "Terminating"}}


def is_terminating(namespace: Document) -> bool:
    """Return whether nothing may be created in a namespace any more."""
    return text_in(namespace, "status", "phase") == "Terminating"
