"""The two servers: what is sent to them, and their responses as plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from kubeloop.errors import DecodeError
from kubeloop.meta import yaml
from kubeloop.transport.base import Transport
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

__all__ = ["Reply", "send"]

_WATCH_SECONDS = 30.0


@dataclass
class Reply:
    """A response.

    Attributes:
        code: The HTTP status.
        content_type: Its content type, without parameters of the character set.
        body: The JSON of the body; text that is not JSON, as text; None for a watch.
        warnings: The values of its Warning headers.
        events: The events of a watch, in order, without bookmarks.
        bookmarks: The bookmarks of a watch.
    """

    code: int
    content_type: str
    body: Any
    warnings: list[str]
    events: list[Any] = field(default_factory=list[Any])
    bookmarks: list[Any] = field(default_factory=list[Any])


async def send(transport: Transport, request: Request, *, is_watch: bool) -> Reply:
    """Send a request and return the response; of a watch the whole stream, which the server must end."""
    if not is_watch:
        response = await transport.request(request, timeout=_WATCH_SECONDS)
        body = b"" if request.method == "HEAD" else response.body  # which the transport in the process keeps
        return _reply(response.status, response.headers, body)
    async with transport.stream(request, timeout=_WATCH_SECONDS) as stream:
        body = await stream.read()
        reply = _reply(stream.status, stream.headers, body if stream.status != 200 else b"")
        if stream.status == 200:
            reply.body = None
            for line in body.splitlines():
                event = json.loads(line)
                (reply.bookmarks if event["type"] == "BOOKMARK" else reply.events).append(event)
        return reply


def _content(body: bytes, kind: str) -> Any:
    if kind == "application/vnd.kubernetes.protobuf":
        return PROTOBUF.plain_data(body)
    return yaml.load(body) if kind == "application/yaml" else json.loads(body)


def _reply(code: int, headers: Headers, body: bytes) -> Reply:
    kind = headers.get("content-type", "").split(";")[0]
    try:
        content: Any = _content(body, kind) if body else ""
    except (ValueError, DecodeError):
        content = body.decode("utf-8", "replace")
    return Reply(code, kind, content, headers.get_all("warning"))
