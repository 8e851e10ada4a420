"""A server of discovery with a state: what it serves can change, fail and be stale between two requests."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from kubeloop.config.config import Config
from kubeloop.discovery.discovery_client import DiscoveryClient
from kubeloop.wire.request import Request
from tests.support.discovered import aggregated, aggregated_document, resource
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

__all__ = ["DiscoveryServer"]


class DiscoveryServer:
    """Serves aggregated discovery with ETags, as the API server does.

    Attributes:
        resources: The resources by group version.
        stale: The group versions whose aggregated servers do not respond.
        failures: What is sent for a path instead.
        sends_tags: Whether responses have ETags.
        is_aggregated: Whether the server knows the aggregated form.
        responses: The number of responses by status.
    """

    def __init__(self, **config: Any) -> None:
        self.resources: dict[str, list[dict[str, Any]]] = {
            "v1": [resource("pods", "Pod", singular="pod", short=("po",), categories=["all"])],
            "apps/v1": [resource("deployments", "Deployment", singular="deployment", short=("deploy",))],
        }
        self.stale: tuple[str, ...] = ()
        self.failures: dict[str, ScriptedResponse | Exception] = {}
        self.sends_tags = True
        self.is_aggregated = True
        self.responses: Counter[int] = Counter()
        self.transport = ScriptedTransport(self._respond)
        self.config = Config(host="https://server:6443", **config)

    @property
    def paths(self) -> list[str]:
        """The paths of all requests."""
        return [request.path for request in self.transport.requests]

    def client(self, **settings: Any) -> DiscoveryClient:
        """Return a client of the server."""
        return DiscoveryClient(self.config, transport=self.transport, max_retries=0, **settings)

    def create_crd(self) -> None:
        """Serve `foos.example.com` from now on."""
        self.resources = {**self.resources, "example.com/v1": [resource("foos", "Foo", singular="foo")]}

    def document(self, path: str) -> ScriptedResponse:
        """Return the response to a request for a document."""
        return self._document(Request("GET", path))

    def _respond(self, request: Request) -> ScriptedResponse:
        failure = self.failures.get(request.path)
        if isinstance(failure, Exception):
            self.responses[0] += 1
            raise failure
        response = failure or self._document(request)
        self.responses[response.status] += 1
        return response

    def _document(self, request: Request) -> ScriptedResponse:
        if request.path not in ("/api", "/apis"):
            name = request.path.removeprefix("/apis/").removeprefix("/api/")
            items = self.resources[name]
            body = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": items}
            return ScriptedResponse.of(body)
        served = {name: items for name, items in self.resources.items() if ("/" in name) == (request.path == "/apis")}
        if not self.is_aggregated:
            return ScriptedResponse.of(_legacy(request.path, served))
        tag = f'"{hashlib.sha256(repr((served, self.stale)).encode()).hexdigest()}"'
        if self.sends_tags and dict(request.headers).get("If-None-Match") == tag:
            return ScriptedResponse(304, headers={"ETag": tag})
        return aggregated(served, stale=self.stale, etag=tag if self.sends_tags else "")


def _legacy(path: str, served: dict[str, Any]) -> dict[str, Any]:
    if path == "/api":
        return {"kind": "APIVersions", "apiVersion": "v1", "versions": list(served)}
    items = aggregated_document(served)["items"]
    groups: list[dict[str, Any]] = []
    for item in items:
        name = item["metadata"]["name"]
        versions = [
            {"groupVersion": f"{name}/{each['version']}", "version": each["version"]} for each in item["versions"]
        ]
        groups.append({"name": name, "versions": versions, "preferredVersion": versions[0]})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
