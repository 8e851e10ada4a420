"""The errors of `drain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kubeloop.errors import KubeloopError

if TYPE_CHECKING:
    from kubeloop.drain.drain_report import DrainReport

__all__ = ["DrainFailed", "DrainRefused"]


class DrainRefused(KubeloopError):
    """A node has pods that may not be evicted. The node is cordoned, and no pod was evicted.

    Attributes:
        node: The name of the node.
        refusals: One text per class of pods; each names its pods.
    """

    def __init__(self, node: str, refusals: Sequence[str]) -> None:
        super().__init__(f"cannot drain node {node}: {'; '.join(refusals)}")
        self.node = node
        self.refusals = tuple(refusals)


class DrainFailed(KubeloopError):
    """Pods are still on a node at the end of a drain. Another call continues.

    Attributes:
        report: The results of all pods.
    """

    def __init__(self, report: DrainReport) -> None:
        texts = [result.message for result in report.failures]
        more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
        super().__init__(f"cannot drain node {report.node}: {'; '.join(texts[:_SHOWN])}{more}")
        self.report = report


_SHOWN = 5
