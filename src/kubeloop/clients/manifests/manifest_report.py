"""What happened to each object of a set of manifests, as values that print as a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from kubeloop._kit.aligned_rows import aligned_rows
from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value
from kubeloop.clients.error_line import error_line, one_line
from kubeloop.errors import APIError
from kubeloop.unstructured import Unstructured

if TYPE_CHECKING:
    from kubeloop.clients.manifests.planned_object import PlannedObject

__all__ = [
    "ApplyReport",
    "FieldConflict",
    "ManifestResult",
    "OnError",
    "Outcome",
    "Progress",
    "conflicts_of",
    "result_of",
]

Outcome = Literal[
    "created",
    "configured",
    "unchanged",
    "applied",
    "pruned",
    "deleted",
    "absent",
    "conflict",
    "failed",
    "skipped",
]
"""What happened to an object:

- `created`, `configured` and `unchanged`: the object was applied, and is new, changed or as before. `applied` stands
  for the last two where the user may not list the resource, so that the earlier state is unknown.
- `deleted` and `absent`: the object was deleted, or did not exist. `pruned`: it left the set, and was deleted.
- `conflict`: another manager owns a field. `failed`: see the error. `skipped`: nothing was sent.
"""

OnError = Literal["continue", "stop"]
"""Whether the other objects follow when an object fails."""

_FAILURES = frozenset({"conflict", "failed"})
_MANAGER = re.compile(r'conflict with "((?:[^"\\]|\\.)*)"')


class FieldConflict(Value, frozen=True):
    """A field that another manager owns: the manager, the path of the field, and the server's message."""

    manager: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.message}: {self.field}"


class ManifestResult(Value, frozen=True):
    """What happened to one object; `str()` is its name and outcome, such as `deployment.apps/web created`.

    Attributes:
        outcome: What happened; see `Outcome`.
        api_version: The group and version of the object, `apps/v1`.
        kind: The kind of the object; `""` if it names none.
        namespace: The namespace of the object; `""` if it has none.
        name: The name of the object; `""` if it has none.
        error: Why the object was not applied or deleted; None if it was.
        conflicts: The fields that other managers own.
        warnings: What the server warned of, and what went wrong beside the main step.
        reason: Why an object was skipped; `""` for any other.
        object: The object as the server stored it; None if there is none.
    """

    unshown = frozenset({"object"})

    outcome: Outcome
    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    error: Exception | None = None
    conflicts: tuple[FieldConflict, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    object: Unstructured | None = None

    @property
    def has_failed(self) -> bool:
        """Whether the object was to be applied or deleted, and was not."""
        return self.outcome in _FAILURES

    @property
    def resource_name(self) -> str:
        """The name of the object as kubectl prints it: `deployment.apps/web`."""
        group = self.api_version.rpartition("/")[0]
        kind = self.kind.lower() or "object"
        name = f"/{self.name}" if self.name else ""
        return safe_text(f"{kind}.{group}{name}" if group else f"{kind}{name}")

    @property
    def detail(self) -> str:
        """The reason of a conflict, a failure or a skipped object on one line, or else the warnings; may be `""`."""
        if self.error is not None and not self.conflicts:
            return error_line(self.error)
        return one_line("; ".join(map(str, self.conflicts)) or self.reason or "; ".join(self.warnings))

    def __str__(self) -> str:
        detail = self.detail if self.has_failed or self.outcome == "skipped" else ""
        return f"{self.resource_name} {self.outcome}{': ' if detail else ''}{detail}"


Progress: TypeAlias = Callable[[ManifestResult], object]
"""A function that is called with each result, when it is final."""


class ApplyReport(Sequence[ManifestResult]):
    """What happened to the objects of a set, in the order in which they were processed.

        report = await clientset.apply_manifests(objects, field_manager="deployer")
        print(report)           # a table
        report.raise_failed()

    It is a sequence of `ManifestResult`.
    """

    __slots__ = ("_results",)

    def __init__(self, results: Sequence[ManifestResult]) -> None:
        self._results = tuple(results)

    @property
    def failed(self) -> list[ManifestResult]:
        """The objects that were not applied or deleted because of an error or a conflict."""
        return [result for result in self._results if result.has_failed]

    def count(self, value: object) -> int:
        """Return how many results have an outcome: `report.count("created")`; or how many equal a result."""
        if isinstance(value, str):
            return sum(result.outcome == value for result in self._results)
        return self._results.count(value)

    def raise_failed(self) -> None:
        """Raise the errors of the objects that failed; do nothing if there are none.

        Raises:
            ExceptionGroup: One error per object that failed.
        """
        errors = [result.error for result in self._results if result.has_failed and result.error is not None]
        if errors:
            names = ", ".join(result.resource_name for result in self.failed[:3])
            more = f" and {len(errors) - 3} more" if len(errors) > 3 else ""
            raise ExceptionGroup(f"{len(errors)} of {len(self)} objects failed: {names}{more}", errors)

    @overload
    def __getitem__(self, index: int) -> ManifestResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ManifestResult, ...]: ...
    def __getitem__(self, index: int | slice) -> ManifestResult | tuple[ManifestResult, ...]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[ManifestResult]:
        return iter(self._results)

    def __str__(self) -> str:
        rows = [("NAMESPACE", "OBJECT", "OUTCOME", "DETAIL")]
        rows += [(each.namespace, each.resource_name, each.outcome, each.detail) for each in self._results]
        if not any(row[3] for row in rows[1:]):
            rows = [(*row[:3], "") for row in rows]
        return "\n".join(line.rstrip() for line in aligned_rows(rows))

    def __repr__(self) -> str:
        counts = Counter(result.outcome for result in self._results)
        shown = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        return f"<{type(self).__name__} of {len(self)} objects{': ' if shown else ''}{shown}>"


def result_of(obj: PlannedObject, outcome: Outcome, **fields: Any) -> ManifestResult:
    """Return the result of an object; `fields` are attributes of `ManifestResult`."""
    return ManifestResult(outcome, obj.gvk.api_version, obj.gvk.kind, obj.namespace, obj.name, **fields)


def conflicts_of(error: Exception) -> tuple[FieldConflict, ...]:
    """Return the fields that other managers own, of a refused server-side apply; empty for any other error."""
    if not isinstance(error, APIError):
        return ()
    return tuple(
        FieldConflict(_manager(cause.message), cause.field, cause.message)
        for cause in error.causes
        if cause.reason == "FieldManagerConflict"
    )


def _manager(message: str) -> str:
    found = _MANAGER.search(message)
    return found[1].replace('\\"', '"').replace("\\\\", "\\") if found else ""
