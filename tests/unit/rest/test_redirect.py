"""Redirects: which are followed, where they lead, and that credentials are sent to no other server. All of row C8."""

from __future__ import annotations

from collections.abc import Collection

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.rest.redirect import Redirects
from kubeloop.rest.result import Result
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.support.results import result_of
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, event, list_of, watch_response

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x", "resourceVersion": "1"}}
GET = Request("GET", "/api/v1/pods/a?b=1", {"Accept": "application/json"})
CODES = [301, 302, 303, 307, 308]


def to(location: str | None, status: int = 302, request: Request = GET, credentials: Collection[str] = ()) -> Result:
    response = Response(status, Headers([] if location is None else [("Location", location)]))
    return result_of(response, request, credentials)


def moved(location: str, status: int = 302) -> ScriptedResponse:
    return ScriptedResponse(status, headers={"Location": location})


def client(*script: object, host: str = "https://server") -> tuple[RESTClient, ScriptedTransport]:
    transport = ScriptedTransport(*script, checked=False)  # type: ignore[arg-type]
    return RESTClient(Config(host=host, token="hunter2"), transport=transport), transport


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_follows_a_redirect_with_all_its_headers(method: str, status: int) -> None:
    """(C8)"""
    first = Request(method, "/a", {"Accept": "x/y"})
    assert Redirects(first, "https://server").after(to("/b", status)) == Request(method, "/b", {"Accept": "x/y"})


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "/b"),
        ("/b?c=2&d=%20#e", "/b?c=2&d=%20"),
        ("https://server/b", "/b"),
        ("HTTPS://SERVER:443/b/", "/b/"),
        ("//server/b", "/b"),
        ("https://server", "/"),
        ("https://server?c=2", "/?c=2"),
        ("b", "/api/v1/pods/b"),
        ("./b", "/api/v1/pods/b"),
        ("../b", "/api/v1/b"),
        ("../../../../../b", "/b"),
        ("..", "/api/v1/"),
        ("/x/../y/./z/..", "/y/"),
        ("https://server/x/../y", "/y"),
        ("?c=2", "/api/v1/pods/a?c=2"),
        ("#e", "/api/v1/pods/a?b=1"),
        (" /b c ", "/b%20c"),
        ("/b\tc\x7f", "/b%09c%7F"),
        ("https://server/@b", "/@b"),
        ("/\udce4", "/%ED%B3%A4"),
        ("/ü/%C3%BC", "/%C3%BC/%C3%BC"),
        ("/b//c", "/b//c"),
    ],
)
def test_a_location_is_resolved_as_rfc_3986_says(location: str, target: str) -> None:
    """(C8)"""
    request = Redirects(GET, "https://server").after(to(location))
    assert request is not None
    assert request.target == target


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/p/q/b?c", "/b?c"),
        ("https://server:6443/p/q/b", "/b"),
        ("https://server:6443/p/%71", "/"),
        ("b", "/api/v1/pods/b"),
        ("?c", "/api/v1/pods/a?c"),
        ("../../../../q/b", "/b"),
        ("/q/b", None),
        ("/p/quite", None),
        ("/p/q/../b", None),
        ("/", None),
    ],
)
def test_a_location_below_the_path_prefix_of_the_server_is_followed(location: str, target: str | None) -> None:
    """(C8) The transport adds the prefix to each target."""
    redirects = Redirects(GET, "https://server:6443/p/q")
    if target is None:
        with pytest.raises(kubeloop.APIError, match="below https://server:6443/p/q only"):
            redirects.after(to(location))
    else:
        request = redirects.after(to(location))
        assert request is not None
        assert request.target == target


@pytest.mark.parametrize(
    "location",
    [
        "https://other/b",
        "http://server/b",
        "https://server:8443/b",
        "//other/b",
        "https://server.other/b",
        "https://server@other/b",
        "https://user:hunter2@server/b",
        "https:///b",
        "https:b",
        "https://server:99999/b",
        "https://[server/b",
        "ftp://server/b",
        "javascript:b",
        "//server:x/b",
        "/%2e%2E/b",
        "https://server//b",
        "/b\\c",
        "user:hunter2@server/b",
    ],
)
@pytest.mark.parametrize("status", [301, 308])
def test_any_other_location_is_an_error_that_names_it(location: str, status: int) -> None:
    """(C8) Credentials are sent to the configured server only."""
    with pytest.raises(kubeloop.APIError) as caught:
        Redirects(GET, "https://server").after(to(f"{location}?token=hunter2#hunter2", status))
    assert caught.value.code == status
    assert "the server redirects to " in str(caught.value)
    assert "not followed: " in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.path == "/api/v1/pods/a"


