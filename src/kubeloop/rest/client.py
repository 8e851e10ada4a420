"""RESTClient: requests by group/version, resource, namespace and name, or by absolute path; responses as objects.

It addresses requests and reads responses. Retries are decided in `retry`. The verbs of one kind,
with their options, are those of `Clientset` and `DynamicClient`, whose requests all go through here.

Reference: client-go rest/client.go, rest/request.go.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from io import IOBase
from random import Random
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack, overload

from kubeloop._kit.must_enter import MustEnter
from kubeloop.config.config import Config
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource, group_version_of
from kubeloop.meta.namespaces import DefaultNamespace
from kubeloop.rest.list_response import ListResponse
from kubeloop.rest.rate_limit import rate_limit_of
from kubeloop.rest.request_sender import RequestSender
from kubeloop.rest.result import reads_a_list
from kubeloop.rest.retry import DEFAULT_MAX_RETRIES
from kubeloop.rest.warnings import WarningHandler, WarningLogger
from kubeloop.wire.patch import MERGE_PATCH
from kubeloop.wire.request import NO_HEADERS, Params, Request, absolute_target, resource_path, target
from kubeloop.wire.serializers.registry import JSON_ONLY, Serializers

if TYPE_CHECKING:
    from types import TracebackType

    from kubeloop.models import meta_v1
    from kubeloop.rest.result import Result
    from kubeloop.rest.watch_stream import WatchStream
    from kubeloop.transport.authentication import Authenticated, OpenedTransport
    from kubeloop.transport.base import ByteStream, Channel, Transport

__all__ = ["RESTClient", "RequestOptions"]

T = TypeVar("T")


class RequestOptions(TypedDict, total=False):
    """The options of a request, in addition to its resource.

    Attributes:
        group_version: `"apps/v1"`, or a value that contains a group and version. None means that of the client.
        namespace: The namespace; `kubeloop.DEFAULT` means that of the config. None or `""` means the cluster scope or
            all namespaces.
        name: The name of the object. None means the collection.
        subresource: `"status"`, `"scale"` or `"proxy/metrics"`, for instance.
        params: Query parameters, named as in the API; those with the value None are left out.
        headers: Additional headers, which take precedence over those of the client.
        timeout: Seconds for the whole call. None means the timeout of the config.
        warning_handler: Called with each warning of the response. None means the handler of the config.
    """

    group_version: str | GroupVersion | GroupVersionKind | GroupVersionResource | None
    namespace: str | DefaultNamespace | None
    name: str | None
    subresource: str | None
    params: Params | None
    headers: Mapping[str, str] | None
    timeout: float | None
    warning_handler: WarningHandler | None


class RESTClient:
    """A client for any resource of one API server, at the level of requests.

    A `resource` that begins with `/` is an absolute path (`"/version"`), and takes no namespace, name or subresource.
    `into` says what to read the response as: a model class, its list class, `Unstructured`, `UnstructuredList`, `dict`,
    or `bytes` for the body as it is. Without it the result is an `Unstructured` (or `UnstructuredList`), or plain data
    when the response is no object of Kubernetes.

    Use it as `async with RESTClient(config) as rest`, or call `close()`. A transport that you pass is not closed.

    Args:
        config: The server and the credentials.
        group_version: The group and version of requests that name none: `"v1"`, `"apps/v1"`.
        transport: Sends the bytes instead of a transport opened from the config; the config's wrapper and
            authentication are added. The config must contain no TLS setting and no `dial`.
        serializers: The formats to request and to write bodies in; None means those of `config.content_type`. A request
            with its own `Accept` or `Content-Type` keeps them, and the `Content-Type` of a response decides how it is
            read.
        max_retries: The maximum number of retries of one call; see `retry`.
        random: The source of the jitter of back-off; a generator with a seed makes it reproducible.

    Raises (all requests):
        APIError: The server refused the request; there is one class for each reason.
        TransportError: There was no complete response. A write may have happened, unless it is a `ConnectError`.
        DecodeError: The response is not what was asked for; `BodyTooLarge` when it is over 32 MiB and no LIST. A LIST
            is a collection of a resource, or an absolute path whose response is to be read as a list class.
        ValueError: A name, namespace or path would lead to another address. Nothing was sent.
        TypeError: A name or namespace is not text, or (when the client is created) the config is not a `Config`.
        ConfigError: The config contains settings that would have no effect with `transport` (when the client is
            created).

    Concurrency: One event loop, any number of simultaneous requests; each can be cancelled.

    Reference: client-go rest.RESTClient. Intended differences: one client for all groups; no rate limit unless `qps` is
    set.
    """

    def __init__(
        self,
        config: Config,
        *,
        group_version: str | GroupVersion | GroupVersionKind | GroupVersionResource = "v1",
        transport: Transport | None = None,
        serializers: Serializers | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        random: Random | None = None,
    ) -> None:
        # Types are hints only: the address alone is an easy mistake.
        if not isinstance(config, Config):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected a kubeloop.Config, got {type(config).__name__}: load_config() returns one")
        self.config = config
        self.group_version = group_version_of(group_version)
        self.serializers = serializers or _serializers_of(config)
        accept = self.serializers.accept_of_all
        self._headers: Mapping[str, str] = {"Accept": accept} if accept else NO_HEADERS
        self._headers_with_body: dict[str, Mapping[str, str]] = {}
        # Spreading retries is no secret.
        self.random = random if random is not None else Random()  # noqa: S311
        self._owned: OpenedTransport | None = None
        if transport is None:
            from kubeloop.transport.authentication import open_transport

            self._owned = open_transport(config)
            carrier: Authenticated = self._owned
        else:
            from kubeloop.transport.authentication import Authenticated
            from kubeloop.transport.wrapping import check_own_transport

            check_own_transport(config)
            carrier = Authenticated(transport, config)
        self._sender = RequestSender(
            carrier,
            server=config.host,
            serializers=self.serializers,
            warning_handler=config.warning_handler or WarningLogger(),
            rate_limit=rate_limit_of(config),
            max_retries=max_retries,
            timeout=config.timeout,
            credentials=carrier.sent_credentials,
            random=self.random,
            metrics=config.metrics,
            tracing=config.tracing,
        )

    def guarded(self, new_check: Callable[[], Callable[[], None]]) -> RESTClient:
        """Return a client that shares the connections of this one, and refuses requests that must not be sent any more.

        Closing it does nothing: this client closes the connections.

        Args:
            new_check: Called when a call begins. The function that it returns is called before each attempt of the
                call, directly before the bytes are written. The call raises what the function raises, and nothing is
                sent. Streams and channels that are open continue.
        """
        client = copy(self)
        client._owned = None
        client._sender = self._sender.guarded(new_check)
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that this client opened. Calling it twice does nothing.

        Running requests, and all later ones, fail with a `TransportError` that says so and is not `retryable`.
        """
        if self._owned is not None:
            await self._owned.close()

    @overload
    async def get(self, resource: str, *, into: type[T], **address: Unpack[RequestOptions]) -> T: ...
    @overload
    async def get(self, resource: str, **address: Unpack[RequestOptions]) -> Any: ...
    async def get(self, resource: str, *, into: type[Any] | None = None, **address: Unpack[RequestOptions]) -> Any:
        """GET an object or a collection.

        Args:
            resource: The plural, in any case; or an absolute path.
            into: The class of the result.
            address: Which object or collection; see `RequestOptions`.
        """
        request = self._request("GET", resource, address)
        return await self.call(request, into, **_sending(address), is_list=_is_list(resource, address, into))

    @overload
    async def post(
        self, resource: str, *, body: object = ..., into: type[T], **address: Unpack[RequestOptions]
    ) -> T: ...
    @overload
    async def post(self, resource: str, *, body: object = ..., **address: Unpack[RequestOptions]) -> Any: ...
    async def post(
        self, resource: str, *, body: object = None, into: type[Any] | None = None, **address: Unpack[RequestOptions]
    ) -> Any:
        """POST a body: a model, a mapping with the field names of the API, or raw bytes. Arguments as of `get`."""
        return await self.call(self._request("POST", resource, address, body), into, **_sending(address))

    @overload
    async def put(self, resource: str, *, body: object, into: type[T], **address: Unpack[RequestOptions]) -> T: ...
    @overload
    async def put(self, resource: str, *, body: object, **address: Unpack[RequestOptions]) -> Any: ...
    async def put(
        self, resource: str, *, body: object, into: type[Any] | None = None, **address: Unpack[RequestOptions]
    ) -> Any:
        """PUT a body: a model, a mapping with the field names of the API, or raw bytes. Arguments as of `get`."""
        return await self.call(self._request("PUT", resource, address, body), into, **_sending(address))

    @overload
    async def patch(
        self,
        resource: str,
        *,
        body: object,
        content_type: str | None = ...,
        into: type[T],
        **address: Unpack[RequestOptions],
    ) -> T: ...
    @overload
    async def patch(
        self, resource: str, *, body: object, content_type: str | None = ..., **address: Unpack[RequestOptions]
    ) -> Any: ...
    async def patch(
        self,
        resource: str,
        *,
        body: object,
        content_type: str | None = None,
        into: type[Any] | None = None,
        **address: Unpack[RequestOptions],
    ) -> Any:
        """PATCH with a body of the given content type; None is that of a merge patch. Other arguments as of `get`."""
        request = self._request("PATCH", resource, address, body, content_type or MERGE_PATCH)
        return await self.call(request, into, **_sending(address))

    @overload
    async def delete(
        self, resource: str, *, body: object = ..., into: type[T], **address: Unpack[RequestOptions]
    ) -> T | meta_v1.Status | None: ...
    @overload
    async def delete(self, resource: str, *, body: object = ..., **address: Unpack[RequestOptions]) -> Any: ...
    async def delete(
        self, resource: str, *, body: object = None, into: type[Any] | None = None, **address: Unpack[RequestOptions]
    ) -> Any:
        """DELETE an object or a collection; the body may be DeleteOptions. Arguments as of `get`.

        Returns: The requested object, or a Status. None if the response is neither, or cannot be read: the HTTP status
            shows that the request was carried out.
        """
        request = self._request("DELETE", resource, address, body)
        return await self.call(request, into, **_sending(address), is_list=_is_list(resource, address, into))

    def watch(
        self, resource: str, *, into: type[T], **address: Unpack[RequestOptions]
    ) -> AbstractAsyncContextManager[WatchStream[T]]:
        """Open one watch request; its events end when the server ends it.

        `timeout` limits only the time until the watch is open; `timeoutSeconds` in `params` asks the server to end the
        watch.

        Raises:
            Gone: While events are read, if `resourceVersion` has expired. List again.
        """
        address["params"] = {**(address.get("params") or {}), "watch": True}
        return self.open_watch(self._request("GET", resource, address), into, **_sending(address))

    def stream(self, resource: str, **address: Unpack[RequestOptions]) -> AbstractAsyncContextManager[ByteStream]:
        """GET a body as it arrives, such as a log. `timeout` limits only the time until the body begins."""
        return self.open_stream(self._request("GET", resource, address), **_sending(address))

    def new_request(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        content_type: str | None = None,
        is_confidential: bool = False,
    ) -> Request:
        """Build a request whose body is written by the serializer that fits, for `call`, `send` and the others.

        Args:
            method: Upper case.
            target: Escaped path and query; see `kubeloop.wire.request`.
            body: A model, a mapping with the field names of the API, a sequence, or raw bytes of the content type. None
                means no body.
            content_type: The content type of the body. None means that of the serializer, and JSON for raw bytes.
            is_confidential: Whether the bodies contain secrets; see `Request`.

        Raises:
            EncodeError: The body has no form in its format; names the path.
            TypeError: The body is a text or a file, which would be sent as a JSON text or list.
        """
        if body is None:
            return Request(method, target, self._headers, None, is_confidential)
        if content_type is None:
            data, content_type = self.serializers.encode(_checked(body))
        elif isinstance(body, bytes):
            data = body
        else:
            data = self.serializers.for_content_type(content_type).encode(_checked(body))
        headers = self._headers_with_body.get(content_type)
        if headers is None:
            headers = self._headers_with_body[content_type] = {**self._headers, "Content-Type": content_type}
        return Request(method, target, headers, data, is_confidential)

    @overload
    async def call(
        self,
        request: Request,
        into: type[T],
        timeout: float | None = ...,
        *,
        is_list: bool = ...,
        warning_handler: WarningHandler | None = ...,
    ) -> T: ...
    @overload
    async def call(
        self,
        request: Request,
        into: type[Any] | None,
        timeout: float | None = ...,
        *,
        is_list: bool = ...,
        warning_handler: WarningHandler | None = ...,
    ) -> Any: ...
    async def call(
        self,
        request: Request,
        into: type[Any] | None,
        timeout: float | None = None,
        *,
        is_list: bool = False,
        warning_handler: WarningHandler | None = None,
    ) -> Any:
        """Send a request and read its response. All verbs of all clients use this method.

        Args:
            request: From `new_request`.
            into: The class of the result.
            timeout: Seconds for the whole call; None means the timeout of the config.
            is_list: Whether the response is a LIST, whose size has no limit.
            warning_handler: Called with each warning of the response; None means the handler of the config.
        """
        request = self._accepting(request, into)
        if into is None or not (is_list and reads_a_list(into) and request.method == "GET"):
            result = await self._sender.send(request, timeout=timeout, is_list=is_list, warning_handler=warning_handler)
            return result.read(into)
        listing = ListResponse(into, self.serializers)
        request = request.replace(is_list=True)
        result = await self._sender.send(request, timeout=timeout, warning_handler=warning_handler, listing=listing)
        return await result.read_list(listing)

    async def send(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        is_list: bool = False,
        warning_handler: WarningHandler | None = None,
    ) -> Result:
        """Send a request and return its result, which the caller reads.

        304 is the result of a request with an `If-None-Match` header, and an error of any other request.

        A request without an `Accept` header asks for a format that can be read as whatever the response says that it
        is. For another one, or for parameters such as `as=Table`:
        `request.with_header("Accept", rest.serializers.accept(Table, "as=Table;g=meta.k8s.io;v=v1"))`.

        Args:
            request: From `new_request`.
            timeout: Seconds for the whole call; None means the timeout of the config.
            is_list: Whether the response is a LIST, whose size has no limit.
            warning_handler: Called with each warning of the response; None means the handler of the config.
        """
        request = self._accepting(request, None)
        return await self._sender.send(request, timeout=timeout, is_list=is_list, warning_handler=warning_handler)

    def open_stream(
        self, request: Request, timeout: float | None = None, *, warning_handler: WarningHandler | None = None
    ) -> AbstractAsyncContextManager[ByteStream]:
        """Send a request, and read the body of its response as it arrives.

        `timeout` limits only the time until the body begins; `warning_handler` is as in `send`.
        """
        opening = self._sender.open(self._accepting(request, None), "stream", timeout, warning_handler)
        return MustEnter(
            opening, "a response body", "async with rest.stream(...) as body: async for chunk in body: ..."
        )

    def open_watch(
        self,
        request: Request,
        into: type[T],
        timeout: float | None = None,
        *,
        warning_handler: WarningHandler | None = None,
    ) -> AbstractAsyncContextManager[WatchStream[T]]:
        """Send a watch request; `timeout` limits only the time until the watch is open. Otherwise as `open_stream`."""
        opening = self._watch_stream(request, into, timeout, warning_handler)
        return MustEnter(opening, "a watch", "async with rest.watch(...) as events: async for event in events: ...")

    @asynccontextmanager
    async def _watch_stream(
        self, request: Request, into: type[T], timeout: float | None, warning_handler: WarningHandler | None
    ) -> AsyncGenerator[WatchStream[T]]:
        from kubeloop.rest.watch_stream import WatchStream

        request = self._accepting(request, into)
        async with self._sender.open(request, "watch", timeout, warning_handler) as stream:
            yield WatchStream(stream, into, self._sender.opened(request, stream))

    def upgrade(
        self,
        request: Request,
        *,
        subprotocols: Sequence[str],
        timeout: float | None = None,
        warning_handler: WarningHandler | None = None,
    ) -> AbstractAsyncContextManager[Channel]:
        """Open a WebSocket, such as that of `exec`. Leaving the block closes the channel.

        The request is never retried.

        Args:
            request: A GET request.
            subprotocols: The subprotocols that the client supports, best first. If there are any, the server must
                choose one of them.
            timeout: Seconds until the channel is open; None means the timeout of the config.
            warning_handler: Called with each warning of the response; None means the handler of the config.

        Raises:
            UpgradeRefused: The server sent another response than an error instead of switching protocols.
        """
        opening = self._sender.upgrade(
            request, subprotocols=subprotocols, timeout=timeout, warning_handler=warning_handler
        )
        return MustEnter(opening, "a channel", "async with rest.upgrade(...) as channel: await channel.receive()")

    def _accepting(self, request: Request, into: type[Any] | None) -> Request:
        headers = request.headers
        if "Accept" in headers or any(name.lower() == "accept" for name in headers):
            return request
        return request.with_header("Accept", self.serializers.accept(into))

    def _request(
        self, method: str, resource: str, address: RequestOptions, body: object = None, content_type: str | None = None
    ) -> Request:
        request = self.new_request(method, self._target(resource, address), body, content_type=content_type)
        for name, value in (address.get("headers") or NO_HEADERS).items():
            request = request.with_header(name, value)
        return request

    def _target(self, resource: str, address: RequestOptions) -> str:
        params = address.get("params")
        if resource.startswith("/"):
            wrong = [name for name in ("group_version", "namespace", "name", "subresource") if address.get(name)]
            if wrong:
                raise ValueError(f"an absolute path takes no {' and no '.join(wrong)}: {resource}")
            return absolute_target(resource, params)
        given = address.get("group_version")
        namespace = address.get("namespace")
        path = resource_path(
            self.group_version if given is None else group_version_of(given),
            resource.lower(),
            namespace=self.config.namespace if isinstance(namespace, DefaultNamespace) else namespace,
            name=address.get("name"),
            subresource=address.get("subresource"),
        )
        return target(path, params)

    def __repr__(self) -> str:
        return f"<RESTClient {self.group_version} at {self.config.host}>"


def _serializers_of(config: Config) -> Serializers:
    if config.content_type == "json":
        return JSON_ONLY
    from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF  # loaded only by programs that choose it

    return Serializers(PROTOBUF)


def _checked(body: object) -> object:
    kind = type(body).__name__
    if isinstance(body, (str, bytearray, memoryview, IOBase)):
        hint = "text.encode()" if isinstance(body, str) else "file.read()" if isinstance(body, IOBase) else "bytes(...)"
        raise TypeError(f"expected a model, a mapping or bytes as the body, got {kind}: pass {hint}")
    return body


def _is_list(resource: str, address: RequestOptions, into: type[Any] | None) -> bool:
    """Return whether the response is a LIST, whose size has no limit. For an absolute path, only the class can tell."""
    return reads_a_list(into) if resource.startswith("/") else address.get("name") is None


class _Sending(TypedDict):
    """The options of a request that say how to send it."""

    timeout: float | None
    warning_handler: WarningHandler | None


def _sending(address: RequestOptions) -> _Sending:
    return {"timeout": address.get("timeout"), "warning_handler": address.get("warning_handler")}
