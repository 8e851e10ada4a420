"""SetSteps: what is done for a set of objects as a whole, before the first apply and after the last one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kubeloop.clients.manifests.manifest_report import ManifestResult
    from kubeloop.clients.manifests.planned_object import PlannedObject

__all__ = ["SetSteps"]


class SetSteps(Protocol):
    """The steps of an ApplySet around the applies of its objects.

    `apply_manifests` calls `before_apply` once, when the resource and namespace of every object that can be sent are
    known and nothing was applied; and `after_apply` once at the end, if every object of the set was applied. If an
    object failed, conflicted or was skipped, `after_apply` is not called, so that nothing is pruned.

    Reference: kubectl pkg/cmd/apply (ApplySet.AddLabels, ApplySet.BeforeApply, ApplySet.Prune).
    """

    async def before_apply(self, objects: Sequence[PlannedObject], *, dry_run: bool) -> Mapping[str, str]:
        """Check and widen the parent of the set.

        Args:
            objects: The objects that will be applied, in this order. `resource`, `namespace`, `name` and `data` of each
                are known.
            dry_run: Whether nothing may be changed.

        Returns:
            The labels that each object gets; an object that has one of them with another value fails.

        Raises:
            Exception: The set may not be applied. Nothing is applied, and the caller of `apply_manifests` gets the
                error.
        """
        ...

    def refusal(self, obj: PlannedObject, before: Mapping[str, Any] | None) -> Exception | None:
        """Return why an object may not be applied, which is the error of its result; None if it may.

        Args:
            obj: The object.
            before: The object on the server, at least its metadata; None if it does not exist, or if that is unknown.
        """
        ...

    async def after_apply(self, results: Sequence[ManifestResult], report: Callable[[ManifestResult], object]) -> None:
        """Prune the objects that left the set, and narrow the parent.

        Args:
            results: The results of the applies; `object` has the uid of each object.
            report: Called with a result per object that was pruned (`pruned`) or could not be (`failed`).

        Raises:
            Exception: Pruning failed as a whole. The caller of `apply_manifests` gets the error.
        """
        ...
