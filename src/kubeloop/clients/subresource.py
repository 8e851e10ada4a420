"""Subresources: `deployments.scale("web")` is an object with exactly the verbs that the subresource has.

The status is not here: its verbs are flat (`update_status`), as in client-go.

Reference: client-go kubernetes/typed/*/*_expansion.go and the methods generated from `+genclient:method`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack, cast

from kubeloop._kit.entered import MustEnter
from kubeloop.clients.object_identity import identity_of
from kubeloop.clients.request_bodies import AnyPatch, configuration_data, write_patch
from kubeloop.wire.options import ApplyOptions, LogOptions, WriteOptions, log_params, write_params
from kubeloop.wire.patch import APPLY_PATCH, PatchType
from kubeloop.wire.plain_values import to_data
from kubeloop.wire.text_lines import LineReader

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import Endpoint
    from kubeloop.wire.request import Params

__all__ = ["ApplySub", "CreateSub", "GetSub", "LogSub", "PatchSub", "Subresource", "UpdateSub"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Req_contra = TypeVar("Req_contra", contravariant=True)

Json = Mapping[str, Any]


class Subresource(Generic[R_co]):
    """One subresource of one object.

    Args:
        client: The client of the resource; its namespace counts.
        name: The object's name.
        subresource: `scale`, `eviction`, ...
        model: What the server's answer is read as.

    Raises:
        ValueError: The client has no namespace but needs one, or a name that would break the path.
    """

    __slots__ = ("_client", "_model", "_name", "_path", "_subresource")

    def __init__(self, client: Endpoint[Any], name: str, subresource: str, model: type[R_co]) -> None:
        self._client = client
        self._name = name
        self._subresource = subresource
        self._model = model
        self._path = client._path(name, subresource, verb=subresource)

    async def _send(
        self,
        method: str,
        params: Params | None,
        timeout: float | None,
        body: object = None,
        content_type: str | None = None,
    ) -> R_co:
        request = self._client._request(method, self._path, params, body, content_type)
        return await self._client._rest.call(request, self._model, timeout)

    def _body(self, obj: object) -> object:
        """Write an object, and say in it which one it is for: servers compare that with the path."""
        what = self._subresource
        identity = identity_of(obj, what)
        namespace = self._client._namespace or ""
        if identity.name not in {"", self._name}:
            raise ValueError(f"{what} of {self._name!r}: the object's metadata.name is {identity.name!r}")
        if namespace and identity.namespace not in {"", namespace}:
            raise ValueError(f"{what} in {namespace!r}: the object's metadata.namespace is {identity.namespace!r}")
        if identity.name and (identity.namespace or not namespace):
            return obj
        data = dict(cast("Json", to_data(obj)))
        metadata: dict[str, Any] = {**(data.get("metadata") or {}), "name": self._name}
        data["metadata"] = {**metadata, "namespace": namespace} if namespace else metadata
        return data

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._subresource} of {self._name} of {self._client!r}>"


class GetSub(Subresource[R_co]):
    """get."""

    __slots__ = ()

    async def get(self, *, resource_version: str | None = None, timeout: float | None = None) -> R_co:
        """Read it. Arguments as of a resource's `get`."""
        return await self._send("GET", {"resourceVersion": resource_version}, timeout)


class UpdateSub(Subresource[R]):
    """update."""

    __slots__ = ()

    async def update(self, obj: R | Json, **options: Unpack[WriteOptions]) -> R:
        """Replace it. As a resource's `update`; name and namespace are filled in."""
        return await self._send("PUT", write_params(options, "update"), options.get("timeout"), self._body(obj))


class PatchSub(Subresource[R_co]):
    """patch."""

    __slots__ = ()

    async def patch(self, patch: AnyPatch, *, type: PatchType | None = None, **options: Unpack[WriteOptions]) -> R_co:
        """Change some fields. As a resource's `patch`."""
        body, content_type = write_patch(patch, type)
        return await self._send("PATCH", write_params(options, "patch"), options.get("timeout"), body, content_type)


class ApplySub(Subresource[R]):
    """apply."""

    __slots__ = ()

    async def apply(self, obj: R | Json, *, field_manager: str, **options: Unpack[ApplyOptions]) -> R:
        """Apply a configuration. As a resource's `apply`; name and namespace are filled in."""
        if not field_manager:
            raise ValueError("apply needs a field_manager: the name that owns the fields")
        params = {"fieldManager": field_manager, **write_params(options, "apply")}
        body = self._body(configuration_data(obj))
        return await self._send("PATCH", params, options.get("timeout"), body, APPLY_PATCH)


class CreateSub(Subresource[R_co], Generic[Req_contra, R_co]):
    """create."""

    __slots__ = ()

    async def create(self, body: Req_contra | Json, **options: Unpack[WriteOptions]) -> R_co:
        """Send one, and return what the server answers.

        Args:
            body: The object, or JSON data with wire names. Name and namespace are filled in.
            options: See `WriteOptions`.
        """
        return await self._send("POST", write_params(options, "create"), options.get("timeout"), self._body(body))


class LogSub(Subresource[str]):
    """The log of a pod: text, whole or line by line."""

    __slots__ = ()

    async def get(self, **options: Unpack[LogOptions]) -> str:
        """Return the log as it is now.

        Args:
            options: See `LogOptions`.

        Raises:
            BadRequest: The pod has several containers and `container` is not given, or it has not started.
            BodyTooLarge: It is over 32 MiB: use `tail_lines`, `limit_bytes` or `stream`.
        """
        request = self._client._request("GET", self._path, log_params(options))
        data = await self._client._rest.call(request, bytes, options.get("timeout"))
        return data.decode("utf-8", "replace")

    def stream(
        self, *, follow: bool = False, **options: Unpack[LogOptions]
    ) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Read the log line by line: `async with pods.log("web-0").stream(follow=True) as lines: ...`.

        Args:
            follow: Go on with new lines until the container ends.
            options: See `LogOptions`; `timeout` is for the opening.

        Yields:
            The lines, without their ends. Cancelling a wait for one, as a timeout does, loses nothing and ends nothing.

        Raises (from the iteration):
            BodyTooLarge: A line is over 32 MiB.
        """
        params = {**log_params(options), "follow": follow or None}
        opening = self._lines(params, options.get("timeout"))
        return MustEnter(
            opening, "a log", "async with pods.log(name).stream(...) as lines: async for line in lines: ..."
        )

    @asynccontextmanager
    async def _lines(self, params: Params, timeout: float | None) -> AsyncGenerator[AsyncIterator[str]]:
        request = self._client._request("GET", self._path, params)
        async with self._client._rest.open_stream(request, timeout) as stream:
            yield _LogLines(aiter(stream))


class _LogLines:
    """The lines of a log as they arrive. Cancelling a wait loses none: a line leaves only when it is returned."""

    __slots__ = ("_chunks", "_lines", "_reader")

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._reader = LineReader()
        self._lines: deque[bytes] = deque()

    def __aiter__(self) -> _LogLines:
        return self

    async def __anext__(self) -> str:
        while not self._lines:
            try:
                chunk = await anext(self._chunks)
            except StopAsyncIteration:
                last = self._reader.rest()
                if not last:
                    raise
                self._reader = LineReader()
                self._lines.append(last)
            else:
                self._lines.extend(self._reader.feed(chunk))
        return self._lines.popleft().decode("utf-8", "replace")
