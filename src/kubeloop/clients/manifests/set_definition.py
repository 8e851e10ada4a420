"""The kinds that CustomResourceDefinitions of a set define, and what became of the definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.clients.manifests.kind_resource import defined_resources

if TYPE_CHECKING:
    from kubeloop.clients.manifests.manifest_report import Outcome
    from kubeloop.clients.manifests.planned_object import PlannedObject
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.meta.gvk import GroupVersionKind

__all__ = ["SetDefinitions"]


class SetDefinitions:
    """The definitions of a set: which kind each defines, and whether the server serves it.

    Attributes:
        resources: The resource of each kind.
    """

    def __init__(self) -> None:
        self.resources: dict[GroupVersionKind, ResourceInfo] = {}
        self._owners: dict[GroupVersionKind, PlannedObject] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._late: set[int] = set()
        self._recent: set[int] = set()

    def add(self, definition: PlannedObject) -> None:
        """Add the kinds of a definition; the first definition of a kind counts."""
        for gvk, info in defined_resources(definition.data).items():
            if gvk not in self._owners:
                self._owners[gvk], self.resources[gvk] = definition, info

    def note(self, definition: PlannedObject, outcome: Outcome, *, is_late: bool = False) -> None:
        """Record what happened to a definition, and whether it was applied and not established in time."""
        self._outcomes[id(definition)] = outcome
        if is_late:
            self._late.add(id(definition))

    def note_recent(self, definition: PlannedObject) -> None:
        """Record that a definition was applied before, and established during this run."""
        self._recent.add(id(definition))

    def owner(self, obj: PlannedObject) -> PlannedObject | None:
        """Return the definition of an object's kind; None if the set has none."""
        return self._owners.get(obj.gvk)

    def is_new(self, obj: PlannedObject) -> bool:
        """Return whether the set created the kind of an object."""
        return self._outcome(obj) == "created"

    def is_changed(self, obj: PlannedObject) -> bool:
        """Return whether the set may have changed the kind of an object, so that a server serves it a little later."""
        return self._outcome(obj) in ("created", "configured", "applied") or id(self.owner(obj)) in self._recent

    def has_failed(self, obj: PlannedObject) -> bool:
        """Return whether the definition of an object's kind was not applied. An earlier one may be on the server."""
        return self._outcome(obj) in ("conflict", "failed")

    def is_late(self, obj: PlannedObject) -> bool:
        """Return whether the definition of an object's kind was applied and not established in time."""
        return id(self.owner(obj)) in self._late

    def _outcome(self, obj: PlannedObject) -> Outcome | None:
        return self._outcomes.get(id(self.owner(obj)))
