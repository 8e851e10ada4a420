"""DrainPlan: the decisions about all pods of a node, and their warnings and refusals in words.

Reference: kubectl pkg/drain/filters.go, PodDeleteList.
"""

from __future__ import annotations

from collections.abc import Iterable

from kubeloop._kit.value import Value
from kubeloop.drain.pod_filter import PodDecision
from kubeloop.models import core_v1

__all__ = ["UNREADABLE", "DrainPlan"]

UNREADABLE = "Pods that cannot be read"


class DrainPlan(Value, frozen=True):
    """The decisions about the pods of a node.

    Attributes:
        decisions: Each pod with what happens to it.
        unreadable: The keys of pods that cannot be read, so that nothing is known about them.
    """

    decisions: tuple[tuple[core_v1.Pod, PodDecision], ...]
    unreadable: tuple[str, ...] = ()

    @property
    def evicted(self) -> list[core_v1.Pod]:
        """The pods that are to be evicted or deleted."""
        return [pod for pod, decision in self.decisions if decision.deletes]

    @property
    def kept(self) -> list[tuple[core_v1.Pod, PodDecision]]:
        """The pods that stay, with the decision about each."""
        return [(pod, decision) for pod, decision in self.decisions if not decision.deletes]

    @property
    def warnings(self) -> tuple[str, ...]:
        """One text per class of pods that need attention."""
        return _by_message(
            (decision.message, _key(pod)) for pod, decision in self.decisions if decision.reason == "warning"
        )

    @property
    def refusals(self) -> tuple[str, ...]:
        """One text per class of pods because of which the node cannot be drained."""
        found = [
            (f"cannot delete {decision.message or 'unexpected error'}", _key(pod))
            for pod, decision in self.decisions
            if decision.reason == "error"
        ]
        return _by_message([*found, *((f"cannot delete {UNREADABLE}", key) for key in self.unreadable)])


def _by_message(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    classes: dict[str, list[str]] = {}
    for message, key in found:
        classes.setdefault(message, []).append(key)
    return tuple(f"{message}: {', '.join(keys)}" for message, keys in classes.items())


def _key(pod: core_v1.Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"
