"""What generated informer accessors need: something with one method, `informer`, and the options of that method.

`SharedInformerFactory` is the implementation. The accessors know only this protocol, so that they import nothing that
imports them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Generic, Protocol, TypedDict, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.meta.namespaces import DefaultNamespace

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.cache.informer.memory_mode import MemoryMode
    from kubeloop.cache.informer.shared_informer import SharedInformer
    from kubeloop.fields import FieldSelection
    from kubeloop.labels import LabelSelection
    from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource

__all__ = ["InformerOptions", "InformerProvider", "Namespaces"]

T = TypeVar("T", bound=CachedObject)

Namespaces = str | DefaultNamespace | Collection[str | DefaultNamespace]
"""Which namespaces an informer watches: one, `ALL_NAMESPACES`, `DEFAULT` for the one of the config, or several."""


class InformerOptions(TypedDict, Generic[T], total=False):
    """Which objects an informer holds, and in which form; what is not given comes from the factory.

    Attributes:
        label_selector: `"app=web,tier in (a,b)"`, `{"app": "web"}`, or a selector of `kubeloop.labels`; `""` selects
            every object.
        field_selector: `"spec.nodeName=n1"`, `{"spec.nodeName": "n1"}`, or a selector of `kubeloop.fields`; `""`
            selects every object.
        transform: A function that changes each object before it is stored. Two informers are the same only if they have
            the same function object, so pass a named function rather than a lambda.
        mode: The memory mode: `"eager"` decodes objects on arrival, `"lazy"` members other than the metadata when they
            are first read, and `"compressed"` each time they are read.
        keep: The paths of the only fields to keep; see `SharedInformerFactory.informer`.
    """

    label_selector: LabelSelection | None
    field_selector: FieldSelection | None
    transform: Callable[[T], T] | None
    mode: MemoryMode | None
    keep: Collection[str] | None


class InformerProvider(Protocol):
    """Something that returns informers by model class."""

    def informer(
        self,
        model: type[T],
        resource: GroupVersionResource | GroupVersionKind | str | None = None,
        /,
        *,
        namespace: Namespaces | None = None,
        label_selector: LabelSelection | None = None,
        field_selector: FieldSelection | None = None,
        transform: Callable[[T], T] | None = None,
        mode: MemoryMode | None = None,
        keep: Collection[str] | None = None,
    ) -> SharedInformer[T]:
        """Return the informer of a kind; see `SharedInformerFactory.informer`."""
        ...
