"""Checks of a request before anything is read: what is not served, and whether the body fits the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.writing.creation import in_namespace
from kubeloop.testing.apiserver.writing.document_parts import Document, name_of
from kubeloop.wire import refusals

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.call import Call

__all__ = ["checked_for_path", "namespace_of", "refuse_unserved"]

_NOT_SERVED = {
    "customresourcedefinitions.apiextensions.k8s.io": "writing CustomResourceDefinitions",
    "apiservices.apiregistration.k8s.io": "writing APIServices",
}


def refuse_unserved(call: Call) -> None:
    """Refuse what the real server does with a resource and this server does not.

    Raises:
        APIError: 501.
    """
    resource = call.resource
    if not resource.stored_as:
        raise refusals.not_implemented(f"creating {resource.kind} objects")
    if resource.stored_as in _NOT_SERVED:
        raise refusals.not_implemented(_NOT_SERVED[resource.stored_as])


def namespace_of(call: Call) -> str:
    """Return the namespace of the object of a request; `""` for an object of the cluster."""
    return call.info.namespace if call.resource.namespaced else ""


def checked_for_path(document: Document, call: Call) -> Document:
    """Return the object of an update with the namespace of the path.

    Raises:
        BadRequest: The object names another object or another namespace than the path.
    """
    checked = in_namespace(document, namespace_of(call))
    name, wanted = name_of(checked), call.info.name
    if not name:
        raise refusals.bad_request(
            f"the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        )
    if name != wanted:
        raise refusals.bad_request(f"the name of the object ({name}) does not match the name on the URL ({wanted})")
    return checked
