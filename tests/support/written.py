"""A server without a handler, which carries out requests that write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from kubeloop.testing.apiserver.call import Call, Context
from kubeloop.testing.apiserver.encoding.output import negotiate
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache
from kubeloop.testing.apiserver.writing.collection_deletion import delete_collection
from kubeloop.testing.apiserver.writing.object_writes import create, delete, patch, update
from kubeloop.testing.apiserver.writing.reply import with_warnings
from kubeloop.wire.request import Request
from kubeloop.wire.request_path import parse_path
from kubeloop.wire.response import Response, parse_warnings
from tests.support.served_kinds import NOW, writer

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"

_VERBS = {
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}


@dataclass
class WriteServer:
    """A server that can only write.

    Attributes:
        storage: The storage, with the namespace `default`.
        now: The time of the next request.
    """

    storage: Storage = field(default_factory=lambda: writer().storage)
    now: float = NOW
    random: Random = field(default_factory=lambda: Random(7))

    def send(self, method: str, target: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Response:
        """Return the response to a request. The body is written as JSON, unless it consists of bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(method, target, headers or {"Content-Type": "application/json"}, data)
        info = parse_path(method, target)
        resource = resources().find(info.group, info.version, info.resource)
        assert resource is not None, target
        call = Call(request, info, resource, negotiate(request.headers, info.query))
        context = Context(self.storage, WatchCache(self.storage), resources(), self.random, self.now)
        return with_warnings(_VERBS[info.verb](call, context), context.warnings)

    def post(self, target: str, body: Any) -> dict[str, Any]:
        """Create an object and return it."""
        return content(self.send("POST", target, body))

    def patch(self, target: str, body: Any, media_type: str = MERGE) -> dict[str, Any]:
        """Patch an object and return it."""
        return content(self.send("PATCH", target, body, headers={"Content-Type": media_type}))


def content(response: Response) -> dict[str, Any]:
    """Return the body of a response in JSON."""
    return cast("dict[str, Any]", json.loads(response.body))


def warnings(response: Response) -> list[str]:
    """Return the texts of the warnings of a response."""
    return [warning.text for warning in parse_warnings(response.headers)]
