"""What `drain` reports: each step while it runs, and a result per pod at its end. Their texts are kubectl's lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias, overload

from kubeloop._kit.value import Value

__all__ = ["DrainReport", "DrainStep", "PodOutcome", "PodResult"]

PodOutcome: TypeAlias = 'Literal["evicted", "deleted", "kept", "skipped", "failed", "timed out"]'
"""How a pod ended: `"kept"` if a filter keeps it on the node, `"skipped"` if it terminates for too long to wait."""


class DrainStep(Value, frozen=True):
    """A step of a drain, for the function that reports progress. `str(step)` is the line that kubectl prints.

    Attributes:
        action: `"cordoned"`, `"already cordoned"`, `"warning"`, `"evicting"`, `"deleting"`, `"retrying"`, `"evicted"`,
            `"deleted"`, `"skipped"`, `"failed"`, `"timed out"` or `"drained"`.
        node: The name of the node.
        namespace: The namespace of the pod; `""` for a step of the node.
        name: The name of the pod; `""` for a step of the node.
        message: The warning, or the error.
        dry_run: Whether nothing is changed.
    """

    action: str
    node: str
    namespace: str = ""
    name: str = ""
    message: str = ""
    dry_run: bool = False

    def __str__(self) -> str:
        end = " (server dry run)" if self.dry_run else ""
        if self.action == "warning":
            return f"Warning: {self.message}"
        if not self.name:
            return f"node/{self.node} {self.action}{end}"
        if self.action in ("evicting", "deleting"):
            return f"{self.action} pod {self.namespace}/{self.name}{end}"
        if self.action in ("retrying", "skipped", "failed", "timed out"):
            return self.message
        return f"pod/{self.name} {self.action}{end}"


class PodResult(Value, frozen=True):
    """How a pod of the node ended.

    Attributes:
        namespace: The namespace of the pod.
        name: The name of the pod.
        uid: The uid of the pod.
        outcome: See `PodOutcome`.
        message: Why the pod was kept or skipped, or the error; `""` otherwise.
        attempts: How many times an eviction or deletion was requested.
    """

    namespace: str
    name: str
    uid: str
    outcome: PodOutcome
    message: str = ""
    attempts: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether the pod is still on the node although it should not be."""
        return self.outcome in ("failed", "timed out")

    def __str__(self) -> str:
        return f"pod {self.namespace}/{self.name} {self.outcome}{f': {self.message}' if self.message else ''}"


class DrainReport(Sequence[PodResult]):
    """The results of a drain, one per pod of the node. `print(report)` shows one line per pod.

    Attributes:
        node: The name of the node.
        warnings: The pods that needed attention: one text per class of pods.
        dry_run: Whether nothing was changed.
    """

    __slots__ = ("_results", "dry_run", "node", "warnings")

    def __init__(
        self, node: str, results: Sequence[PodResult], warnings: Sequence[str] = (), *, dry_run: bool = False
    ) -> None:
        self.node = node
        self.warnings = tuple(warnings)
        self.dry_run = dry_run
        self._results = tuple(results)

    @property
    def failures(self) -> tuple[PodResult, ...]:
        """The pods that are still on the node although they should not be."""
        return tuple(result for result in self._results if result.is_failure)

    @overload
    def __getitem__(self, index: int) -> PodResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PodResult, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[PodResult]:
        return iter(self._results)

    def __str__(self) -> str:
        state = "not drained" if self.failures else "drained"
        head = f"node {self.node} {state}{' (server dry run)' if self.dry_run else ''}"
        return "\n".join([head, *(f"Warning: {text}" for text in self.warnings), *map(str, self._results)])

    def __repr__(self) -> str:
        return f"<DrainReport of {self.node}: {len(self)} pods, {len(self.failures)} failed>"
