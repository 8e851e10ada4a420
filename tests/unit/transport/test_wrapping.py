"""The wrappers of a config: their order, the requests that they see, and transports that cannot have them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import pytest

import kubeloop
from kubeloop.config import Config, ExecConfig, Impersonation
from kubeloop.config.credential import ClientCertificate, Credential
from kubeloop.errors import ConfigError, TransportError
from kubeloop.transport import ByteStream, Channel, Transport, open_transport, wrappers
from kubeloop.transport.authentication import Authenticated
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.support.raw_server import raw_server, reply
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

GET = Request("GET", "/api", {"Accept": "application/json"})


class Tagged:
    """A wrapper that appends its name to a header of each request, and records the requests."""

    def __init__(self, name: str, inner: Transport) -> None:
        self.name = name
        self.inner = inner
        self.requests: list[Request] = []

    def _tagged(self, request: Request) -> Request:
        self.requests.append(request)
        headers = dict(request.headers)
        return request.replace(headers={**headers, "Via": headers.get("Via", "") + self.name})

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        return await self.inner.request(self._tagged(request), timeout=timeout, max_bytes=max_bytes)

    def stream(self, request: Request, *, timeout: float | None = None) -> AbstractAsyncContextManager[ByteStream]:
        return self.inner.stream(self._tagged(request), timeout=timeout)

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        return self.inner.upgrade(self._tagged(request), subprotocols=subprotocols, timeout=timeout)


class Bare:
    """A transport that records its requests, and accepts a client certificate."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.certificate: bytes | None = None

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        self.requests.append(request)
        return Response(200, Headers([]), b"{}")

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        self.requests.append(request)
        yield cast("ByteStream", Response(200))

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        self.requests.append(request)
        yield cast("Channel", subprotocols)

    def use_client_certificate(self, certificate: bytes, key: bytes) -> None:
        self.certificate = certificate


class Made:
    """A wrapper function that keeps what it returned."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: list[Tagged] = []

    def __call__(self, transport: Transport) -> Transport:
        self.made.append(Tagged(self.name, transport))
        return self.made[-1]


def test_wrappers_are_applied_in_their_order_and_none_is_ignored() -> None:
    bare = Bare()
    outer = wrappers(None, Made("a"), None, Made("b"))(bare)
    assert isinstance(outer, Tagged)
    assert isinstance(outer.inner, Tagged)
    assert (outer.name, outer.inner.name, outer.inner.inner) == ("b", "a", bare)


@pytest.mark.parametrize("functions", [(), (None,), (None, None)])
def test_no_wrapper_returns_the_transport_itself(functions: tuple[None, ...]) -> None:
    bare = Bare()
    assert wrappers(*functions)(bare) is bare


def test_a_single_wrapper_may_come_after_an_absent_one() -> None:
    config = Config(host="https://a")
    config = config.replace(wrap_transport=wrappers(config.wrap_transport, Made("a")))
    assert isinstance(config.wrap_transport(Bare()) if config.wrap_transport else None, Tagged)


async def test_requests_reach_the_wrappers_with_credentials_and_impersonation() -> None:
    first, last, bare = Made("1"), Made("2"), Bare()
    jane = Impersonation(user="jane", groups=("dev", "ops"))
    config = Config(host="https://a", token="t", impersonate=jane, wrap_transport=wrappers(first, last))
    transport = Authenticated(bare, config)
    await transport.request(GET)
    async with transport.stream(GET):
        pass
    async with transport.upgrade(GET, subprotocols=["v5"]):
        pass
    [outer], [inner] = last.made, first.made
    assert [len(each) for each in (outer.requests, inner.requests, bare.requests)] == [3, 3, 3]
    for request in outer.requests:
        assert request.headers["Authorization"] == "Bearer t"
        assert isinstance(request.headers, Headers)
        assert request.headers.get_all("Impersonate-Group") == ["dev", "ops"]
        assert "Via" not in request.headers
    assert all(request.headers["Via"] == "21" for request in bare.requests)


async def test_a_header_of_a_wrapper_reaches_the_server() -> None:
    async with raw_server(reply()) as server:
        config = Config(host=server.url, token="t", user_agent="me/1", wrap_transport=Made("a"))
        transport = open_transport(config)
        try:
            await transport.request(GET)
        finally:
            await transport.close()
        [received] = server.requests
        assert received.header("via") == "a"
        assert received.header("authorization") == "Bearer t"
        assert received.header("user-agent") == "me/1"


async def test_a_wrapper_sees_each_retry() -> None:
    made = Made("a")
    busy = ScriptedResponse.of({"kind": "Status", "code": 429}, 429, headers={"Retry-After": "0"})
    transport = ScriptedTransport(busy, ScriptedResponse.of({"major": "1"}))
    client = kubeloop.RESTClient(Config(host="https://a", wrap_transport=made), transport=transport)
    assert await client.get("/version", into=dict) == {"major": "1"}
    [wrapper] = made.made
    assert len(wrapper.requests) == 2


async def test_a_wrapper_is_created_once_per_client() -> None:
    made = Made("a")
    async with kubeloop.Clientset(Config(host="https://a", wrap_transport=made)) as clientset:
        _ = (clientset.core_v1.pods(), clientset.dynamic, clientset.discovery)
    assert len(made.made) == 1


async def test_the_certificate_of_a_plugin_passes_the_wrappers() -> None:
    class Plugin:
        def cached(self) -> Credential:
            return Credential(None, ClientCertificate(b"C", b"K"))

        async def fetch(self) -> Credential:
            return self.cached()

        def reject(self, credential: Credential) -> bool:
            return False

    bare = Bare()
    await Authenticated(bare, Config(host="https://a", wrap_transport=Made("a")), source=Plugin()).request(GET)
    assert bare.certificate == b"C"


async def test_a_wrapper_may_refuse_requests() -> None:
    """This is client-go's ContextCanceller."""

    class Refusing(Tagged):
        async def request(self, request: Request, **_: Any) -> Response:
            raise TransportError("shutting down", method=request.method, path=request.path, retryable=False)

    bare = Bare()
    config = Config(host="https://a", wrap_transport=lambda inner: Refusing("", inner))
    with pytest.raises(TransportError, match="shutting down"):
        await kubeloop.RESTClient(config, transport=bare).get("/version")
    assert not bare.requests


