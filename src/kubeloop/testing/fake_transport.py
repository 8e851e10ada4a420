"""`FakeTransport`: a transport whose responses come from a function, for tests without a server.

Real servers find more faults; `ControlPlane` starts one. A fake is for what a server does rarely, such as errors.
Reference: client-go rest/fake (CreateHTTPClient).
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING

from kubeloop.testing.in_process_transport import InProcessTransport
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from kubeloop.testing.in_process_transport import Respond
    from kubeloop.wire.request import Request

__all__ = ["FakeTransport", "event_line", "json_response"]

_JSON = {"Content-Type": JSON.media_types[0]}


def json_response(obj: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with an object as its JSON body.

    Args:
        obj: A model, a mapping with the field names of the API, or a sequence.
        status: The HTTP status.
        headers: Headers in addition to the content type.
    """
    body = JSON.encode(obj)
    return Response(status, Headers([*_JSON.items(), *(headers or {}).items()]), body)


def event_line(event_type: str, obj: object) -> bytes:
    """Return one event of a watch as the API server writes it, for the body of a response.

    Args:
        event_type: `"ADDED"`, `"MODIFIED"`, `"DELETED"`, `"BOOKMARK"` or `"ERROR"`.
        obj: A model, or a mapping with the field names of the API.
    """
    return JSON.encode_event(event_type, obj)


class FakeTransport(InProcessTransport):
    """A `Transport` that passes each request to a function, which returns the response or raises an error.

        def respond(request: kubeloop.Request) -> kubeloop.Response:
            assert (request.method, request.path) == ("GET", "/api/v1/namespaces/default/pods/a")
            return json_response(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="default")))

        clientset = kubeloop.Clientset(kubeloop.Config(), transport=FakeTransport(respond))

    Clients add their credentials, retry, follow redirects and read bodies as with a real server. A WebSocket is always
    refused, with the response of the function.

    Args:
        respond: Called with each attempt of each request; may be async. A `TransportError` that it raises is a failure
            of the network.

    Attributes:
        requests: The requests in the order in which they were sent, with their credentials.
    """

    __slots__ = ("requests",)

    def __init__(self, respond: Respond) -> None:
        self.requests: list[Request] = []

        async def recorded(request: Request) -> Response | StreamedResponse:
            self.requests.append(request)
            response: object = respond(request)
            if isawaitable(response):
                response = await response
            if not isinstance(response, (Response, StreamedResponse)):  # pyright: ignore[reportUnnecessaryIsInstance]
                kind = type(response).__name__
                raise TypeError(
                    f"expected a Response or StreamedResponse from the function of a FakeTransport, got {kind}; "
                    "json_response(...) creates a response"
                )
            return response

        super().__init__(recorded)

    def __repr__(self) -> str:
        return f"<FakeTransport: {len(self.requests)} requests>"
