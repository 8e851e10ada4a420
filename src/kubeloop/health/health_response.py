"""The responses of Kubernetes' components to probes: texts, statuses and headers.

Reference: apiserver pkg/server/healthz (handleRootHealth, adaptCheckToHandler).
"""

from __future__ import annotations

from collections.abc import Iterator

from kubeloop.health.health_report import CheckResult, HealthReport
from kubeloop.wire.response import Headers, Response

__all__ = ["check_response", "report_response"]

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_PLAIN = Headers([_TEXT])
_NO_SNIFF = Headers([_TEXT, ("X-Content-Type-Options", "nosniff")])


def report_response(endpoint: str, report: HealthReport, *, is_verbose: bool) -> Response:
    """Return the response of an endpoint with all of its checks.

    Args:
        endpoint: The name of the endpoint, `"livez"`.
        report: What the checks found.
        is_verbose: Whether the response lists the checks if all of them passed; after a failure, it always does.
    """
    if not report.is_healthy:
        text = "".join(f"{line}\n" for line in _lines(report)) + f"{endpoint} check failed\n"
        return Response(500, _NO_SNIFF, text.encode("utf-8", "backslashreplace"))
    if not is_verbose:
        return Response(200, _NO_SNIFF, b"ok")
    text = "".join(f"{line}\n" for line in _lines(report)) + f"{endpoint} check passed\n"
    return Response(200, _NO_SNIFF, text.encode("utf-8", "backslashreplace"))


def check_response(result: CheckResult) -> Response:
    """Return the response of an endpoint with one of its checks.

    Intended difference: the reason of a failure is withheld here, too, because there is no authorization. It is in the
    log.
    """
    if result.error:
        return Response(500, _NO_SNIFF, b"internal server error: reason withheld\n")
    return Response(200, _PLAIN, b"ok")


def _lines(report: HealthReport) -> Iterator[str]:
    for result in report.results:
        if result.is_excluded:
            yield f"[+]{result.name} excluded: ok"
        elif result.error:
            yield f"[-]{result.name} failed: reason withheld"
        else:
            yield f"[+]{result.name} ok"
    if report.unmatched:
        quoted = ",".join(f'"{name}"' for name in report.unmatched)
        yield f"warn: some health checks cannot be excluded: no matches for {quoted}"
