"""The log of a pod, as text or line by line."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Unpack

from kubeloop._kit.must_enter import MustEnter
from kubeloop.clients.base_resource_client import BaseResourceClient
from kubeloop.wire.options import LogOptions, log_params
from kubeloop.wire.text_lines import LineReader

if TYPE_CHECKING:
    from kubeloop.wire.request import Params

__all__ = ["Log"]


class Log(BaseResourceClient[Any]):
    """log and log_lines."""

    __slots__ = ()

    async def log(self, name: str, **options: Unpack[LogOptions]) -> str:
        """Return the log of a pod as it is now.

        Args:
            name: The name of the pod.
            **options: Keyword arguments, see `LogOptions`:
                container: str | None
                previous: bool
                since_seconds: int | None
                since_time: datetime | str | None
                timestamps: bool
                tail_lines: int | None
                limit_bytes: int | None
                stream: "All" | "Stdout" | "Stderr" | None
                insecure_skip_tls_verify_backend: bool
                timeout: float | None

        Raises:
            BadRequest: The pod has several containers and `container` is not given, or it has not started.
            BodyTooLarge: The log is over 32 MiB: use `tail_lines`, `limit_bytes` or `log_lines`.
        """
        params = log_params(options)
        endpoint = await self._endpoint.located()
        request = endpoint.request("GET", endpoint.path(name, "log", verb="log"), params)
        data = await endpoint.rest.call(request, bytes, options.get("timeout"))
        return data.decode("utf-8", "replace")

    def log_lines(
        self, name: str, *, follow: bool = False, **options: Unpack[LogOptions]
    ) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Read the log of a pod line by line: `async with pods.log_lines("web-0", follow=True) as lines: ...`.

        Cancelling a wait for a line, as a timeout does, loses no line and does not end the log.

        Args:
            name: The name of the pod.
            follow: Wait for new lines until the container ends.
            **options: Keyword arguments, see `LogOptions`; `timeout` is for the opening:
                container: str | None
                previous: bool
                since_seconds: int | None
                since_time: datetime | str | None
                timestamps: bool
                tail_lines: int | None
                limit_bytes: int | None
                stream: "All" | "Stdout" | "Stderr" | None
                insecure_skip_tls_verify_backend: bool
                timeout: float | None

        Yields:
            The lines, without their ends.

        Raises (from the iteration):
            BodyTooLarge: A line is over 32 MiB.
        """
        self._endpoint.check(name, "log", verb="log_lines")
        opening = self._open(name, {**log_params(options), "follow": follow or None}, options.get("timeout"))
        return MustEnter(opening, "a log", "async with pods.log_lines(...) as lines: async for line in lines: ...")

    @asynccontextmanager
    async def _open(self, name: str, params: Params, timeout: float | None) -> AsyncGenerator[AsyncIterator[str]]:
        endpoint = await self._endpoint.located()
        request = endpoint.request("GET", endpoint.path(name, "log", verb="log_lines"), params)
        async with endpoint.rest.open_stream(request, timeout) as stream:
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
