"""ServerClient: what Clientset, DynamicClient and DiscoveryClient share: a RESTClient, their own or a borrowed one."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Self

from kubeloop.rest.client import RESTClient
from kubeloop.rest.retry import DEFAULT_MAX_RETRIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random
    from types import TracebackType

    from kubeloop.config.config import Config
    from kubeloop.transport.base import Transport

__all__ = ["ServerClient"]


class ServerClient:
    """A client that sends through a RESTClient. Use it with `async with`, or call `close()`.

    Args:
        config: Which server to connect to, and as whom.
        transport: Carries the bytes instead of a transport opened from the config; the caller closes it.
        max_retries: How many times one call may be retried.
        random: The source of the jitter of back-off; a generator with a seed makes it repeatable.

    Concurrency: One event loop, any number of calls at once; each may be cancelled.
    """

    def __init__(
        self,
        config: Config,
        *,
        transport: Transport | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        random: Random | None = None,
    ) -> None:
        self._rest = RESTClient(config, transport=transport, max_retries=max_retries, random=random)
        self._owns_rest = True

    @classmethod
    def from_rest(cls, rest: RESTClient) -> Self:
        """Create a client that sends through a RESTClient, which the caller closes."""
        self = cls.__new__(cls)
        self._rest = rest
        self._owns_rest = False
        return self

    def guarded(self, new_check: Callable[[], Callable[[], None]]) -> Self:
        """Return a client that shares the connections of this one; see `RESTClient.guarded`. It need not be closed."""
        client = copy(self)
        client._rest = self._rest.guarded(new_check)
        client._owns_rest = False
        return client

    @property
    def rest(self) -> RESTClient:
        """The RESTClient that sends the requests."""
        return self._rest

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, unless they belong to the RESTClient of somebody else. A second call does nothing.

        Running calls and watches, and all later ones, fail with a `TransportError` that says so and is not `retryable`.
        Informers do not end: they keep their objects, report the error in `last_error`, and try again at most twice a
        minute until they are stopped. So leave the block of a factory before that of its clientset.
        """
        if self._owns_rest:
            await self._rest.close()

    def __repr__(self) -> str:
        rest: RESTClient | None = getattr(self, "_rest", None)  # None in reports of an error of the constructor
        return f"<{type(self).__name__}{f' at {rest.config.host}' if rest else ''}>"
