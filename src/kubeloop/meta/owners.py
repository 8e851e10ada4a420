"""Owner references: finding the owner and the controller of an object, and creating a reference.

Reference: k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go (GetControllerOf, IsControlledBy, NewControllerRef).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeAlias, TypeVar

__all__ = ["Owned", "Owner", "controller_of", "is_controlled_by", "is_owned_by", "owner_reference"]


class OwnerReferenceLike(Protocol):
    """An item of `metadata.owner_references`."""

    @property
    def uid(self) -> str: ...
    @property
    def controller(self) -> bool | None: ...


R = TypeVar("R")
Ref = TypeVar("Ref", bound=OwnerReferenceLike)
Ref_co = TypeVar("Ref_co", bound=OwnerReferenceLike, covariant=True)


class _OwnedMetadata(Protocol[Ref_co]):
    @property
    def owner_references(self) -> Sequence[Ref_co]: ...


class Owned(Protocol[Ref_co]):
    """An object that can have owners."""

    @property
    def metadata(self) -> _OwnedMetadata[Ref_co]:
        """The metadata with the owner references."""
        ...


class _OwnerMetadata(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str: ...


class _HasUID(Protocol):
    @property
    def metadata(self) -> _OwnerMetadata: ...


class _TypedOwner(Protocol):
    """A typed model, whose class has the kind."""

    api_version: ClassVar[str]
    kind: ClassVar[str]

    @property
    def metadata(self) -> _OwnerMetadata: ...


class _UntypedOwner(Protocol):
    """An `Unstructured` or a test double, whose object has the kind."""

    @property
    def api_version(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def metadata(self) -> _OwnerMetadata: ...


# An object that can own others: it has a kind, and a UID from the server.
Owner: TypeAlias = _TypedOwner | _UntypedOwner


def controller_of(obj: Owned[Ref]) -> Ref | None:
    """Return the reference to the owner that controls an object; None if there is none."""
    for reference in obj.metadata.owner_references:
        if reference.controller:
            return reference
    return None


def is_controlled_by(obj: Owned[OwnerReferenceLike], owner: _HasUID) -> bool:
    """Return whether an owner controls an object. UIDs are compared, so a later object of its name does not count."""
    controller = controller_of(obj)
    return controller is not None and controller.uid == owner.metadata.uid


def is_owned_by(obj: Owned[OwnerReferenceLike], owner: _HasUID) -> bool:
    """Return whether an object has this owner, which may control it or not. UIDs are compared."""
    uid = owner.metadata.uid
    return any(reference.uid == uid for reference in obj.metadata.owner_references)


def owner_reference(
    owner: Owner,
    build: Callable[..., R],
    *,
    controller: bool = True,
    block_owner_deletion: bool = True,
) -> R:
    """Create a reference to an owner, for `metadata.owner_references` of the owned object.

    Args:
        owner: The owner as the server returned it, in the namespace of the owned object or without a namespace.
        build: The class of the reference, `meta_v1.OwnerReference`; models are a floor above this module.
        controller: Whether the owner controls the object. An object has at most one controller.
        block_owner_deletion: Whether a foreground deletion of the owner waits for the deletion of the object.

    Raises:
        ValueError: The owner has no name or UID. Create it first, and use the object that `create` returns.

    Reference: metav1.NewControllerRef.
    """
    metadata = owner.metadata
    if not metadata.uid or not metadata.name:
        raise ValueError(f"the {owner.kind} {metadata.name!r} has no UID yet: create it before it can own anything")
    return build(
        api_version=owner.api_version,
        kind=owner.kind,
        name=metadata.name,
        uid=metadata.uid,
        controller=controller or None,
        block_owner_deletion=block_owner_deletion or None,
    )
