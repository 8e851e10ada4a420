"""The responses of Kubernetes' components to probes: texts, statuses and headers.

The API server for tests responds with these functions, too.
Reference: apiserver pkg/server/healthz (handleRootHealth, adaptCheckToHandler).
"""

from __future__ import annotations

from kubeloop.health.health_report import CheckResult, HealthReport
from kubeloop.wire.go_text import quoted
from kubeloop.wire.response import Headers, Response

__all__ = ["check_response", "report_response"]

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_PLAIN = Headers([_TEXT])
_NOT_SNIFFED = Headers([_TEXT, ("X-Content-Type-Options", "nosniff")])


def report_response(endpoint: str, report: HealthReport, *, is_verbose: bool) -> Response:
    """Return the response of an endpoint with all of its checks.

    Args:
        endpoint: The name of the endpoint, such as `"livez"`.
        report: What the checks found.
        is_verbose: Whether the response lists the checks when none of them failed. After a failure, it always does.
    """
    if report.is_healthy and not is_verbose:
        return Response(200, _NOT_SNIFFED, b"ok")
    lines = [_line(result) for result in report.results]
    if report.unmatched:
        names = ",".join(map(quoted, report.unmatched))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    lines.append(f"{endpoint} check {'passed' if report.is_healthy else 'failed'}\n")
    return Response(200 if report.is_healthy else 500, _NOT_SNIFFED, "\n".join(lines).encode())


def check_response(result: CheckResult) -> Response:
    """Return the response of an endpoint with one of its checks.

    Intended difference: the reason of a failure is withheld as in the list of all checks. The API server shows it here
    to those who are authorized for the path, and a health server authorizes nobody.
    """
    if result.error:
        return Response(500, _NOT_SNIFFED, b"internal server error: reason withheld\n")
    return Response(200, _PLAIN, b"ok")


def _line(result: CheckResult) -> str:
    if result.is_excluded:
        return f"[+]{result.name} excluded: ok"
    return f"[-]{result.name} failed: reason withheld" if result.error else f"[+]{result.name} ok"