def test_the_target_is_named_without_what_is_secret() -> None:
    """(C8) A server may repeat the request's contents in the location."""
    known = ("Bearer hunter2-hunter2",)
    redirects = Redirects(GET, "https://server")
    with pytest.raises(kubeloop.APIError, match=r"redirects to https://\*\*\*@other:8443/b/[^/]*/c, which") as caught:
        redirects.after(to("https://user:pass@other:8443/b/hunter2-hunter2/c?d=e", credentials=known))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_not_sent_to_another_address(method: str, status: int) -> None:
    """(C8) Go would turn the write into a GET, whose success looks like that of the write."""
    request = Request(method, "/a", body=b"{}")
    with pytest.raises(kubeloop.APIError, match=f"redirects to /b, which is not followed: a {method} "):
        Redirects(request, "https://server").after(to("/b", status, request))


@pytest.mark.parametrize("result", [to(None), to(""), to("/b", 300), to("/b", 304), to("/b", 200), to("/b", 401)])
def test_what_sends_nobody_anywhere_is_a_response_like_any_other(result: Result) -> None:
    """(C8)"""
    assert Redirects(GET, "https://server").after(result) is None


def test_what_a_redirect_leads_to_is_as_secret_as_what_was_asked_for() -> None:
    """(C8)"""
    request = Redirects(Request("GET", "/api/v1/namespaces/x/secrets/s"), "https://server").after(to("/b"))
    assert request is not None
    assert request.is_confidential
    request = Redirects(GET, "https://server").after(to("/b"))
    assert request is not None
    assert not request.is_confidential


@in_virtual_time
async def test_a_read_gets_what_the_redirect_leads_to() -> None:
    """(C8)"""
    rest, transport = client(moved("/b", 301), moved("c?d=1", 307), ScriptedResponse.of(POD))
    assert (await rest.get("pods", name="a", into=core_v1.Pod)).metadata.name == "a"
    assert [request.target for request in transport.requests] == ["/api/v1/pods/a", "/b", "/c?d=1"]
    assert {request.headers["Authorization"] for request in transport.requests} == {"Bearer hunter2"}


@in_virtual_time
async def test_another_server_never_sees_the_credentials() -> None:
    """(C8)"""
    rest, transport = client(moved("https://other/a?token=hunter2"), moved("http://server/a"))
    for _ in range(2):
        with pytest.raises(kubeloop.APIError, match="302 Unknown: the server redirects to http") as caught:
            await rest.get("pods", name="a")
        assert "hunter2" not in str(caught.value)
    assert len(transport.requests) == 2


@in_virtual_time
async def test_ten_requests_are_sent_at_most() -> None:
    """(C8) As in Go."""
    rest, transport = client(*[moved("/a")] * 9, ScriptedResponse.of(POD), *[moved("/a")] * 10)
    await rest.get("pods", name="a")
    with pytest.raises(kubeloop.APIError, match="/a, which is not followed: 10 requests in a row were redirected"):
        await rest.get("pods", name="a")
    assert (len(transport.requests), transport.left) == (20, 0)


@in_virtual_time
async def test_a_write_that_is_redirected_is_sent_once() -> None:
    """(C8)"""
    rest, transport = client(moved("/b", 307))
    with pytest.raises(kubeloop.APIError, match="a POST is not sent to another address"):
        await rest.post("pods", namespace="x", body=POD)
    assert len(transport.requests) == 1


@in_virtual_time
async def test_a_read_that_is_retried_begins_at_its_own_address() -> None:
    """(C8) A redirect of an attempt that failed says nothing about the next one."""
    lost = kubeloop.ConnectionLost("reset", method="GET", path="/b")
    rest, transport = client(moved("/b"), lost, moved("/c"), list_of([POD], "7"))
    await rest.get("pods")
    assert [request.target for request in transport.requests] == ["/api/v1/pods", "/b", "/api/v1/pods", "/c"]


@in_virtual_time
async def test_watches_and_streams_follow_and_leave_nothing_open() -> None:
    """(C8)"""
    rest, transport = client(
        moved("/b?watch=true"),
        watch_response(event("ADDED", POD), Hang()),
        moved("/log"),
        ScriptedResponse(chunks=[b"line"]),
    )
    async with rest.watch("pods", into=core_v1.Pod) as events:
        assert transport.open_streams == 1
        assert (await anext(events)).type == "ADDED"
    async with rest.stream("pods", name="a", subresource="log") as stream:
        assert await stream.read() == b"line"
    assert [request.target for request in transport.requests[1:]] == ["/b?watch=true", "/api/v1/pods/a/log", "/log"]
    assert [request.may_fall_silent for request in transport.requests] == [False, False, True, True]
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_watch_that_is_sent_to_another_server_is_an_error() -> None:
    """(C8)"""
    rest, transport = client(moved("https://other/b"))
    with pytest.raises(kubeloop.APIError, match="https://other/b"):
        async with rest.watch("pods", into=core_v1.Pod):
            pass
    assert transport.open_streams == 0


@in_virtual_time
async def test_the_timeout_counts_for_all_of_them_together() -> None:
    """(C8)"""
    late = ScriptedResponse(302, headers={"Location": "/b"}, delay=2.0)
    rest, _ = client(*[late] * 5)
    with pytest.raises(kubeloop.RequestTimeout):
        await rest.get("pods", name="a", timeout=5)
    assert elapsed() == 5.0
