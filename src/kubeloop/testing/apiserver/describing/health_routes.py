"""`/healthz`, `/livez` and `/readyz`: the server is in one process, so all of its checks succeed.

Reference: apiserver pkg/server/healthz (handleRootHealth).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubeloop.health.health_report import CheckResult, HealthReport
from kubeloop.health.health_response import check_response, report_response
from kubeloop.testing.apiserver.facts.recorded_server import health_checks
from kubeloop.wire.response import Response

__all__ = ["health_response"]

_PATHS = frozenset({"healthz", "livez", "readyz"})


def health_response(path: str, query: Mapping[str, Sequence[str]]) -> Response | None:
    """Return the response to a request of a health path or of one of its checks; None for other paths."""
    endpoint, slash, check = path.removeprefix("/").partition("/")
    if endpoint not in _PATHS or not path.startswith("/"):
        return None
    checks = health_checks(endpoint)
    if slash:
        return check_response(CheckResult(check)) if check in checks else None
    excluded = frozenset(query.get("exclude", ()))
    results = tuple(CheckResult(name, is_excluded=name in excluded) for name in checks)
    report = HealthReport(results, tuple(sorted(excluded.difference(checks))))
    return report_response(endpoint, report, is_verbose="verbose" in query)
