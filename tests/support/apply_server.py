"""A server that stores what is applied, for tests of manifests: it responds like an API server and checks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from kubeloop.wire.request import Request
from tests.support.scripted_transport import ScriptedResponse, Step, error_status, event, list_of, query, watch_response

__all__ = ["ApplyServer"]


class ApplyServer:
    """Objects by path, each with a uid and a resource version; `responses` of a path replace those of the server.

    A LIST of metadata has whole objects. A definition becomes established when it is watched.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.responses: dict[str, list[Step | Callable[[Request], Step]]] = {}
        self.establishes = True
        self.lines: list[str] = []
        self._version = 100

    def respond(self, request: Request) -> Step:
        """Return the response to a request."""
        path = urlsplit(request.target).path
        self.lines.append(f"{request.method} {path}")
        planned = self.responses.get(f"{request.method} {path}")
        if planned:
            step = planned.pop(0)
            return step(request) if callable(step) else step
        if request.method == "PATCH":
            return self._apply(path, request)
        if request.method == "DELETE":
            return self._delete(path)
        if query(request).get("watch"):
            return self._watch(path)
        if path in self.objects:
            return ScriptedResponse.of(self.objects[path])
        items = [each for name, each in self.objects.items() if name.rpartition("/")[0] == path]
        return list_of(items, str(self._version), kind="PartialObjectMetadataList", api_version="meta.k8s.io/v1")

    def writes(self) -> list[str]:
        """Return the paths that were patched or deleted, in their order."""
        return [line.split()[1] for line in self.lines if not line.startswith("GET")]

    def _apply(self, path: str, request: Request) -> Step:
        body: dict[str, Any] = json.loads(request.body or b"")
        before = self.objects.get(path)
        kept = {name: before["metadata"][name] for name in ("uid", "resourceVersion")} if before else {}
        if before is not None and {**body, "metadata": {**body["metadata"], **kept}} == before:
            return ScriptedResponse.of(before)
        self._version += 1
        uid = kept.get("uid", f"uid-{self._version}")
        after = {**body, "metadata": {**body["metadata"], "uid": uid, "resourceVersion": str(self._version)}}
        if not query(request).get("dryRun"):
            self.objects[path] = after
        return ScriptedResponse.of(after, 200 if before else 201)

    def _delete(self, path: str) -> Step:
        if self.objects.pop(path, None) is None:
            return error_status(404, "NotFound", f"{path} not found", details={"name": path.rpartition("/")[2]})
        return ScriptedResponse.of({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _watch(self, path: str) -> Step:
        if not self.establishes or not path.endswith("/customresourcedefinitions"):
            return watch_response(3600.0)
        frames: list[bytes] = []
        for name, each in self.objects.items():
            if name.startswith(path):
                self._version += 1
                each["metadata"]["resourceVersion"] = str(self._version)
                each["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
                frames.append(event("MODIFIED", each))
        return watch_response(*frames, 3600.0)
