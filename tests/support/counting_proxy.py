"""A reverse proxy in front of an API server that records the requests, of our client or of kubectl."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import kubeloop
from kubeloop.errors import APIError
from kubeloop.serving.http_server import HTTPServer
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response

__all__ = ["CountingProxy", "counting_proxy"]


@dataclass
class CountingProxy:
    """A running proxy: its kubeconfig, and the requests since `clear`, as `PATCH /api/v1/...` without queries."""

    kubeconfig: Path
    lines: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Forget the requests."""
        self.lines.clear()

    def without_discovery(self) -> list[str]:
        """Return the requests that are not for discovery or for OpenAPI documents."""
        return [line for line in self.lines if not _is_discovery(line.split()[1])]


@asynccontextmanager
async def counting_proxy(clientset: kubeloop.Clientset, folder: Path) -> AsyncIterator[CountingProxy]:
    """Run a proxy that forwards to the server of a Clientset. It reads whole responses, so it is not for watches."""
    lines: list[str] = []

    async def forward(request: Request) -> Response:
        lines.append(f"{request.method} {request.path}")
        named = ("accept", "content-type")
        headers = {name: value for name, value in request.headers.items() if name.lower() in named}
        try:
            result = await clientset.rest.send(Request(request.method, request.target, headers, request.body))
        except APIError as error:
            body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": error.code}
            details = {"name": error.status.name, "kind": error.status.kind}
            body |= {"reason": error.reason, "message": error.status.message, "details": details}
            content = Headers([("Content-Type", "application/json")])
            return Response(error.code, content, json.dumps(body).encode())
        kept = Headers([(name, result.headers[name]) for name in ("content-type",) if name in result.headers])
        return Response(result.status, kept, result.body)

    async with HTTPServer(forward, max_body_bytes=10_000_000, host="127.0.0.1", port=0, tls=None) as server:
        kubeconfig = folder / "proxied"
        kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "proxied", "cluster": {"server": server.url}}],
                    "contexts": [{"name": "proxied", "context": {"cluster": "proxied", "user": ""}}],
                    "current-context": "proxied",
                }
            )
        )
        yield CountingProxy(kubeconfig, lines)


def _is_discovery(path: str) -> bool:
    """Return whether a path is that of discovery or OpenAPI: `/apis/apps/v1`, without a resource."""
    parts = path.strip("/").split("/")
    return parts[0] in ("openapi", "version") or len(parts) <= {"api": 2, "apis": 3}.get(parts[0], 0)
