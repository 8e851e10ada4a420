"""Updating an object: preconditions, optimistic locking, checks, and the deletion when no finalizer is left.

Reference: apiserver pkg/registry/generic/registry/store.go (Update), pkg/registry/rest/update.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from kubeloop.meta.gvk import GroupKind
from kubeloop.testing.apiserver.writing.creation import (
    create_object,
    group_kind_of,
    group_resource_of,
    in_namespace,
)
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, name_of, number_in, text_in
from kubeloop.testing.apiserver.writing.metadata_check import update_faults
from kubeloop.testing.apiserver.writing.name_form import needs_finalizer_domains
from kubeloop.testing.apiserver.writing.plain_failure import plain_failure
from kubeloop.testing.apiserver.writing.preparation import changed_object, with_metadata
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.wire import refusals
from kubeloop.wire.field_faults import invalid_value

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["Replacement", "precondition_text", "replace_object", "should_be_deleted"]

STALE = "the object has been modified; please apply your changes to the latest version and try again"


class Replacement(NamedTuple):
    """The result of an update.

    Attributes:
        stored: The object as it is stored now; of an object that the update deleted, its last state.
        is_new: Whether the update created the object.
        is_deleted: Whether the update deleted the object.
    """

    stored: Stored
    is_new: bool = False
    is_deleted: bool = False


def replace_object(
    writer: Writer,
    resource: ServedResource,
    namespace: str,
    name: str,
    change: Callable[[Document | None], Document],
    *,
    subresource: str = "",
    uid: str = "",
) -> Replacement:
    """Update an object.

    Args:
        writer: The storage and the moment.
        resource: The resource of the request.
        namespace: The namespace of the request, `""` for an object of the cluster.
        name: The name in the path.
        change: Called with the stored object, or with None if there is none and an update may create it; returns the
            new object, in the stored version. The stored object must not be changed.
        subresource: What is written, `""` for the object itself.
        uid: The uid that the object must have, if it is not `""`.

    Raises:
        NotFound: There is no such object.
        Conflict: The object has another uid or another resourceVersion.
        Invalid: The metadata breaks a rule.
    """
    group_resource = group_resource_of(resource)
    current = writer.read(resource, namespace, name)
    if current is None and not resource.allows_create_on_update:
        raise refusals.not_found(group_resource, name)
    old = stored_document(current, resource) if current else None
    stored_uid = text_in(old, "metadata", "uid") if old else ""
    if uid and uid != stored_uid:
        raise refusals.conflict(
            group_resource, name, precondition_text(resource, namespace, name, "UID", uid, stored_uid)
        )
    if current is None and subresource not in ("", "status"):  # the strategy of the object is that of its status too
        raise refusals.not_found(group_resource, name)
    new = change(old)
    version = _version_of(new)
    if current is None or old is None:
        new = with_metadata(new, resourceVersion=None)
        return Replacement(create_object(writer, resource, namespace, new), is_new=True)
    _check_version(version, current, resource, name)
    new = with_metadata(in_namespace(new, namespace), resourceVersion=str(current.revision))
    changed = changed_object(new, old, resource, subresource, writer.moment)
    faults = update_faults(
        mapping_in(changed, "metadata"),
        mapping_in(old, "metadata"),
        is_namespaced=resource.namespaced,
        needs_domains=needs_finalizer_domains(resource.stored_as),
    )
    if faults:
        raise refusals.invalid(group_kind_of(resource), name_of(changed), faults)
    if should_be_deleted(resource, changed, old):
        writer.remove(resource, current)
        return Replacement(writer.unsaved(resource, current, changed), is_deleted=True)
    return Replacement(writer.commit(resource, current.key, changed, current))


def _version_of(document: Document) -> int:
    text = text_in(document, "metadata", "resourceVersion")
    if text and not (text.isascii() and text.isdigit()):
        raise plain_failure(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text or "0")


def _check_version(version: int, current: Stored, resource: ServedResource, name: str) -> None:
    if not version and resource.allows_unconditional_update:
        return
    if not version:
        fault = invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
        raise refusals.invalid(GroupKind(resource.group, resource.plural), name, [fault])
    if version != current.revision:
        raise refusals.conflict(group_resource_of(resource), name, STALE)


def should_be_deleted(resource: ServedResource, new: Document, old: Document) -> bool:
    """Return whether an update deletes the object: its deletion waited only for finalizers, which it removes.

    A namespace waits for the finalizers in its spec too.
    """
    if list_in(new, "metadata", "finalizers") or not mapping_in(old, "metadata").get("deletionTimestamp"):
        return False
    if resource.stored_as == "namespaces" and list_in(new, "spec", "finalizers"):
        return False
    return not number_in(old, "metadata", "deletionGracePeriodSeconds")


def precondition_text(resource: ServedResource, namespace: str, name: str, field: str, wanted: str, found: str) -> str:
    """Return why a precondition is not met, in the words of the real storage."""
    path = "/".join(filter(None, ("/registry", resource.plural, namespace, name)))
    return (
        f"StorageError: invalid object, Code: 4, Key: {path}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {found}"
    )