class NoTransport:
    """An object with some of the methods of a transport."""

    request = stream = len
    upgrade = None


@pytest.mark.parametrize("result", [None, NoTransport()], ids=["none", "part"])
def test_the_result_of_a_wrapper_must_be_a_transport(result: Any) -> None:
    def wrap(transport: Transport) -> Any:
        return result

    got = type(result).__name__
    config = Config(host="https://a", token="SECRET", wrap_transport=wrap)
    with pytest.raises(TypeError, match=rf"Config\.wrap_transport: expected a transport .* upgrade, got {got}$"):
        open_transport(config)


def test_the_exception_of_a_wrapper_is_raised_as_it_is() -> None:
    def wrap(transport: Transport) -> Transport:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        kubeloop.RESTClient(Config(host="https://a", wrap_transport=wrap))


async def dial(host: str, port: int) -> Any:
    raise NotImplementedError


@pytest.mark.parametrize(
    "settings",
    [
        {"ca_data": b"SECRET"},
        {"ca_file": "/ca"},
        {"cert_data": b"SECRET", "key_data": b"SECRET"},
        {"cert_file": "/c", "key_file": "/k"},
        {"insecure_skip_tls_verify": True},
        {"dial": dial},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_without_an_effect_on_a_users_transport_are_refused(settings: dict[str, Any]) -> None:
    config = Config(host="https://a", **settings)
    for create in (kubeloop.RESTClient, kubeloop.Clientset, kubeloop.DynamicClient, kubeloop.DiscoveryClient):
        with pytest.raises(ConfigError, match=f"^{next(iter(settings))} would have no effect") as caught:
            create(config, transport=Bare())
        assert "SECRET" not in str(caught.value)


async def test_other_settings_apply_to_a_users_transport() -> None:
    bare = Bare()
    config = Config(
        host="https://a", token="t", exec=ExecConfig(command="unused"), tls_server_name="b", wrap_transport=Made("a")
    )
    assert await kubeloop.RESTClient(config, transport=bare).get("/version", into=dict) == {}
    assert bare.requests[0].headers["Authorization"] == "Bearer t"
