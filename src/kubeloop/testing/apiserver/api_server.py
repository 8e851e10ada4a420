"""`APIServer`: the API server as its users hold it, with its storage, its clients and its seeds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from random import Random
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from kubeloop.errors import APIError
from kubeloop.testing.action import Action
from kubeloop.testing.action_list import ActionLog
from kubeloop.testing.apiserver.call import Call, Context, Waiting
from kubeloop.testing.apiserver.controllers.control_loop import CONTROLLERS, Controllers
from kubeloop.testing.apiserver.cut_events import CutEvents
from kubeloop.testing.apiserver.describing.discovery_routes import Discovery
from kubeloop.testing.apiserver.encoding.output import DEFAULT_OUTPUT
from kubeloop.testing.apiserver.encoding.status import status_response
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.handler import handle
from kubeloop.testing.apiserver.live import EventBody, after_waiting
from kubeloop.testing.apiserver.loop_clock import LoopClock
from kubeloop.testing.apiserver.past_storage import past_storage
from kubeloop.testing.apiserver.request_ids import RequestIds
from kubeloop.testing.apiserver.seeds import Seeds
from kubeloop.testing.apiserver.storage.storage import FIRST_REVISION, Storage
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache
from kubeloop.testing.in_process_transport import InProcessTransport
from kubeloop.testing.reactions import Reactions
from kubeloop.wire import refusals
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from pathlib import Path

    from kubeloop.clients.clientset import Clientset
    from kubeloop.clients.dynamic import DynamicClient
    from kubeloop.config.config import Config
    from kubeloop.objects.model import Kind
    from kubeloop.testing.action_list import Exchange
    from kubeloop.testing.apiserver.call import EventStream, Reply
    from kubeloop.testing.apiserver.handler import Verb
    from kubeloop.testing.apiserver.listener import Listener
    from kubeloop.testing.reactions import Reaction
    from kubeloop.testing.rule import Effect
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
        clock: Returns the seconds since the epoch; None for a clock that follows the running event loop, and so also
            virtual time.
        random: The source of uids and generated names; with a seed they are repeatable.
        token: If it is set, a request needs this bearer token. Without it, credentials are not checked.

    Raises:
        EncodeError: An object cannot be stored.
        ValueError: The lag is negative, or a controller is unknown.

    Attributes:
        storage: The storage.
        cache: What this server has seen of the storage: `hold`, `advance_to` and `release` make it lag.
        token: The bearer token that requests need; `""` if they need none.
        actions: What clients did, as a list of `Action`.
        reactions: What `on` added; `reactions.clear()` removes it.
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
        if lag < 0.0:
            raise ValueError(f"expected a lag of 0 s or more, got {lag}")
        self.storage = Storage() if storage is None else storage
        self.token = token
        self.actions = ActionLog()
        self.reactions = Reactions(self._respond, random)
        self._clock = LoopClock() if clock is None else clock
        self._random = Random() if random is None else random
        self._resources = resources()
        self._timer: asyncio.TimerHandle | None = None
        self._watches: WeakSet[EventBody] = WeakSet()
        self._is_closed = False
        self._timer_at: float | None = None
        now = self._clock()
        self._discovery = Discovery(self._resources, address="127.0.0.1:6443", started=now)
        # As in the real server, the watch cache of a new storage sees the first objects come.
        self.cache = WatchCache(self.storage)
        self.cache.advance(now)
        seeds = Seeds(self.storage, self._resources, self._random, now)
        if self.storage.revision == FIRST_REVISION:
            seeds.put_fresh_content()
        for each in objects:
            seeds.put(each)
        self._controllers = Controllers(self.storage, self._resources, self._random, enabled=controllers)
        self._step(now)
        self._ids = RequestIds(self.storage, Random(self._random.getrandbits(64)))
        self.cache.lag = lag
        self.cache.on_pending = self._plan_advance

    def put(self, *objects: Kind | Unstructured | Mapping[str, Any]) -> None:
        """Store objects as they are, as the constructor does; one that exists is replaced."""
        now = self._clock()
        self.cache.advance(now)
        seeds = Seeds(self.storage, self._resources, self._random, now)
        for each in objects:
            seeds.put(each)
        self._step(now)

    def on(
        self,
        verb: str = "*",
        resource: str = "*",
        *,
        nth: int | Collection[int] | None = None,
        where: Callable[[Action], bool] | None = None,
        chance: float = 1.0,
    ) -> Reaction:
        """Add a reaction to some requests; its methods say what happens to them.

            api.on("update", "deployments", nth=3).fail(errors.Conflict)
            api.on("list", "pods").delay(5)
            api.on("watch", "pods").cut_watch(after=2)
            api.on("get", "leases").stale(revisions=1)
            reaction = api.on("create", "pods/eviction").respond(lambda action: ...)
            reaction.remove()

        The arguments are those of `FaultyTransport.on`.

        Raises:
            ValueError: As there, or the resource is like one that is served and not the same, such as `pod`.
        """
        self._resources.check_name(resource)
        return self.reactions.on(verb, resource, nth=nth, where=where, chance=chance)

    def handle(self, request: Request, now: float) -> Reply:
        """Carry out one request, without waiting: the core of the server.

        Args:
            request: The request.
            now: Seconds since the epoch.

        Returns:
            A response; the stream of a watch; or a `Waiting`, for a request that needs what the watch cache has not
            seen yet.
        """
        self._advance_to(now)
        return self._handle(request, self.storage, self.cache, now)

    def _handle(self, request: Request, storage: Storage, cache: WatchCache, now: float) -> Reply:
        if self._is_closed:
            return status_response(refusals.service_unavailable("the API server is closed"), DEFAULT_OUTPUT)
        context = Context(storage, cache, self._resources, self._random, now)
        return handle(request, context, self._discovery, self._carry_out, token=self.token)

    def _carry_out(self, call: Call, context: Context, verb: Verb) -> Reply:
        reply = verb(call, context)
        self._step(context.now)
        return reply

    def _step(self, now: float) -> None:
        self._controllers.step(now)
        if self._controllers.next_at != self._timer_at:
            self._plan_advance()

    def respond(self, request: Request) -> Response | StreamedResponse | Awaitable[Response | StreamedResponse]:
        """Carry out one request in an event loop: the function for a transport and for an HTTP server.

        Returns:
            The response, or an awaitable of it if the request has to wait.
        """
        exchange = self.actions.record(request)
        reply = self.reactions.respond(request)
        if isinstance(reply, (Response, StreamedResponse)):
            exchange.status = reply.status
            return reply
        return self._respond_later(exchange, reply)

    async def _respond_later(
        self, exchange: Exchange, reply: Awaitable[Response | StreamedResponse]
    ) -> Response | StreamedResponse:
        response = await reply
        exchange.status = response.status
        return response

    def _respond(
        self, request: Request, effect: Effect
    ) -> Response | StreamedResponse | Awaitable[Response | StreamedResponse]:
        """Carry out one request, with those parts of a reaction that only the server can apply."""
        now, storage, cache = self._clock(), self.storage, self.cache
        self._advance_to(now)
        if effect.behind:
            storage = past_storage(storage, effect.behind)
            cache = WatchCache(storage)
        reply = self._handle(request, storage, cache, now)
        if isinstance(reply, Waiting):
            return self._wait(request, reply, cache, effect)
        return self._finished(request, reply, effect)

    async def _wait(
        self, request: Request, waiting: Waiting, cache: WatchCache, effect: Effect
    ) -> Response | StreamedResponse:
        reply = await after_waiting(waiting, cache, self._clock)
        assert not isinstance(reply, Waiting)
        return self._finished(request, reply, effect)

    def _finished(self, request: Request, reply: Response | EventStream, effect: Effect) -> Response | StreamedResponse:
        response = reply if isinstance(reply, Response) else self._stream(request, reply, effect)
        return self._ids.add(request, response)

    def _stream(self, request: Request, events: EventStream, effect: Effect) -> StreamedResponse:
        if effect.cut is not None:
            error = None if effect.cut.error is None else effect.cut.error(Action.of(request))
            events = CutEvents(events, effect.cut.after, error if isinstance(error, APIError) else None)
        body = EventBody(events, self._clock)
        self._watches.add(body)
        return StreamedResponse(body, events.status, events.headers)

    def transport(self) -> InProcessTransport:
        """Return a transport that calls this server: in the same event loop, without a socket."""
        return InProcessTransport(self.respond)

    def config(self, **settings: Any) -> Config:  # each setting of Config has a type of its own
        """Return a config for clients of this server; with a transport of `transport()` they reach it."""
        from kubeloop.config.config import Config

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

    def publish_address(self, address: str) -> None:
        """Return an address of this server in the discovery document of `/api`; a listener calls this.

        Args:
            address: The host and the port. Until the first call it is that of a server on a node, `127.0.0.1:6443`.
        """
        self._discovery.publish_address(address)

    def publish_certificates(self, certificates: str) -> None:
        """Write the certificates with which clients verify this server into the ConfigMap of each namespace.

        Args:
            certificates: In PEM. A listener with TLS calls this with its own.
        """
        self._controllers.publish(certificates)
        self._step(self._clock())

    def close(self) -> None:
        """Leave the storage, which stays open: running watches end, and later requests get a 503.

        Another server may be made over the same storage, as after a restart.
        """
        self._is_closed = True
        for watch in list(self._watches):
            watch.end()
        self._cancel_timer()
        self.cache.close()
        self._controllers.close()

    def _advance_to(self, now: float) -> None:
        """Show the changes that the watch cache has held back until now, and run the controllers if one has waited."""
        self.cache.advance(now)
        due = self._controllers.next_at
        if due is not None and due <= now:
            self._step(now)

    def _plan_advance(self) -> None:
        """Plan the next `_advance_to`. Without a running loop, requests do it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        times = [time for time in (self.cache.deadline, self._controllers.next_at) if time is not None]
        self._cancel_timer()
        if times:
            self._timer_at = min(times)
            self._timer = loop.call_later(max(0.0, self._timer_at - self._clock()), self._advance)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timer_at = None

    def _advance(self) -> None:
        self._timer = self._timer_at = None
        self._advance_to(self._clock())
        self._plan_advance()

    def __repr__(self) -> str:
        return f"<APIServer at {self.cache.revision}, {self.storage!r}>"
