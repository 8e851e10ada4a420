"""Steps of a sequence: what is sent, with symbols where the two servers differ (resource versions and uids)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from kubeloop.wire.request import Request

from .kinds import KindPlan

__all__ = ["Known", "Step"]

Object = dict[str, Any]


@dataclass
class Known:
    """What was learnt from one server: the objects as they were last seen, and the resource versions in order.

    Versions up to `first_version` are those of the start, in an order of their own.
    """

    objects: dict[tuple[str, str, str], Object] = field(default_factory=dict[tuple[str, str, str], Object])
    versions: list[str] = field(default_factory=list[str])
    tokens: list[str] = field(default_factory=list[str])
    first_version: int = 0

    def learn(self, plan: KindPlan, body: Any) -> None:
        """Note the object of a response, and its version."""
        if not isinstance(body, dict):
            return
        metadata = body.get("metadata", {})
        if body.get("kind", "").endswith("List"):
            self.tokens.append(metadata.get("continue", ""))
        elif (body.get("apiVersion"), body.get("kind")) == (plan.group_version, plan.kind):
            self.keep(plan, body)

    def keep(self, plan: KindPlan, body: Object) -> None:
        """Note an object, without the managed fields, which only the real server has."""
        metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
        key = plan.kind, metadata.get("namespace", ""), metadata.get("name", "")
        self.objects[key] = {**body, "metadata": metadata}

    def version(self, back: int) -> str:
        """Return the resource version that was seen so many responses ago."""
        return self.versions[-1 - back] if back < len(self.versions) else str(self.first_version)

    def token(self) -> str:
        """Return the continue token of the newest list."""
        return self.tokens[-1] if self.tokens else ""


@dataclass(frozen=True)
class Step:
    """One request.

    Attributes:
        cell: What it covers: kind, verb, and the patch type or `""`.
        plan: The kind.
        method: The HTTP method.
        path: The path.
        query: Returns the query, from what is known of the server.
        body: Returns the body as bytes; None for no body.
        headers: The headers.
        is_watch: Whether the response is a stream.
    """

    cell: tuple[str, str, str]
    plan: KindPlan
    method: str
    path: str
    query: Callable[[Known], Mapping[str, str]]
    body: Callable[[Known], bytes | None]
    headers: Mapping[str, str]
    is_watch: bool = False

    def request(self, known: Known) -> Request:
        """Return the request to a server of which this is known."""
        query = urlencode(self.query(known))
        target = f"{self.path}?{query}" if query else self.path
        body = self.body(known)
        # One field manager: a write by another one may change only `managedFields`.
        usual = {"Accept": "application/json", "User-Agent": "differential"}
        headers = {name: text for name, text in {**usual, **self.headers}.items() if text}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return Request(self.method, target, headers, body)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {' '.join(self.cell)}"


def in_json(value: object) -> bytes:
    """Write a body."""
    return json.dumps(value).encode()
