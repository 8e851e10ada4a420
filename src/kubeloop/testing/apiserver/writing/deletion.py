"""Deleting an object: preconditions, grace periods, finalizers, and the response.

Reference: apiserver pkg/registry/generic/registry/store.go (Delete), pkg/registry/rest/delete.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.apiserver.writing.creation import group_resource_of
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, mapping_in, number_in, text_in
from kubeloop.testing.apiserver.writing.moment import Moment, seconds_of, time_text
from kubeloop.testing.apiserver.writing.namespace_rule import IMMORTAL_NAMESPACES, terminating_namespace
from kubeloop.testing.apiserver.writing.pod_rule import pod_grace_period
from kubeloop.testing.apiserver.writing.preparation import with_metadata
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.wire import refusals
from kubeloop.wire.parse_options import DeleteOptions

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["FOREGROUND", "ORPHAN", "Deletion", "check_preconditions", "delete_object", "delete_warnings"]

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
"""The finalizers that the garbage collector removes when it has dealt with the dependents."""


class Deletion(NamedTuple):
    """The result of a deletion.

    Attributes:
        stored: The last state of the object, or its state if it waits for finalizers or for its grace period.
        is_deleted: Whether the object was deleted.
        returns_object: Whether the response is the object, and not a Status with its name and uid.
    """

    stored: Stored
    is_deleted: bool
    returns_object: bool


def delete_object(
    writer: Writer, resource: ServedResource, namespace: str, name: str, request: DeleteOptions
) -> Deletion:
    """Delete an object, or mark it as being deleted.

    Raises:
        NotFound: There is no such object.
        Conflict: The object has another uid or resourceVersion.
        Forbidden: The object is a namespace that may not be deleted.
    """
    current = writer.read(resource, namespace, name)
    if current is None:
        raise refusals.not_found(group_resource_of(resource), name)
    old = stored_document(current, resource)
    if resource.stored_as == "namespaces":
        _check_namespace_preconditions(old, name, request)
        if name in IMMORTAL_NAMESPACES:
            raise refusals.forbidden(group_resource_of(resource), name, "this namespace may not be deleted")
        if not text_in(old, "metadata", "deletionTimestamp"):
            ending = terminating_namespace(_with_finalizers(old, _namespace_finalizers(old, request)), writer.moment)
            return Deletion(writer.commit(resource, current.key, ending, current), False, True)
        if list_in(old, "spec", "finalizers"):
            return Deletion(current, False, True)
    kind = GroupResource(resource.stored_as.partition(".")[2], resource.kind)
    check_preconditions(old, kind, request)
    marked = _gracefully_deleted(old, resource, request, writer.moment)
    if marked is old:  # its deletion has begun, and not with a longer grace period
        return Deletion(current, False, resource.returns_deleted_object)
    is_graceful = marked is not None
    changed = marked or old
    if resource.is_garbage_collected:
        changed = _with_finalizers(changed, _collector_finalizers(changed, resource, request))
    if list_in(changed, "metadata", "finalizers"):
        if not is_graceful:
            changed = _marked(changed, writer.moment)
        return Deletion(writer.commit(resource, current.key, changed, current), False, True)
    if is_graceful and number_in(changed, "metadata", "deletionGracePeriodSeconds"):
        return Deletion(writer.commit(resource, current.key, changed, current), False, True)
    if is_graceful:
        if writer.is_dry_run:
            return Deletion(writer.unsaved(resource, current, changed), True, True)
        # Watchers see the end of the grace period as an event of its own, as those of the real server do.
        current = writer.commit(resource, current.key, changed, current)
    last = writer.remove(resource, current)
    return Deletion(last, True, resource.returns_deleted_object)


def delete_warnings(resource: ServedResource, request: DeleteOptions) -> list[str]:
    """Return the warnings of a deletion that a client may not expect: the pods of a Job remain by default."""
    is_chosen = request.propagation_policy is not None or request.orphan_dependents is not None
    if is_chosen or resource.stored_as != "jobs.batch":
        return []
    return [
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
        "or set propagationPolicy=Orphan to suppress this warning"
    ]


def check_preconditions(old: Document, kind: GroupResource, request: DeleteOptions) -> None:
    """Check the uid and the resourceVersion that an object must have.

    Args:
        old: The stored object.
        kind: What the error names: the kind of the object in the place of its resource, as the real server does.
        request: The preconditions.

    Raises:
        Conflict: The object has others.
    """
    uid, version = text_in(old, "metadata", "uid"), text_in(old, "metadata", "resourceVersion")
    if request.uid is not None and request.uid != uid:
        cause = (
            f"the UID in the precondition ({request.uid}) does not match the UID in record ({uid}). "
            "The object might have been deleted and then recreated"
        )
        raise refusals.conflict(kind, text_in(old, "metadata", "name"), cause)
    if request.resource_version is not None and request.resource_version != version:
        cause = (
            f"the ResourceVersion in the precondition ({request.resource_version}) does not match the ResourceVersion "
            f"in record ({version}). The object might have been modified"
        )
        raise refusals.conflict(kind, text_in(old, "metadata", "name"), cause)


def _check_namespace_preconditions(old: Document, name: str, request: DeleteOptions) -> None:
    namespaces = GroupResource("", "namespaces")
    for field, wanted, found in (
        ("UID", request.uid, text_in(old, "metadata", "uid")),
        ("ResourceVersion", request.resource_version, text_in(old, "metadata", "resourceVersion")),
    ):
        if wanted is not None and wanted != found:
            cause = f"Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {found}"
            raise refusals.conflict(namespaces, name, cause)


def _gracefully_deleted(
    old: Document, resource: ServedResource, request: DeleteOptions, moment: Moment
) -> Document | None:
    """Return the object with its deletion time, the object itself to leave it alone, or None to delete it at once."""
    if not resource.has_graceful_deletion:
        return None
    requested = (
        1
        if request.grace_period_seconds is not None and request.grace_period_seconds < 0
        else request.grace_period_seconds
    )
    if text_in(old, "metadata", "deletionTimestamp"):
        return _sooner_deleted(old, requested, moment)
    period = pod_grace_period(old, requested)
    generation = number_in(old, "metadata", "generation")
    return with_metadata(
        old,
        deletionTimestamp=time_text(moment.now + period),
        deletionGracePeriodSeconds=period,
        generation=generation + 1 if generation else generation,
    )


def _sooner_deleted(old: Document, requested: int | None, moment: Moment) -> Document | None:
    """Return an object whose deletion has begun with a shorter grace period: a period can only be shortened."""
    period = number_in(old, "metadata", "deletionGracePeriodSeconds")
    if not period:
        return None
    if requested is None or requested >= period:
        return old
    begin = seconds_of(text_in(old, "metadata", "deletionTimestamp")) - period
    end = begin + requested
    if end < moment.now:
        end, requested = moment.now, 1 if requested else 0
    return with_metadata(old, deletionTimestamp=time_text(end), deletionGracePeriodSeconds=requested)


def _collector_finalizers(old: Document, resource: ServedResource, request: DeleteOptions) -> list[str]:
    """Return the finalizers of an object whose dependents are orphaned, or deleted before it."""
    given = list_in(old, "metadata", "finalizers")
    finalizers = [each for each in given if each not in (ORPHAN, FOREGROUND)]
    policy = _policy(given, resource, request)
    added = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(policy)
    wanted = [*finalizers, added] if added else finalizers
    return given if {*wanted} == {*given} else wanted


def _policy(finalizers: list[str], resource: ServedResource, request: DeleteOptions) -> str:
    if resource.default_deletion_policy == "Unsupported":
        return "Background"
    if request.orphan_dependents is not None:
        return "Orphan" if request.orphan_dependents else "Background"
    if request.propagation_policy:
        return request.propagation_policy
    present = next((each for each in finalizers if each in (ORPHAN, FOREGROUND)), "")
    if present:
        return "Orphan" if present == ORPHAN else "Foreground"
    return "Orphan" if resource.default_deletion_policy == "OrphanDependents" else "Background"


def _namespace_finalizers(old: Document, request: DeleteOptions) -> list[str]:
    given = list_in(old, "metadata", "finalizers")
    if request.orphan_dependents is not None:
        wanted = {ORPHAN: request.orphan_dependents, FOREGROUND: not request.orphan_dependents}
    elif request.propagation_policy:
        policy = request.propagation_policy
        wanted = {ORPHAN: policy == "Orphan", FOREGROUND: policy == "Foreground"}
    else:
        return given
    kept = [each for each in given if wanted.get(each, True)]
    return [*kept, *(each for each, is_wanted in wanted.items() if is_wanted and each not in kept)]


def _with_finalizers(document: Document, finalizers: list[str]) -> Document:
    return with_metadata(document, finalizers=finalizers or None)


def _marked(document: Document, moment: Moment) -> Document:
    """Return an object whose deletion waits for its finalizers only."""
    metadata = mapping_in(document, "metadata")
    generation, end = number_in(metadata, "generation"), text_in(metadata, "deletionTimestamp")
    if not end and generation:
        generation += 1
    if not end or seconds_of(end) > moment.now:
        end = moment.text
    return with_metadata(document, deletionTimestamp=end, deletionGracePeriodSeconds=0, generation=generation)
