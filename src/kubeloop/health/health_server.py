"""`HealthServer`: liveness, readiness and metrics over HTTP, for the kubelet and for Prometheus."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol, Self

from kubeloop._kit.metric_family import MetricFamily, exposition
from kubeloop.health.health_response import check_response, report_response
from kubeloop.health.process_metrics import process_families
from kubeloop.serving.http_server import HTTPServer
from kubeloop.serving.refusal import plain_refusal
from kubeloop.wire.query_text import parse_query, unescape
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType

    from kubeloop.health.health_checks import HealthChecks
    from kubeloop.wire.request import Request

__all__ = ["CollectsMetrics", "HealthServer"]

_MAX_BODY_BYTES: Final = 1024
_METRICS: Final = "/metrics"
_NOT_CACHED: Final = ("Cache-Control", "no-cache, private")
_ALLOWED: Final = ("Allow", "GET, HEAD")
_EXPOSITION: Final = Headers([("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])

logger = logging.getLogger(__name__)


class CollectsMetrics(Protocol):
    """What the server needs of a `kubeloop.Metrics`."""

    def collect(self) -> Iterable[MetricFamily]:
        """Return all metrics with their samples at this time."""
        ...


class HealthServer:
    """An HTTP server for probes and metrics, for as long as its block runs.

        checks = HealthChecks()
        checks.add_readiness("informers", informers_synced(factory))
        async with HealthServer(checks, port=8081, metrics=metrics):
            async with factory:
                ...

    | path | response |
    |---|---|
    | `/livez`, `/healthz` | the liveness checks: 200 with `ok`, or 500 with a line per check |
    | `/readyz` | the readiness checks |
    | `/livez/NAME`, `/healthz/NAME`, `/readyz/NAME` | one check |
    | `/metrics` | `metrics`, the results of the checks and the numbers of the process, in the Prometheus text format |

    `?verbose` lists the checks, and `?exclude=NAME`, which may be repeated, leaves one out. Every program that reaches
    the port may read the responses, which therefore contain no reasons of failures; the log contains them.

    Add the checks and enter the block before anything slow happens, and leave it last, so that probes get a response
    while the program starts and ends. At its end, the server stops accepting connections and completes the running
    responses.

    Args:
        checks: The checks.
        port: The port; 0 for one that is free.
        host: The address to bind; None for all addresses of the pod, IPv6 and IPv4, of which the kubelet uses one.
        tls: The context for TLS, such as that of `kubeloop.serving.server_tls_context`; None for no TLS.
        metrics: A `kubeloop.Metrics`, or another object whose `collect` returns families; None for none.

    Raises:
        OSError: The address cannot be bound.

    Concurrency: one event loop.

    Reference: apiserver pkg/server/healthz. Intended differences: `/healthz` has the liveness checks, as in
        controller-runtime; only GET and HEAD are allowed; see also `health_response.check_response`.
    """

    def __init__(
        self,
        checks: HealthChecks,
        *,
        port: int,
        host: str | None = None,
        tls: ssl.SSLContext | None = None,
        metrics: CollectsMetrics | None = None,
    ) -> None:
        self._checks = checks
        self._groups = {
            "livez": checks.liveness_group,
            "healthz": checks.liveness_group,
            "readyz": checks.readiness_group,
        }
        self._metrics = metrics
        self._server = HTTPServer(self._respond, max_body_bytes=_MAX_BODY_BYTES, host=host, port=port, tls=tls)

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self._server.port

    @property
    def url(self) -> str:
        """The URL of the server, under the bound address."""
        return self._server.url

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        logger.info("health server: listens at %s", self.url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    async def _respond(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        response = await self._found(request.method, path, query)
        return response.replace(headers=Headers([_NOT_CACHED, *response.headers.pairs]))

    async def _found(self, method: str, path: str, query: str) -> Response:
        try:
            endpoint, slash, name = unescape(path).removeprefix("/").partition("/")
        except ValueError:
            return plain_refusal(400, "400 Bad Request")
        group = self._groups.get(endpoint)
        exists = path == _METRICS if group is None else not slash or name in group.names
        if not exists:
            return plain_refusal(404, "404 page not found")
        if method not in ("GET", "HEAD"):
            refused = plain_refusal(405, f"expected GET or HEAD, got another method: {endpoint}")
            return refused.replace(headers=Headers([_ALLOWED, *refused.headers.pairs]))
        if group is None:
            return Response(200, _EXPOSITION, self._exposition().encode())
        if slash:
            return check_response(await group.result(name))
        parameters = parse_query(query)
        report = await group.report(frozenset(parameters.get("exclude", ())))
        return report_response(endpoint, report, is_verbose="verbose" in parameters)

    def _exposition(self) -> str:
        families = () if self._metrics is None else self._metrics.collect()
        return exposition([*families, *self._checks.collect(), *process_families()])

    def __repr__(self) -> str:
        return f"<HealthServer, {self._server!r}, {self._checks!r}>"
