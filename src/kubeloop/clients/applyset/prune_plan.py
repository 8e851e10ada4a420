"""Which lists find the members of an apply set, and which of the members to delete in which order. Without I/O.

Reference: kubectl pkg/cmd/apply/applyset_pruner.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from kubeloop._kit.value import Value
from kubeloop.clients.applyset.applyset_format import PART_OF, id_of
from kubeloop.errors import ApplySetError
from kubeloop.meta.gvk import GroupKind

if TYPE_CHECKING:
    from kubeloop.clients.applyset.applyset_coverage import Coverage
    from kubeloop.clients.applyset.applyset_parent import ApplySetParent
    from kubeloop.discovery.rest_mapping import RESTMapping
    from kubeloop.models import meta_v1

__all__ = [
    "AppliedMember",
    "FoundObject",
    "MemberList",
    "lists_of",
    "order_of_deletion",
    "prunable",
    "reason_to_keep",
]

_NAMESPACE = ("", "Namespace")
_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")


class MemberList(NamedTuple):
    """One LIST that finds members.

    Attributes:
        mapping: The resource.
        namespace: The namespace; `""` for a resource without namespaces.
    """

    mapping: RESTMapping
    namespace: str


class AppliedMember(Value, frozen=True):
    """An object that this run applied.

    Attributes:
        kind: Its kind.
        plural: The name of its resource.
        namespace: Its namespace, `""` for none.
        name: Its name.
        uid: Its uid, as the server returned it.
    """

    kind: GroupKind
    plural: str
    namespace: str
    name: str
    uid: str


class FoundObject(NamedTuple):
    """A member that a LIST found."""

    mapping: RESTMapping
    metadata: meta_v1.ObjectMeta

    @property
    def is_namespace(self) -> bool:
        """Whether its deletion deletes all objects in a namespace."""
        return _is(self, _NAMESPACE)

    @property
    def is_definition(self) -> bool:
        """Whether its deletion deletes all objects of a custom resource."""
        return _is(self, _DEFINITION)

    def __str__(self) -> str:
        own = self.metadata.namespace
        return (
            f"{self.mapping.kind.kind} {own}/{self.metadata.name}"
            if own
            else f"{self.mapping.kind.kind} {self.metadata.name}"
        )


def lists_of(coverage: Coverage, mappings: Mapping[GroupKind, RESTMapping]) -> list[MemberList]:
    """Return the lists that find every member of a set: each kind in each namespace.

    Args:
        coverage: What the parent says about the set.
        mappings: The resource of each kind of the coverage.

    Reference: kubectl ApplySet.FindAllObjectsToPrune.
    """
    found: list[MemberList] = []
    for kind in sorted(coverage.kinds):
        mapping = mappings[kind]
        namespaces: Iterable[str] = sorted(coverage.namespaces) if mapping.namespaced else ("",)
        found.extend(MemberList(mapping, namespace) for namespace in namespaces)
    return found


def prunable(
    parent: ApplySetParent,
    read: MemberList,
    items: Iterable[meta_v1.ObjectMeta],
    applied: Collection[str],
    names: Collection[tuple[GroupKind, str, str]] = (),
) -> list[FoundObject]:
    """Return the members of a list that were not applied.

    An object with the name of one that was applied is none, whatever its uid: somebody has created it again since.
    Neither the parent itself is one, nor an object with another controller than the parent: controllers copy the labels
    of an object to what they create for it, as the labels of a Service are copied to its EndpointSlices.

    Args:
        parent: The parent of the set.
        read: The list.
        items: The metadata of its items.
        applied: The uids of the objects that were applied.
        names: The kind, namespace and name of each of these objects.

    Raises:
        ApplySetError: An item has no uid, does not have the label, or is not in the namespace of the list, which
            cannot be trusted then.
    """
    found: list[FoundObject] = []
    kind = read.mapping.kind.group_kind
    for metadata in items:
        each = FoundObject(read.mapping, metadata)
        if metadata.labels.get(PART_OF) != id_of(parent):
            raise ApplySetError(f"the server listed an object that has no label {PART_OF}={id_of(parent)}: {each}")
        if metadata.namespace != read.namespace or not metadata.name:
            where = f"the namespace {read.namespace}" if read.namespace else "no namespace"
            raise ApplySetError(f"expected a list of named objects of {where}, got one with {each}")
        if not metadata.uid:
            raise ApplySetError(f"the server listed an object that has no uid: {each}")
        if metadata.uid in applied or (kind, metadata.namespace, metadata.name) in names:
            continue
        if _is_parent(parent, each) or _is_controlled(parent, metadata):
            continue
        found.append(each)
    return found


def order_of_deletion(found: Iterable[FoundObject], rank_of: Callable[[GroupKind], int]) -> list[FoundObject]:
    """Return leftovers in the order of their deletion, which is the reverse of the order in which kinds are applied.

    An object that two groups serve, and that was found by both of its kinds, is deleted once.

    Args:
        found: The leftovers.
        rank_of: Returns the rank of a kind: a lower one is applied first, and deleted last.
    """
    by_uid: dict[str, FoundObject] = {}
    for each in found:
        by_uid.setdefault(each.metadata.uid, each)
    return sorted(by_uid.values(), key=lambda each: -rank_of(each.mapping.kind.group_kind))


def reason_to_keep(parent: ApplySetParent, leftover: FoundObject, applied: Iterable[AppliedMember]) -> str | None:
    """Return why a leftover must not be deleted: its deletion would delete what was applied, or the parent."""
    name = leftover.metadata.name
    if leftover.is_namespace:
        if parent.namespace == name:
            return f"it contains {parent}, the parent of the apply set"
        held = next((each for each in applied if each.namespace == name), None)
    elif leftover.is_definition:
        if parent.definition == name:
            return f"it defines {parent}, the parent of the apply set"
        held = next((each for each in applied if f"{each.plural}.{each.kind.group}" == name), None)
    else:
        return None
    return None if held is None else f"with it, the server would delete {held.kind.kind} {held.name}, which was applied"


def _is(found: FoundObject, kind: tuple[str, str]) -> bool:
    return (found.mapping.kind.group, found.mapping.kind.kind) == kind


def _is_parent(parent: ApplySetParent, found: FoundObject) -> bool:
    same_kind = found.mapping.kind.group_kind == parent.kind.group_kind
    return same_kind and (found.metadata.namespace, found.metadata.name) == (parent.namespace, parent.name)


def _is_controlled(parent: ApplySetParent, metadata: meta_v1.ObjectMeta) -> bool:
    """Return whether an object has a controller that is not the parent."""
    own = (parent.kind.group, parent.kind.kind, parent.name)
    return any(
        owner.controller and (owner.api_version.rpartition("/")[0], owner.kind, owner.name) != own
        for owner in metadata.owner_references
    )
