"""Owner references: who owns an object, who controls it, and how to write that down.

The functions take anything with metadata of the right shape: typed models, `Unstructured`, doubles. Building a
reference takes the class to build, `meta_v1.OwnerReference`, since models are above this floor.

Reference: k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go (GetControllerOf, IsControlledBy, NewControllerRef).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeAlias, TypeVar

__all__ = ["Owned", "Owner", "controller_of", "is_controlled_by", "is_owned_by", "owner_reference"]


class OwnerReferenceLike(Protocol):
    """One of the references in `metadata.owner_references`."""

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
    """An object that may have owners."""

    @property
    def metadata(self) -> _OwnedMetadata[Ref_co]: ...


class _OwnerMetadata(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str: ...


class _HasUID(Protocol):
    @property
    def metadata(self) -> _OwnerMetadata: ...


class _TypedOwner(Protocol):
    """A typed model: its class knows the kind."""

    api_version: ClassVar[str]
    kind: ClassVar[str]

    @property
    def metadata(self) -> _OwnerMetadata: ...


class _UntypedOwner(Protocol):
    """An `Unstructured` or a double: the object itself knows its kind."""

    @property
    def api_version(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def metadata(self) -> _OwnerMetadata: ...


# An object that may own others: it knows its kind, and was created (it has a UID).
Owner: TypeAlias = _TypedOwner | _UntypedOwner


def controller_of(obj: Owned[Ref]) -> Ref | None:
    """Return the reference to the one owner that controls an object; None when there is none."""
    for reference in obj.metadata.owner_references:
        if reference.controller:
            return reference
    return None


def is_controlled_by(obj: Owned[OwnerReferenceLike], owner: _HasUID) -> bool:
    """Say if an object is controlled by this very owner (the UID counts: not a namesake created later)."""
    controller = controller_of(obj)
    return controller is not None and controller.uid == owner.metadata.uid


def is_owned_by(obj: Owned[OwnerReferenceLike], owner: _HasUID) -> bool:
    """Say if this very owner is among the owners of an object, controlling it or not."""
    uid = owner.metadata.uid
    return any(reference.uid == uid for reference in obj.metadata.owner_references)


def owner_reference(
    owner: Owner,
    build: Callable[..., R],
    *,
    controller: bool = True,
    block_owner_deletion: bool = True,
) -> R:
    """Build a reference to an owner, to be put into `metadata.owner_references` of what it owns.

    Args:
        owner: the owner as the server returned it, in the same namespace as the owned object, or without one.
        build: the class to build: `meta_v1.OwnerReference`.
        controller: whether the owner controls the object; an object has at most one controller.
        block_owner_deletion: whether a foreground deletion of the owner waits until the object is gone.

    Raises:
        ValueError: the owner has no name or UID yet: create it first, and refer to what `create` returned.

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
