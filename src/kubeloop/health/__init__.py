"""Liveness and readiness: named checks as values, and a small HTTP server for probes and metrics.

All names of this package are importable from here and loaded on first use.

Reference: apiserver `pkg/server/healthz`; controller-runtime `pkg/healthz`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit.lazy_names import lazy_names

if TYPE_CHECKING:
    from kubeloop.health.check_call import Check
    from kubeloop.health.health_checks import HealthChecks
    from kubeloop.health.health_report import CheckResult, HealthReport
    from kubeloop.health.health_server import HealthServer
    from kubeloop.health.informer_checks import informers_connected, informers_heard, informers_synced
    from kubeloop.health.loop_check import loop_responds
    from kubeloop.health.queue_check import queue_moves
    from kubeloop.health.stop_check import not_stopping

__all__ = [
    "Check",
    "CheckResult",
    "HealthChecks",
    "HealthReport",
    "HealthServer",
    "informers_connected",
    "informers_heard",
    "informers_synced",
    "loop_responds",
    "not_stopping",
    "queue_moves",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "check_call": "Check",
            "health_checks": "HealthChecks",
            "health_report": "CheckResult HealthReport",
            "health_server": "HealthServer",
            "informer_checks": "informers_connected informers_heard informers_synced",
            "loop_check": "loop_responds",
            "queue_check": "queue_moves",
            "stop_check": "not_stopping",
        },
    )
