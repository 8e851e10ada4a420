"""The headers that describe a user, for impersonation and from an authenticating proxy."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import unquote

import pytest

from kubeloop.config import Config, Impersonation
from kubeloop.transport import auth_proxy, open_transport
from kubeloop.transport.user_headers import impersonation_headers
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.support.raw_server import Received, raw_server, reply


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("plain", "plain"),
        ("with space", "with%20space"),
        ("%20", "%2520"),
        ("é", "%C3%A9"),
        ("a!b~c", "a!b~c"),
        (":", "%3A"),
        ("test.example.com/thing.thing", "test.example.com%2Fthing.thing"),
        ("test.example.com/thing.thing%20another.thing", "test.example.com%2Fthing.thing%2520another.thing"),
    ],
)
def test_escapes_keys_of_extras_as_client_go(key: str, name: str) -> None:
    pairs = impersonation_headers(Impersonation(user="u", extra={key: ("v",)}))
    assert pairs[1] == (f"Impersonate-Extra-{name}", "v")


@pytest.mark.parametrize(
    "key",
    [
        "alphabetical",
        "alph4num3r1c",
        "percent%20encoded",
        "almost%zzpercent%xxencoded",
        "example.com/percent%20encoded",
        "example.com/ᛒᚥᛏᛖᚥᚢとロビン",
        "abc123!#$+.-_*\\^`~|'",
        "@=:",
    ],
)
async def test_a_server_decodes_the_keys_of_extras(key: str) -> None:
    """As client-go's TestHeaderEscapeRoundTrip, over a connection."""
    async with raw_server(reply()) as server:
        user = Impersonation(user="jane", extra={key: ("a", "b")})
        received = await sent(Config(host=server.url, impersonate=user, wrap_transport=auth_proxy(user)), server)
        for prefix in ("impersonate-extra-", "x-remote-extra-"):
            found = [
                (unquote(name.removeprefix(prefix)), value)
                for name, value in received.headers
                if name.startswith(prefix)
            ]
            # HTTP has no letters of two cases in the names of headers.
            assert [(found_key.lower(), value) for found_key, value in found] == [
                (key.lower(), "a"),
                (key.lower(), "b"),
            ]


async def sent(config: Config, server: Any, request: Request | None = None) -> Received:
    """Send a request with the transport of a config, and return what the server received."""
    transport = open_transport(config)
    try:
        await transport.request(request or Request("GET", "/api"))
    finally:
        await transport.close()
    received: Received = server.requests[-1]
    return received


USERS: list[tuple[Impersonation, list[tuple[str, str]]]] = [
    (
        Impersonation(user="user", uid="uid-a", groups=("one", "two"), extra={"first": ("A", "a"), "second": ("B",)}),
        [
            ("User", "user"),
            ("Uid", "uid-a"),
            ("Group", "one"),
            ("Group", "two"),
            ("Extra-first", "A"),
            ("Extra-first", "a"),
            ("Extra-second", "B"),
        ],
    ),
    (
        Impersonation(user="user", groups=("one",), extra={"first": ("A",)}),
        [("User", "user"), ("Group", "one"), ("Extra-first", "A")],
    ),
    (Impersonation(user="user", uid="uid-a"), [("User", "user"), ("Uid", "uid-a")]),
    (Impersonation(user="user"), [("User", "user")]),
]


@pytest.mark.parametrize(("user", "expected"), USERS, ids=["all", "no uid", "uid", "name"])
async def test_only_what_is_given_has_a_header(user: Impersonation, expected: list[tuple[str, str]]) -> None:
    assert impersonation_headers(user) == tuple((f"Impersonate-{name}", value) for name, value in expected)
    async with raw_server(reply()) as server:
        received = await sent(Config(host=server.url, wrap_transport=auth_proxy(user)), server)
        remote = [(name, value) for name, value in received.headers if name.lower().startswith("x-remote-")]
        assert remote == [(f"x-remote-{name.lower()}", value) for name, value in expected]


async def test_a_proxy_replaces_the_user_that_a_request_claims_to_be() -> None:
    claims = {
        "x-remote-user": "admin",
        "X-REMOTE-UID": "0",
        "X-Remote-Group": "system:masters",
        "x-remote-extra-scopes": "all",
        "X-Remote-Other": "kept",
        "Accept": "text/plain",
    }
    async with raw_server(reply()) as server:
        config = Config(host=server.url, token="t", wrap_transport=auth_proxy(Impersonation(user="jane")))
        received = await sent(config, server, Request("GET", "/api", claims))
        assert [pair for pair in received.headers if "remote" in pair[0].lower()] == [
            ("x-remote-other", "kept"),
            ("x-remote-user", "jane"),
        ]
        assert received.header("accept") == "text/plain"
        assert received.header("authorization") == "Bearer t"


async def test_a_proxy_names_the_user_of_streams_and_upgrades_too() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.requests: list[Request] = []

        async def request(self, request: Request, **_: Any) -> Response:
            raise NotImplementedError

        def stream(self, request: Request, **_: Any) -> AbstractAsyncContextManager[Any]:
            self.requests.append(request)
            raise NotImplementedError

        upgrade = stream

    recorder = Recorder()
    transport = auth_proxy(Impersonation(user="jane", groups=("dev", "ops")))(recorder)
    assert repr(transport).startswith("<auth_proxy <")
    request = Request("GET", "/api", Headers([("Accept", "a"), ("Accept", "b")]))
    for call in (transport.stream, lambda each: transport.upgrade(each, subprotocols=["v5"])):
        with pytest.raises(NotImplementedError):
            call(request)
    for each in recorder.requests:
        assert isinstance(each.headers, Headers)
        assert each.headers.get_all("accept") == ["a", "b"]
        assert each.headers.get_all("x-remote-group") == ["dev", "ops"]
    assert len(recorder.requests) == 2
