"""`Writer`: what a write uses, and the one place where the results of decisions reach the storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeloop.testing.apiserver.storage.stored import Key, Stored
from kubeloop.testing.apiserver.writing.document_parts import Document, is_same, mapping_in, text_in
from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.stored_form import data_with_revision, stored_document, unsaved_data

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedResource
    from kubeloop.testing.apiserver.storage.storage import Storage

__all__ = ["Writer", "is_same_object"]


@dataclass(frozen=True, slots=True)
class Writer:
    """What a write uses. A write is one synchronous step, so that nothing happens between its reading and its commit.

    Attributes:
        storage: Where objects are read and written.
        resources: What is served.
        moment: The time, and the source of uids and names.
        is_dry_run: Whether nothing is committed.
    """

    storage: Storage
    resources: Resources
    moment: Moment
    is_dry_run: bool = False

    def read(self, resource: ServedResource, namespace: str, name: str) -> Stored | None:
        """Return the newest version of an object, or None."""
        return self.storage.get(Key(resource.stored_as, namespace, name))

    def namespace(self, name: str) -> Document | None:
        """Return a Namespace, or None."""
        resource = self.resources.of_storage("namespaces")
        found = self.read(resource, "", name) if resource else None
        return stored_document(found, resource) if found and resource else None

    def commit(self, resource: ServedResource, key: Key, document: Document, current: Stored | None) -> Stored:
        """Store a document, unless nothing has changed, and return what is stored.

        In a dry run, the result has the resourceVersion of the current object, or that of the document if the object
        would be new.
        """
        if self.is_dry_run:
            return _unsaved(resource, key, document, current)
        if current and is_same_object(document, stored_document(current, resource)):
            return current
        data = data_with_revision(document, resource)
        change = self.storage.put(key, data, expected=current.revision if current else 0)
        assert change.value is not None  # a put has a value
        return change.value

    def remove(self, resource: ServedResource, current: Stored) -> Stored:
        """Delete an object and return its last state, with the revision of the deletion."""
        if self.is_dry_run:
            return current
        last_state = data_with_revision(stored_document(current, resource), resource)
        change = self.storage.delete(current.key, last_state, expected=current.revision)
        assert change.last is not None  # a deletion has a last state
        return change.last

    @staticmethod
    def unsaved(resource: ServedResource, current: Stored, document: Document) -> Stored:
        """Return a state of an object that is never stored, with the resourceVersion of the stored one."""
        return _unsaved(resource, current.key, document, current)


def is_same_object(one: Document, other: Document) -> bool:
    """Return whether two documents are the same object but for its resourceVersion."""
    mine, theirs = _without_version(one), _without_version(other)
    return mine == theirs or all(is_same(mine.get(field), theirs.get(field)) for field in {*mine, *theirs})


def _without_version(document: Document) -> Document:
    metadata = {name: value for name, value in mapping_in(document, "metadata").items() if name != "resourceVersion"}
    return {**document, "metadata": metadata, "apiVersion": None, "kind": None}


def _unsaved(resource: ServedResource, key: Key, document: Document, current: Stored | None) -> Stored:
    """Return an object that is never stored: the result of a dry run."""
    revision = current.revision if current else int(text_in(document, "metadata", "resourceVersion") or 0)
    created = current.created_revision if current else 0
    return Stored(key, revision, created, unsaved_data(document, resource, revision))
