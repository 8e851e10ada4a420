"""PruneResult: what happened to one object when a set was pruned."""

from __future__ import annotations

from kubeloop._kit.value import Value
from kubeloop.meta.gvk import GroupVersionKind

__all__ = ["PruneResult"]


class PruneResult(Value, frozen=True):
    """What happened to one object that left the set, or to the parent if the set could not be pruned or narrowed.

    Attributes:
        kind: The kind of the object.
        namespace: Its namespace, `""` for none.
        name: Its name.
        error: Why it was not deleted; None if it was.
    """

    kind: GroupVersionKind
    namespace: str
    name: str
    error: Exception | None = None
