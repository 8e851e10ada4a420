"""`HealthServer`: `/livez`, `/readyz` and `/metrics` over HTTP, for the kubelet and Prometheus."""

from __future__ import annotations

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

    from kubeloop.health.check_group import CheckGroup
    from kubeloop.health.health_checks import HealthChecks
    from kubeloop.wire.request import Request

__all__ = ["CollectsMetrics", "HealthServer"]

_MAX_BODY_BYTES: Final = 1024
_NO_CACHE: Final = ("Cache-Control", "no-cache, private")
_EXPOSITION: Final = Headers([("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])


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
    | `/livez`, `/healthz` | the liveness checks: 200 and `ok`, or 500 and a line per check |
    | `/readyz` | the readiness checks |
    | `/livez/NAME`, `/readyz/NAME` | one check |
    | `/metrics` | `metrics` and the numbers of the process, in the Prometheus text format |

    `?verbose` lists the checks, and `?exclude=NAME`, which may be repeated, leaves one out. Responses contain no reasons
    of failures, because everybody on the network may read them; the reasons are in the log. Enter the block before
    everything else, with all checks added, so that probes get a response while the program starts and while it ends.

    Args:
        checks: The checks.
        port: The port; 0 for one that is free.
        host: The address to bind; None for all addresses, IPv4 and IPv6, as the kubelet needs it.
        tls: The context for TLS, such as that of `kubeloop.serving.server_tls_context`; None for HTTP without TLS.
        metrics: A `kubeloop.Metrics`; None for the numbers of the process only.

    Raises:
        OSError: The address cannot be bound.

    Concurrency: one event loop.

    Reference: apiserver pkg/server/healthz. Intended differences: `/healthz` is `/livez`, and a response for a single
        check withholds the reason of a failure, too.
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
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    async def _respond(self, request: Request) -> Response:
        response = await self._found(request)
        return Response(response.status, Headers([_NO_CACHE, *response.headers.pairs]), response.body)

    async def _found(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        try:
            endpoint, slash, name = unescape(path).removeprefix("/").partition("/")
        except ValueError:
            return plain_refusal(400, "400 Bad Request")
        group = self._groups.get(endpoint)
        is_known = name in group.names if group is not None and slash else group is not None or path == "/metrics"
        if not is_known:
            return plain_refusal(404, "404 page not found")
        if request.method not in ("GET", "HEAD"):
            refused = plain_refusal(405, "405 method not allowed")
            return Response(405, Headers([("Allow", "GET, HEAD"), *refused.headers.pairs]), refused.body)
        if group is None:
            return Response(200, _EXPOSITION, self._exposition().encode())
        if slash:
            return check_response(await group.result(name))
        return await _report(endpoint, group, query)

    def _exposition(self) -> str:
        families = () if self._metrics is None else self._metrics.collect()
        return exposition([*families, *process_families()])

    def __repr__(self) -> str:
        return f"<HealthServer, {self._server!r}>"


async def _report(endpoint: str, group: CheckGroup, query: str) -> Response:
    parameters = parse_query(query)
    report = await group.report(frozenset(parameters.get("exclude", ())))
    return report_response(endpoint, report, is_verbose="verbose" in parameters)
