"""Creating an object: the checks in the order of the real server, the generated name, and the commit.

Reference: apiserver pkg/registry/generic/registry/store.go (Create), pkg/registry/rest/create.go, and the admission
plugin NamespaceLifecycle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.errors import AlreadyExists, StatusCause, StatusDetails
from kubeloop.meta.gvk import GroupKind, GroupResource
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.writing.document_parts import Document, mapping_in, name_of, text_in
from kubeloop.testing.apiserver.writing.metadata_check import create_faults
from kubeloop.testing.apiserver.writing.name_form import name_form_of, needs_finalizer_domains
from kubeloop.testing.apiserver.writing.namespace_rule import is_terminating
from kubeloop.testing.apiserver.writing.plain_failure import plain_failure
from kubeloop.testing.apiserver.writing.preparation import new_object, with_metadata
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.wire import refusals

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["check_namespace", "create_object", "group_kind_of", "group_resource_of", "in_namespace"]

_ATTEMPTS = 8
"""How many names are generated for one object. The real server tries as many."""


def create_object(writer: Writer, resource: ServedResource, namespace: str, document: Document) -> Stored:
    """Create an object and return what is stored.

    Args:
        writer: The storage and the moment.
        resource: The resource of the request.
        namespace: The namespace of the request, `""` for an object of the cluster.
        document: The object of the client, in the stored version.

    Raises:
        BadRequest: The object names another namespace.
        NotFound: The namespace does not exist.
        Forbidden: The namespace is being deleted.
        Invalid: The metadata breaks a rule.
        AlreadyExists: There is an object of this name, or none of eight generated names was free.
        APIError: 500: the object has a resourceVersion.
    """
    wanted = in_namespace(document, namespace)
    if resource.namespaced:
        check_namespace(writer, resource, namespace, name_of(wanted))
    is_name_generated = not name_of(wanted) and bool(text_in(wanted, "metadata", "generateName"))
    attempts = _ATTEMPTS if is_name_generated else 1
    while True:
        created = _checked(wanted, resource, writer)
        version = _given_version(wanted, writer)
        key = Key(resource.stored_as, namespace, name_of(created))
        current = writer.storage.get(key)
        if current is None:
            return writer.commit(resource, key, with_metadata(created, resourceVersion=version), None)
        attempts -= 1
        if not attempts:
            raise _taken(resource, created, stored_document(current, resource))


def _taken(resource: ServedResource, created: Document, current: Document) -> AlreadyExists:
    refuse = (
        refusals.generate_name_conflict if text_in(created, "metadata", "generateName") else refusals.already_exists
    )
    error = refuse(group_resource_of(resource), name_of(created))
    return _being_deleted(error) if text_in(current, "metadata", "deletionTimestamp") else error


def _checked(wanted: Document, resource: ServedResource, writer: Writer) -> Document:
    created = new_object(wanted, resource, writer.moment)
    form = name_form_of(resource.stored_as)
    faults = create_faults(
        mapping_in(created, "metadata"),
        is_namespaced=resource.namespaced,
        name_form=form,
        needs_domains=needs_finalizer_domains(resource.stored_as),
    )
    if faults:
        raise refusals.invalid(group_kind_of(resource), name_of(created), faults)
    return created


def _given_version(wanted: Document, writer: Writer) -> str | None:
    """Return the resourceVersion of the client, which the object of a dry run keeps.

    Raises:
        APIError: 500: the object is to be stored and has one. One that is no number is ignored, as by the real server.
    """
    version = text_in(wanted, "metadata", "resourceVersion")
    if not (version.isascii() and version.isdigit() and int(version)):
        return None
    if not writer.is_dry_run:
        raise plain_failure("resourceVersion should not be set on objects to be created")
    return version


def _being_deleted(error: AlreadyExists) -> AlreadyExists:
    status = error.status
    message = f"object is being deleted: {status.message}"
    return AlreadyExists(
        StatusDetails(
            code=status.code,
            reason=status.reason,
            message=message,
            name=status.name,
            group=status.group,
            kind=status.kind,
            retry_after=status.retry_after,
        )
    )


def in_namespace(document: Document, namespace: str) -> Document:
    """Return a document in the namespace of the request; an object of the cluster loses a namespace.

    Raises:
        BadRequest: The document names another namespace.
    """
    given = text_in(document, "metadata", "namespace")
    if given == namespace:
        return document
    if given and namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise refusals.bad_request(message)
    return with_metadata(document, namespace=namespace or None)


def check_namespace(writer: Writer, resource: ServedResource, namespace: str, name: str) -> None:
    """Check whether something may be created in a namespace.

    Raises:
        NotFound: The namespace does not exist.
        Forbidden: The namespace is being deleted.
    """
    found = writer.namespace(namespace)
    if found is None:
        raise refusals.not_found(GroupResource("", "namespaces"), namespace)
    if is_terminating(found):
        cause = StatusCause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
        message = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise refusals.forbidden(group_resource_of(resource), name, message, [cause])


def group_resource_of(resource: ServedResource) -> GroupResource:
    """Return the resource as errors name it."""
    return GroupResource(resource.group, resource.plural)


def group_kind_of(resource: ServedResource) -> GroupKind:
    """Return the kind as errors name it: in the group of its stored form."""
    return GroupKind(resource.stored_as.partition(".")[2], resource.kind)
