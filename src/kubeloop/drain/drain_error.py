"""The errors of `drain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from kubeloop.drain.drain_report import DrainReport
from kubeloop.errors import KubeloopError

__all__ = ["DrainFailed", "DrainRefused"]


class DrainRefused(KubeloopError):
    """A node has pods that may not be evicted. The node is cordoned, and no pod was evicted.

    Args:
        message: The node and the refusals.
        node: The name of the node.
        refusals: One text per class of pods; each names its pods.
    """

    def __init__(self, message: str, *, node: str = "", refusals: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.node = node
        self.refusals = tuple(refusals)

    @classmethod
    def of(cls, node: str, refusals: Sequence[str]) -> Self:
        """Create the error of the refusals for a node."""
        return cls(f"cannot drain node {node}: {'; '.join(refusals)}", node=node, refusals=refusals)


class DrainFailed(KubeloopError):
    """Pods are still on a node at the end of a drain. Another call continues.

    Args:
        message: The node, and why the first pods are still there.
        report: The results of all pods.
    """

    def __init__(self, message: str, *, report: DrainReport | None = None) -> None:
        super().__init__(message)
        self.report = DrainReport("", ()) if report is None else report

    @classmethod
    def of(cls, report: DrainReport) -> Self:
        """Create the error of a report with failures."""
        texts = [result.message for result in report.failures]
        more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
        return cls(f"cannot drain node {report.node}: {'; '.join(texts[:_SHOWN])}{more}", report=report)


_SHOWN = 5
