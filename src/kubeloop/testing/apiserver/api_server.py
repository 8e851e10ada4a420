"""`APIServer`: the API server as its users hold it, with its storage, its clients and its seeds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from kubeloop.config.config import Config
from kubeloop.testing.apiserver.call import Call, Context, Waiting
from kubeloop.testing.apiserver.controllers.control_loop import CONTROLLERS, Controllers
from kubeloop.testing.apiserver.describing.discovery_routes import Discovery
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.handler import handle
from kubeloop.testing.apiserver.live import EventBody, after_waiting
from kubeloop.testing.apiserver.loop_clock import LoopClock
from kubeloop.testing.apiserver.seeds import Seeds
from kubeloop.testing.apiserver.storage.storage import FIRST_REVISION, Storage
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache
from kubeloop.testing.in_process_transport import InProcessTransport
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from pathlib import Path

    from kubeloop.clients.clientset import Clientset
    from kubeloop.clients.dynamic import DynamicClient
    from kubeloop.objects.model import Kind
    from kubeloop.testing.apiserver.call import Reply
    from kubeloop.testing.apiserver.handler import Verb
    from kubeloop.testing.apiserver.listener import Listener
    from kubeloop.unstructured import Unstructured
    from kubeloop.wire.request import Request

__all__ = ["CONTROLLERS", "APIServer"]


class APIServer:
    """A Kubernetes API server in Python, for tests and for trying things out.

        api = APIServer(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", namespace="web")))
        async with api.clientset() as clientset:
            assert (await clientset.core_v1.config_maps("web").get("a")).metadata.name == "a"

    The clients are the real ones, over a transport that calls this object instead of a network. A new server holds what
    a fresh real server holds: the namespaces, the Service `kubernetes`, the bootstrap roles, …

    Args:
        objects: Objects to store as they are, with status, uid and deletionTimestamp. Their namespaces are created.
        storage: The storage; None for a new one in memory. Several servers may stand on one storage.
        lag: How many seconds the watch cache of this server is behind the storage.
        controllers: The names of the controllers that act after each write; empty for none.
        clock: Returns the seconds since the epoch; None for a clock that follows the running event loop, so that it
            stands still in virtual time.
        random: The source of uids and generated names; with a seed they are repeatable.
        token: If it is set, a request needs this bearer token.

    Attributes:
        storage: The storage.
        cache: What this server has seen of the storage: `hold`, `advance_to` and `release` make it lag.
        token: The bearer token that requests need; `""` if they need none.
    """

    def __init__(
        self,
        *objects: Kind | Unstructured | Mapping[str, Any],
        storage: Storage | None = None,
        lag: float = 0.0,
        controllers: Collection[str] = CONTROLLERS,
        clock: Callable[[], float] | None = None,
        random: Random | None = None,
        token: str = "",
    ) -> None:
        self.storage = Storage() if storage is None else storage
        self.token = token
        self._clock = LoopClock() if clock is None else clock
        self._random = Random() if random is None else random
        self._resources = resources()
        self._timer: asyncio.TimerHandle | None = None
        now = self._clock()
        self._discovery = Discovery(self._resources, address="127.0.0.1:6443", started=now)
        seeds = Seeds(self.storage, self._resources, self._random, now)
        if self.storage.revision == FIRST_REVISION:
            seeds.put_fresh_content()
        for each in objects:
            seeds.put(each)
        self._controllers = Controllers(self.storage, self._resources, self._random, enabled=controllers)
        self._controllers.step(now)
        self.cache = WatchCache(self.storage, lag=lag)
        self.cache.on_pending = self._plan_advance
        self.cache.advance(now)

    def put(self, *objects: Kind | Unstructured | Mapping[str, Any]) -> None:
        """Store objects as they are, as the constructor does; one that exists is replaced."""
        now = self._clock()
        self.cache.advance(now)
        seeds = Seeds(self.storage, self._resources, self._random, now)
        for each in objects:
            seeds.put(each)
        self._controllers.step(now)

    def handle(self, request: Request, now: float) -> Reply:
        """Carry out one request, without waiting: the core of the server.

        Args:
            request: The request.
            now: Seconds since the epoch.

        Returns:
            A response; the stream of a watch; or a `Waiting`, for a request that needs what the watch cache has not
            seen yet.
        """
        self.cache.advance(now)
        context = Context(self.storage, self.cache, self._resources, self._random, now)
        return handle(request, context, self._discovery, self._carry_out, token=self.token)

    def _carry_out(self, call: Call, context: Context, verb: Verb) -> Reply:
        reply = verb(call, context)
        self._controllers.step(context.now)
        return reply

    def respond(self, request: Request) -> Response | StreamedResponse | Awaitable[Response | StreamedResponse]:
        """Carry out one request in an event loop: the function for a transport and for an HTTP server.

        Returns:
            The response, or an awaitable of it if the request has to wait.
        """
        reply = self.handle(request, self._clock())
        if isinstance(reply, Response):
            return reply
        if isinstance(reply, Waiting):
            return self._respond_later(reply)
        return StreamedResponse(EventBody(reply, self._clock), reply.status, reply.headers)

    async def _respond_later(self, waiting: Waiting) -> Response | StreamedResponse:
        reply = await after_waiting(waiting, self.cache, self._clock)
        if isinstance(reply, Response):
            return reply
        return StreamedResponse(EventBody(reply, self._clock), reply.status, reply.headers)

    def transport(self) -> InProcessTransport:
        """Return a transport that calls this server: in the same event loop, without a socket."""
        return InProcessTransport(self.respond)

    def config(self, **settings: Any) -> Config:  # each setting of Config has a type of its own
        """Return a config for clients of this server; with a transport of `transport()` they reach it."""
        return Config(host="https://kubeloop.test", token=self.token or None, **settings)

    def clientset(self) -> Clientset:
        """Return a new Clientset of this server."""
        from kubeloop.clients.clientset import Clientset

        return Clientset(self.config(), transport=self.transport())

    def dynamic_client(self) -> DynamicClient:
        """Return a new DynamicClient of this server."""
        from kubeloop.clients.dynamic import DynamicClient

        return DynamicClient(self.config(), transport=self.transport())

    def listen(self, *, port: int = 0, tls: bool = False, kubeconfig: Path | None = None) -> Listener:
        """Return a listener that serves this server over HTTP on the loopback interface: `async with api.listen()`.

        Args:
            port: The port; 0 chooses a free one.
            tls: Whether connections are encrypted. This needs the package `cryptography`.
            kubeconfig: Where to write the kubeconfig; None for a temporary file.
        """
        from kubeloop.testing.apiserver.listener import Listener

        return Listener(self, port=port, tls=tls, kubeconfig=kubeconfig)

    def close(self) -> None:
        """Leave the storage: the watch cache sees no further changes. The storage itself stays open."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.cache.close()
        self._controllers.close()

    def _plan_advance(self) -> None:
        """Plan to show the next change that the watch cache holds back. Without a running loop, requests show it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.cache.deadline
        if deadline is not None:
            self._timer = loop.call_later(max(0.0, deadline - self._clock()), self._advance)

    def _advance(self) -> None:
        self._timer = None
        self.cache.advance(self._clock())
        self._plan_advance()

    def __repr__(self) -> str:
        return f"<APIServer at {self.cache.revision}, {self.storage!r}>"
