"""The values of the storage: keys, versions of objects, and changes."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Change", "Key", "Stored"]


class Key(NamedTuple):
    """The address of an object in the storage.

    Attributes:
        resource: The group resource as text: `pods`, `deployments.apps`.
        namespace: `""` for an object of the cluster.
        name: The name of the object.
    """

    resource: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """`namespace/name` or `name`: the text by which the objects of a resource are ordered, as in etcd."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Stored:
    """One version of one object. It is immutable, except for what is derived from it and kept.

    Attributes:
        key: The address.
        revision: The revision of the change that wrote this version: the object's resourceVersion.
        created_revision: The revision of the change that created the object.
        data: The JSON of the object in the storage version of its resource, without `kind` and `apiVersion`.
        derived: What was derived from `data` and is kept as long as this version: encodings, labels, fields.
    """

    __slots__ = ("created_revision", "data", "derived", "key", "revision")

    def __init__(self, key: Key, revision: int, created_revision: int, data: bytes) -> None:
        self.key = key
        self.revision = revision
        self.created_revision = created_revision
        self.data = data
        self.derived: dict[Any, Any] | None = None  # each room keeps its own kind of value under its own key

    def __repr__(self) -> str:
        return f"<Stored {self.key.resource} {self.key.path} at {self.revision}, {len(self.data)} bytes>"


class Change(NamedTuple):
    """One change of the storage.

    Attributes:
        revision: The revision of the change.
        key: The address of the object.
        value: The new version; for a deletion None.
        previous: The version before; None for a creation.
        last: For a deletion the last state, whose resourceVersion is the revision of the deletion; otherwise None.
    """

    revision: int
    key: Key
    value: Stored | None
    previous: Stored | None
    last: Stored | None = None
