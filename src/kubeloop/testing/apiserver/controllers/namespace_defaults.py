"""What each namespace contains: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

Reference: k8s.io/kubernetes/pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kubeloop.errors import APIError
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.writing.creation import create_object
from kubeloop.testing.apiserver.writing.document_parts import Document, text_in
from kubeloop.testing.apiserver.writing.replacement import replace_object
from kubeloop.testing.apiserver.writing.stored_form import stored_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.testing.apiserver.storage.stored import Change
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["DefaultObject", "default_account", "root_certificate"]

_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class DefaultObject:
    """Creates one object in each active namespace, and keeps its data, one namespace per step."""

    def __init__(self, resource: str, document: Document) -> None:
        """Create a controller.

        Args:
            resource: The resource of the object: `serviceaccounts`.
            document: The object, with its name.
        """
        self._resource = resource
        self._name = text_in(document, "metadata", "name")
        self._document = document
        self._pending: dict[str, None] = {}

    def observe(self, change: Change) -> None:
        """Note a change of the storage."""
        key = change.key
        if key.resource == "namespaces" and change.value is not None:
            self._pending[key.name] = None
        elif key.resource == self._resource and key.name == self._name:
            self._pending[key.namespace] = None

    def change_data(self, data: Document, namespaces: Iterable[str]) -> None:
        """Keep other data from now on, in these namespaces."""
        self._document = {**self._document, "data": data}
        self._pending.update(dict.fromkeys(namespaces))

    def step(self, writer: Writer) -> bool:
        """Deal with one namespace and return whether there was one."""
        if not self._pending:
            return False
        namespace = next(iter(self._pending))
        del self._pending[namespace]
        found = writer.namespace(namespace)
        resource = writer.resources.of_storage(self._resource)
        if found is None or resource is None or text_in(found, "status", "phase") != "Active":
            return True
        stored = writer.storage.get(Key(self._resource, namespace, self._name))
        with suppress(APIError):  # an object that is being deleted is created after it was deleted
            if stored is None:
                create_object(writer, resource, namespace, self._document)
            elif "data" in self._document and stored_document(stored, resource).get("data") != self._document["data"]:
                replace_object(writer, resource, namespace, self._name, self._with_data)
        return True

    def _with_data(self, current: Document | None) -> Document:
        assert current is not None  # the object was read before
        return {**current, "data": self._document["data"]}


def default_account() -> DefaultObject:
    """Return the controller of the ServiceAccount `default`."""
    return DefaultObject("serviceaccounts", {"metadata": {"name": "default"}})


def root_certificate(bundle: str) -> DefaultObject:
    """Return the controller of the ConfigMap with the certificates that the server is verified with."""
    metadata = {"name": "kube-root-ca.crt", "annotations": {"kubernetes.io/description": _DESCRIPTION}}
    return DefaultObject("configmaps", {"metadata": metadata, "data": {"ca.crt": bundle}})
