"""Coverage: where an apply set has members, or may have some; and what the annotations of a parent say about that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kubeloop._kit.value import Value
from kubeloop.clients.applyset.applyset_format import (
    ADDITIONAL_NAMESPACES,
    CONTAINS_GROUP_KINDS,
    CONTAINS_GROUP_RESOURCES,
    ID,
    TOOLING,
    TOOLING_NAME,
    TOOLING_VALUE,
    id_of,
    read_kinds,
    read_namespaces,
    read_resources,
    tooling_name,
    write_kinds,
    write_namespaces,
)
from kubeloop.errors import ApplySetError
from kubeloop.meta.gvk import GroupKind, GroupResource

if TYPE_CHECKING:
    from kubeloop.clients.applyset.applyset_parent import ApplySetParent

__all__ = ["Coverage", "ParentRecord", "parent_configuration", "read_parent"]


class Coverage(Value, frozen=True):
    """The kinds and the namespaces in which a set has members, or may have some.

    A set is searched in every combination of the two. Members without a namespace are found by their kind alone.
    """

    kinds: frozenset[GroupKind] = frozenset()
    namespaces: frozenset[str] = frozenset()

    @classmethod
    def of(cls, members: Iterable[tuple[GroupKind, str]]) -> Coverage:
        """Return the coverage of members, each a kind and a namespace, which is `""` for none."""
        pairs = set(members)
        kinds = frozenset(kind for kind, _ in pairs)
        return cls(kinds, frozenset(namespace for _, namespace in pairs if namespace))

    def __or__(self, other: Coverage) -> Coverage:
        return Coverage(self.kinds | other.kinds, self.namespaces | other.namespaces)

    def __ge__(self, other: Coverage) -> bool:
        return self.kinds >= other.kinds and self.namespaces >= other.namespaces


class ParentRecord(Value, frozen=True):
    """What the parent on the server says about its set.

    Attributes:
        coverage: The kinds and namespaces of the annotations, with the namespace of the parent.
        resources: The resources of the deprecated annotation, whose kinds discovery has to find.
        resource_version: The version of the parent that said so.
        is_current: Whether the parent needs no change for this coverage: it is written as this version of kubeloop
            writes it.
    """

    coverage: Coverage
    resources: frozenset[GroupResource]
    resource_version: str
    is_current: bool


def read_parent(
    parent: ApplySetParent, labels: Mapping[str, str], annotations: Mapping[str, str], resource_version: str
) -> ParentRecord:
    """Read what the parent on the server says, and check that the set is ours.

    Args:
        parent: The parent.
        labels: Its labels on the server.
        annotations: Its annotations on the server.
        resource_version: Its resource version on the server.

    Raises:
        ApplySetError: The object is no parent of a set, or that of another tool or another set; or it does not say
            where the set has members.

    Reference: kubectl ApplySet.fetchParent, parseKindAnnotation, parseNamespacesAnnotation.
    """
    tooling = annotations.get(TOOLING)
    if tooling is None:
        step = "choose another name for the set" if parent.is_built_in else f"to make it one, {_to_make(parent)}"
        raise ApplySetError(
            f"the object exists and has no annotation {TOOLING}: it is not the parent of an apply set: {parent}; {step}"
        )
    if (owner := tooling_name(tooling)) != TOOLING_NAME:
        raise ApplySetError(
            f"the apply set is managed by {owner!r}, not by {TOOLING_NAME!r} (annotation {TOOLING}): {parent}; use "
            "that tool, or another set"
        )
    expected = id_of(parent)
    if (found := labels.get(ID)) != expected:
        got = "none" if found is None else repr(found)
        raise ApplySetError(f"expected the label {ID} with the value {expected!r}, got {got}: {parent}")
    kinds: frozenset[GroupKind] = frozenset()
    resources: frozenset[GroupResource] = frozenset()
    text = annotations.get(CONTAINS_GROUP_KINDS)
    if text is not None:
        kinds = read_kinds(text)
    elif deprecated := annotations.get(CONTAINS_GROUP_RESOURCES):
        resources = read_resources(deprecated)
    else:
        raise ApplySetError(
            f"the annotation {CONTAINS_GROUP_KINDS} is missing, so that the members of the apply set cannot be found: "
            f"{parent}; add the annotation with the kinds of all members"
        )
    namespaces = read_namespaces(annotations.get(ADDITIONAL_NAMESPACES, ""))
    if "" in namespaces or any(not each.kind for each in kinds) or any(not each.resource for each in resources):
        raise ApplySetError(f"expected names separated by commas, got an empty name in an annotation: {parent}")
    if parent.namespace:
        namespaces |= {parent.namespace}
    coverage = Coverage(kinds, namespaces)
    wanted = parent_configuration(parent, coverage)["metadata"]["annotations"]
    is_current = all(annotations.get(name) == value for name, value in wanted.items())
    return ParentRecord(coverage, resources, resource_version, is_current and not resources)


def parent_configuration(parent: ApplySetParent, coverage: Coverage, resource_version: str = "") -> dict[str, Any]:
    """Return the object that is applied to write the coverage into the parent.

    Args:
        parent: The parent.
        coverage: Where the set has members, or may have some.
        resource_version: The version that the parent must have on the server; `""` for any version or none.

    Reference: kubectl ApplySet.buildParentPatch.
    """
    metadata: dict[str, Any] = {"name": parent.name}
    if parent.namespace:
        metadata["namespace"] = parent.namespace
    if resource_version:
        metadata["resourceVersion"] = resource_version
    metadata["labels"] = {ID: id_of(parent)}
    metadata["annotations"] = {
        TOOLING: TOOLING_VALUE,
        CONTAINS_GROUP_KINDS: write_kinds(coverage.kinds),
        ADDITIONAL_NAMESPACES: write_namespaces(coverage.namespaces, parent.namespace),
    }
    return {"apiVersion": parent.api_version, "kind": parent.kind.kind, "metadata": metadata}


def _to_make(parent: ApplySetParent) -> str:
    """Return what makes an object the parent of an empty set, for messages."""
    return (
        f"give it the label {ID}={id_of(parent)} and the annotations {TOOLING}={TOOLING_VALUE} and "
        f'{CONTAINS_GROUP_KINDS}=""'
    )
