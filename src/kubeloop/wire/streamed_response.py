"""`StreamedResponse`: a response whose body arrives in pieces. A `Response` has its whole body."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping

from kubeloop.wire.response import Headers
from kubeloop.wire.serializers.json_serializer import JSON

__all__ = ["StreamedResponse"]

_JSON = {"Content-Type": JSON.media_types[0]}


class StreamedResponse:
    """A response whose body arrives in pieces, such as that of a watch that stays open.

    Args:
        chunks: The pieces, in the order of their arrival. An exception that the iterator raises ends the body.
        status: The HTTP status.
        headers: The headers, of which `Headers` may repeat a name; None for those of a JSON body.
    """

    __slots__ = ("chunks", "headers", "status")

    def __init__(
        self, chunks: AsyncIterable[bytes], status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.chunks = chunks
        self.status = status
        if isinstance(headers, Headers):
            self.headers = headers
        else:
            self.headers = Headers((_JSON if headers is None else headers).items())

    def __repr__(self) -> str:
        return f"<StreamedResponse {self.status}>"
