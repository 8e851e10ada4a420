"""`/healthz`, `/livez` and `/readyz`: the server is in one process, so all of its checks succeed.

Reference: apiserver pkg/server/healthz (handleRootHealth).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubeloop.testing.apiserver.facts.recorded_server import health_checks
from kubeloop.wire.response import Headers, Response

__all__ = ["health_response"]

_PATHS = frozenset({"healthz", "livez", "readyz"})
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_HEADERS = Headers([_TEXT, ("X-Content-Type-Options", "nosniff")])


def health_response(path: str, query: Mapping[str, Sequence[str]]) -> Response | None:
    """Return the response to a request of a health path or of one of its checks; None for other paths."""
    name, _, check = path.removeprefix("/").partition("/")
    if name not in _PATHS:
        return None
    checks = health_checks(name)
    if check:
        return Response(200, Headers([_TEXT]), b"ok") if check in checks else None
    if path != f"/{name}":
        return None
    if "verbose" not in query:
        return Response(200, _HEADERS, b"ok")
    excluded = dict.fromkeys(query.get("exclude", ()))
    lines = [f"[+]{one} excluded: ok" if one in excluded else f"[+]{one} ok" for one in checks]
    unknown = sorted(set(excluded) - set(checks))
    if unknown:
        quoted = ",".join(f'"{one}"' for one in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}")
    lines.append(f"{name} check passed\n")
    return Response(200, _HEADERS, "\n".join(lines).encode())
