"""RESTMapping: which resource serves a kind, and in which scope."""

from __future__ import annotations

from kubeloop._kit.value import Value
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource

__all__ = ["RESTMapping"]


class RESTMapping(Value, frozen=True):
    """A kind, the resource that serves it, and what discovery says about the resource.

    Attributes:
        kind: The kind with its group and version.
        resource: The resource of the kind; its group and version are those of the path.
        namespaced: Whether the objects are in namespaces.
        verbs: The verbs, such as `"list"`.
        singular: The name for one object, `"deployment"`.
        short_names: The short names, such as `"deploy"`.
        categories: The categories, such as `"all"`.

    Reference: apimachinery `meta.RESTMapping`.
    """

    kind: GroupVersionKind
    resource: GroupVersionResource
    namespaced: bool
    verbs: tuple[str, ...] = ()
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def group_version(self) -> GroupVersion:
        """The group and version of the path."""
        return self.resource.group_version

    def __str__(self) -> str:
        """Return the text that means this resource for kubectl: `"deployments.v1.apps"`."""
        return f"{self.resource.resource}.{self.resource.version}.{self.resource.group}"
