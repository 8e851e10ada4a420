"""The life cycle of namespaces: a namespace that is being deleted loses its content, and then its finalizer.

Reference: k8s.io/kubernetes/pkg/controller/namespace/deletion.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from kubeloop.errors import APIError
from kubeloop.testing.apiserver.controllers.object_graph import stored_metadata
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.writing.deletion import delete_object
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, text_in
from kubeloop.testing.apiserver.writing.namespace_rule import NAMESPACE_FINALIZER
from kubeloop.testing.apiserver.writing.replacement import replace_object
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.wire.parse_options import DeleteOptions

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Change
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["NamespaceLifeCycle"]

_NAMESPACES = "namespaces"
_CONDITIONS = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


class NamespaceLifeCycle:
    """Empties and finalizes the namespaces that are being deleted, one namespace per step."""

    def __init__(self) -> None:
        self._terminating: set[str] = set()
        self._pending: dict[str, None] = {}

    def observe(self, change: Change) -> None:
        """Note a change of the storage."""
        key = change.key
        if key.resource == _NAMESPACES:
            if change.value is None:
                self._terminating.discard(key.name)
                self._pending.pop(key.name, None)
            elif stored_metadata(change.value).deletion_timestamp is not None:
                self._terminating.add(key.name)
                self._pending[key.name] = None
        elif key.namespace in self._terminating:
            self._pending[key.namespace] = None

    def step(self, writer: Writer) -> bool:
        """Deal with one namespace and return whether there was one."""
        if not self._pending:
            return False
        name = next(iter(self._pending))
        del self._pending[name]
        namespaces = writer.resources.of_storage(_NAMESPACES)
        stored = writer.storage.get(Key(_NAMESPACES, "", name))
        if namespaces is None or stored is None:
            return True
        namespace = stored_document(stored, namespaces)
        if NAMESPACE_FINALIZER not in list_in(namespace, "spec", "finalizers"):
            return True
        remaining, finalizers = _emptied(writer, name)
        _set_conditions(writer, namespaces, name, remaining, finalizers)
        if not remaining:
            replace_object(writer, namespaces, "", name, _finalized, subresource="finalize")
        return True


def _emptied(writer: Writer, namespace: str) -> tuple[Counter[str], Counter[str]]:
    """Delete the content of a namespace, pods first, and return what remains: objects per resource, and finalizers."""
    remaining, finalizers = _deleted(writer, namespace, "pods")
    if remaining:
        return remaining, Counter()
    for stored_as in writer.resources.stored():
        left, waiting = _deleted(writer, namespace, stored_as)
        remaining += left
        finalizers += waiting
    return remaining, finalizers


def _deleted(writer: Writer, namespace: str, stored_as: str) -> tuple[Counter[str], Counter[str]]:
    remaining: Counter[str] = Counter()
    finalizers: Counter[str] = Counter()
    resource = writer.resources.of_storage(stored_as)
    if resource is None or not resource.namespaced:
        return remaining, finalizers
    for stored in writer.storage.range(stored_as, namespace).items:
        with suppress(APIError):
            delete_object(writer, resource, namespace, stored.key.name, DeleteOptions(propagation_policy="Background"))
    for stored in writer.storage.range(stored_as, namespace).items:
        remaining[f"{resource.plural}.{resource.group}"] += 1
        finalizers.update(stored_metadata(stored).finalizers)
    return remaining, finalizers


def _finalized(current: Document | None) -> Document:
    assert current is not None  # the namespace was read before
    finalizers = [each for each in list_in(current, "spec", "finalizers") if each != NAMESPACE_FINALIZER]
    rest = {field: value for field, value in mapping_in(current, "spec").items() if field != "finalizers"}
    return {**current, "spec": {**rest, **({"finalizers": finalizers} if finalizers else {})}}


def _set_conditions(
    writer: Writer, namespaces: ServedResource, name: str, remaining: Counter[str], finalizers: Counter[str]
) -> None:
    failures: dict[str, tuple[str, str]] = {}
    # While pods remain, the real controller does not say what remains.
    if remaining and "pods." not in remaining:
        objects = ", ".join(sorted(f"{what} has {count} resource instances" for what, count in remaining.items()))
        failures["NamespaceContentRemaining"] = ("SomeResourcesRemain", f"Some resources are remaining: {objects}")
    if finalizers:
        held = ", ".join(sorted(f"{what} in {count} resource instances" for what, count in finalizers.items()))
        text = f"Some content in the namespace has finalizers remaining: {held}"
        failures["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", text)

    def changed(current: Document | None) -> Document:
        assert current is not None  # the namespace was read before
        status = mapping_in(current, "status")
        known = {text_in(each, "type"): each for each in list_in(status, "conditions")}
        for kind, fine in _CONDITIONS.items():
            state = "True" if kind in failures else "False"
            reason, message = failures.get(kind, fine)
            new = {"type": kind, "status": state, "reason": reason, "message": message}
            old = known.get(kind, {})
            if old.get("status") == state:
                new["lastTransitionTime"] = text_in(old, "lastTransitionTime")
            else:
                new["lastTransitionTime"] = writer.moment.text
            known[kind] = new
        return {**current, "status": {**status, "conditions": list(known.values())}}

    replace_object(writer, namespaces, "", name, changed, subresource="status")
