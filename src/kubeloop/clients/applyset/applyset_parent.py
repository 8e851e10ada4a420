"""ApplySetParent: the object that stands for an apply set, and the text that names it.

Reference: kubectl pkg/cmd/apply/applyset.go, ParseApplySetParentRef, ApplySet.Validate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.value import Value
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.wire.request import resource_path, segment

if TYPE_CHECKING:
    from kubeloop.discovery.rest_mapping import RESTMapping

__all__ = ["ApplySetParent", "ParentReference", "parent_of", "parse_parent_reference"]

_DEFAULT_RESOURCE = "secrets"
_BUILT_IN = frozenset({GroupVersionResource("", "v1", "secrets"), GroupVersionResource("", "v1", "configmaps")})


class ParentReference(Value, frozen=True):
    """A reference to a parent: the text that means its resource, and its name."""

    resource: str
    name: str


class ApplySetParent(Value, frozen=True):
    """The object that stands for an apply set.

    Attributes:
        kind: Its kind.
        resource: Its resource.
        name: Its name.
        namespace: Its namespace; `""` if the kind has none.
    """

    kind: GroupVersionKind
    resource: GroupVersionResource
    name: str
    namespace: str

    @property
    def api_version(self) -> str:
        """The `apiVersion` of the object."""
        return str(self.resource.group_version)

    @property
    def is_built_in(self) -> bool:
        """Whether it is a Secret or a ConfigMap, which need no permission to be a parent, and are created."""
        return self.resource in _BUILT_IN

    @property
    def definition(self) -> str:
        """The name of the CustomResourceDefinition of a custom resource."""
        return f"{self.resource.resource}.{self.resource.group}"

    @property
    def path(self) -> str:
        """The path of the object."""
        collection = resource_path(
            self.resource.group_version, self.resource.resource, namespace=self.namespace or None
        )
        return f"{collection}/{segment(self.name, 'name')}"

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.kind} {self.name}"


def parse_parent_reference(text: str) -> ParentReference:
    """Parse `configmaps/shop`, `resource.group/name`, or `name` alone, which is the name of a Secret.

    Raises:
        TypeError: The reference is no text.
        ValueError: The name or the resource is empty, or the name would break the path.

    >>> parse_parent_reference("shop")
    ParentReference(resource='secrets', name='shop')
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f'expected a reference such as "configmaps/shop" as apply_set, got {type(text).__name__}')
    resource, slash, name = text.partition("/")
    if not slash:
        resource, name = _DEFAULT_RESOURCE, text
    if not resource or not name:
        missing = "name" if not name else "resource"
        raise ValueError(f'expected a reference such as "configmaps/shop" as apply_set, got {text!r}: no {missing}')
    segment(name, "name of an apply set")
    return ParentReference(resource, name)


def parent_of(reference: ParentReference, mapping: RESTMapping, namespace: str | None) -> ApplySetParent:
    """Return the parent that a reference means.

    Args:
        reference: The reference.
        mapping: The resource that discovery found for it.
        namespace: The namespace that the caller named, None if it named none. The namespace of the context is not
            used in its place.

    Raises:
        ValueError: The kind has namespaces, and none was named.
    """
    if mapping.namespaced and not namespace:
        raise ValueError(
            f"the apply set {mapping.resource.resource}/{reference.name} needs a namespace, because a "
            f"{mapping.kind.kind} has one: pass apply_set_namespace=..."
        )
    own = namespace if mapping.namespaced and namespace else ""
    return ApplySetParent(mapping.kind, mapping.resource, reference.name, own)
