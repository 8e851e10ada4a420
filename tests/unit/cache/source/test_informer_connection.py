"""What an informer reports of its connection to the server, in virtual time."""

from __future__ import annotations

import asyncio
import logging

import pytest

from kubeloop import errors
from kubeloop.cache.source.informer_connection import Connection
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.informers import informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import api_error, thing

FORBIDDEN = api_error(errors.Forbidden, 403, "Forbidden")
EXPIRED = api_error(errors.Expired, 410, "Expired")
SILENT = errors.ServerSilent("nothing came for 180 s", method="GET", path="/things")
CLOSED = errors.TransportError("the client is closed", method="GET", path="/things", retryable=False)
FAILURES = [
    errors.ConnectError("connection refused"),
    errors.TLSError("certificate has expired"),
    api_error(errors.Unauthorized, 401, "Unauthorized"),
    FORBIDDEN,
    api_error(errors.NotFound, 404, "NotFound"),
    api_error(errors.TooManyRequests, 429, "TooManyRequests"),
    api_error(errors.InternalError, 500, "InternalError"),
    api_error(errors.ServiceUnavailable, 503, "ServiceUnavailable"),
]


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


@pytest.mark.parametrize("error", FAILURES, ids=str)
@pytest.mark.parametrize("where", ["list", "watch", "stream"])
@in_virtual_time
async def test_every_failure_is_reported_and_the_store_is_kept(
    error: Exception, where: str, caplog: pytest.LogCaptureFixture
):
    """(D4)"""
    caplog.set_level("INFO")
    server = ThingServer()
    server.put(thing("a", "1"))
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        await asyncio.sleep(100)
        assert (informer.is_connected, informer.last_error) == (True, "")
        caplog.clear()
        if where == "stream":
            # The stream of a watch has no refusals: the stream contains ERROR events instead.
            given = error if isinstance(error, errors.APIError) else FAILURES[-2]
            server.next_lists.extend([given] * 500)
            server.next_watches.extend([given] * 500)
            server.end_watches(given)
        elif where == "list":
            given = error
            server.next_lists.extend([given] * 500)
            server.end_watches(EXPIRED)
        else:
            given = error
            server.next_watches.extend([given] * 500)
            server.cut_watches()
        await asyncio.sleep(3600)
        assert str(given) in informer.last_error
        assert not informer.is_connected
        assert {(type(error), str(given) in str(error)) for error in told} == {(type(given), True)}
        assert 60 < len(told) < 400
        assert informer.lister.get("ns/a").value == "1"
        assert informer.has_synced
        assert informer.last_heard_at is not None
        if where != "watch" or len(server.lists) == 1:
            assert informer.last_heard_at <= 101
        assert len(lines(caplog, logging.WARNING)) == 1
        assert str(given) in lines(caplog, logging.WARNING)[0]
        server.next_lists.clear()
        server.next_watches.clear()
        await asyncio.sleep(100)
        assert (informer.is_connected, informer.last_error) == (True, "")
        assert elapsed() - informer.last_heard_at < 100
        assert len(lines(caplog, logging.WARNING)) == 1
        assert lines(caplog, logging.INFO) == ["things: the connection to the server is back"]


@in_virtual_time
async def test_the_ends_of_every_long_watch_are_no_failures(caplog: pytest.LogCaptureFixture):
    """(D4)"""
    server = ThingServer()
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        for end in (None, errors.ConnectionLost("reset by peer"), EXPIRED, None):
            await asyncio.sleep(50)
            server.end_watches(end)
        await asyncio.sleep(2000)
        assert told == []
        assert informer.is_connected
    assert lines(caplog, logging.WARNING) == []


@in_virtual_time
async def test_silence_of_a_resource_without_bookmarks_is_no_failure(caplog: pytest.LogCaptureFixture):
    """(D13) Events and aggregated servers have no watch cache: their watches may be silent while all is well."""
    caplog.set_level("INFO")
    server = ThingServer()
    server.has_watch_cache = False
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        server.put(thing("a", "1"))
        for number in range(1, 20):
            await asyncio.sleep(180)
            server.end_watches(SILENT)
            await settle()
            assert len(server.watches) == number + 1, "reopened at once"
            assert (informer.is_connected, informer.last_error) == (True, "")
        assert {watch["resource_version"] for watch in server.watches[1:]} == {"101"}
        assert len(server.lists) == 1
        assert told == []
    assert lines(caplog, logging.WARNING) == lines(caplog, logging.INFO) == []


@in_virtual_time
async def test_silence_after_bookmarks_means_that_the_connection_is_lost(caplog: pytest.LogCaptureFixture):
    """(D13)"""
    caplog.set_level("INFO")
    server = ThingServer()
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        server.bookmark(200)
        await asyncio.sleep(180)
        before = len(server.watches)
        server.end_watches(SILENT)
        await settle()
        assert not informer.is_connected
        assert informer.last_error == str(SILENT)
        assert len(server.watches) == before, "not before a pause"
        assert told == [SILENT]
        [line] = lines(caplog, logging.WARNING)
        assert str(SILENT) in line
        await asyncio.sleep(10)
        assert informer.is_connected
        assert server.watches[-1]["resource_version"] == "200"
        assert len(server.watches) == before + 1
        assert len(server.lists) == 1
    assert lines(caplog, logging.INFO) == ["things: the connection to the server is back"]


@in_virtual_time
async def test_a_watch_of_an_idle_resource_may_be_silent_although_an_earlier_one_brought_bookmarks(
    caplog: pytest.LogCaptureFixture,
):
    """(D13) The API server sends no bookmark of the version that the watch was opened at."""
    caplog.set_level("INFO")
    server = ThingServer()
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        server.bookmark(200)
        await asyncio.sleep(100)
        server.end_watches()
        for number in range(2, 12):
            await asyncio.sleep(180)
            server.end_watches(SILENT)
            await settle()
            assert len(server.watches) == number + 1, "reopened at once"
            assert (informer.is_connected, informer.last_error) == (True, "")
        assert {watch["resource_version"] for watch in server.watches[1:]} == {"200"}
        assert len(server.lists) == 1
        assert told == []
        server.bookmark(300)
        await asyncio.sleep(180)
        server.end_watches(SILENT)
        await settle()
        assert told == [SILENT]
    assert lines(caplog, logging.INFO) == []


@in_virtual_time
async def test_silence_instead_of_the_head_of_a_watch_is_a_failure_with_and_without_bookmarks():
    """(D13)"""
    server = ThingServer()
    informer = informer_of(server)
    async with running(informer):
        await asyncio.sleep(100)
        server.next_watches.append(SILENT)
        server.end_watches()
        await settle()
        assert not informer.is_connected
        assert informer.last_error == str(SILENT)
        await asyncio.sleep(10)
        assert informer.is_connected
        assert len(server.lists) == 2


@in_virtual_time
async def test_an_informer_whose_client_is_closed_keeps_what_it_has_and_says_so(caplog: pytest.LogCaptureFixture):
    """(D15) It does not end by itself: the task that stops the informer learns why it does not follow the server. It
    retries ever more rarely.
    """
    server = ThingServer()
    server.put(thing("a", "1"))
    informer = informer_of(server)
    async with running(informer):
        await asyncio.sleep(100)
        server.next_lists.extend([CLOSED] * 1000)
        server.next_watches.extend([CLOSED] * 1000)
        server.end_watches(CLOSED)
        await asyncio.sleep(3600)
        assert not informer.is_connected
        assert informer.last_error == str(CLOSED)
        assert informer.lister.get("ns/a").value == "1"
        assert len(server.lists) + len(server.watches) < 200
    [line] = lines(caplog, logging.WARNING)
    assert "the client is closed" in line


@in_virtual_time
async def test_a_server_that_accepts_watches_and_ends_them_at_once_is_reported_once(caplog: pytest.LogCaptureFixture):
    """(D4)"""
    caplog.set_level("INFO")
    server = ThingServer()
    informer = informer_of(server)
    async with running(informer):
        for _ in range(300):
            server.end_watches(errors.ConnectionLost("reset by peer"))
            await asyncio.sleep(0.5)
        assert len(lines(caplog, logging.WARNING)) == 1
        assert lines(caplog, logging.INFO) == []
        await asyncio.sleep(100)
        assert len(lines(caplog, logging.INFO)) == 1


@in_virtual_time
async def test_an_event_proves_that_the_connection_is_back(caplog: pytest.LogCaptureFixture):
    """(D4)"""
    caplog.set_level("INFO")
    server = ThingServer()
    server.next_watches.append(FORBIDDEN)
    informer = informer_of(server)
    async with running(informer):
        while not server.open_watches:
            await asyncio.sleep(0.1)
        assert lines(caplog, logging.INFO) == []
        server.put(thing("a"))
        await settle()
        assert len(lines(caplog, logging.INFO)) == 1
        await asyncio.sleep(10)
    assert len(lines(caplog, logging.INFO)) == 1


@in_virtual_time
async def test_a_list_that_succeeds_ends_failures_of_lists_and_not_of_watches():
    """(D4)"""
    server = ThingServer()
    server.next_lists.append(FORBIDDEN)
    server.open_delay = 50.0
    informer = informer_of(server)
    async with running(informer):
        assert (informer.is_connected, str(FORBIDDEN) in informer.last_error) == (False, True)
        while len(server.watches) < 1:
            await asyncio.sleep(0.1)
        assert (informer.is_connected, informer.last_error) == (True, "")
        started = elapsed()
        server.next_watches.append(FORBIDDEN)
        while len(server.watches) < 2:
            await asyncio.sleep(1)
        assert len(server.lists) == 3
        assert (informer.is_connected, str(FORBIDDEN) in informer.last_error) == (False, True)
        await asyncio.sleep(45)
        assert elapsed() > started + 45
        assert str(FORBIDDEN) in informer.last_error
        await asyncio.sleep(10)
        assert (informer.is_connected, informer.last_error) == (True, "")


@in_virtual_time
async def test_what_was_heard_last_is_dated():
    """(D4)"""
    server = ThingServer()
    server.list_delay = 5.0
    informer = informer_of(server)
    assert (informer.last_heard_at, informer.is_connected) == (None, False)
    async with running(informer):
        assert (informer.last_heard_at, informer.is_connected) == (None, False)
        await asyncio.sleep(6)
        assert (informer.last_heard_at, informer.is_connected) == (5.0, True)
        await asyncio.sleep(10)
        server.put(thing("a"))
        await settle()
        assert informer.last_heard_at == 16.0
        await asyncio.sleep(10)
        server.bookmark()
        await settle()
        assert informer.last_heard_at == 26.0
    assert not informer.is_connected


@in_virtual_time
async def test_a_list_that_gets_no_response_is_visible(caplog: pytest.LogCaptureFixture):
    """(D14)"""
    server = ThingServer()
    server.list_delay = 1000.0
    informer = informer_of(server)
    async with running(informer):
        assert informer.last_error == ""
        await asyncio.sleep(12)
        assert informer.last_error == "the first LIST has been waiting for a response for 12 s"
        assert lines(caplog, logging.WARNING) == ["things: the first LIST has been waiting for a response for 10 s"]
        await asyncio.sleep(1000)
        assert informer.last_error == ""
        server.end_watches(EXPIRED)
        await asyncio.sleep(20)
        assert informer.last_error == "a LIST has been waiting for a response for 20 s"
        assert informer.is_connected


@in_virtual_time
async def test_a_watch_that_gets_no_response_is_visible_and_then_a_failure(caplog: pytest.LogCaptureFixture):
    """(D14)"""
    server = ThingServer()
    server.open_delay = 1e6
    informer = informer_of(server)
    told: list[Exception] = []
    informer.set_watch_error_handler(lambda _reflector, error: told.append(error))
    async with running(informer):
        await asyncio.sleep(12)
        assert informer.last_error == "a watch has been waiting for a response for 12 s"
        assert lines(caplog, logging.WARNING) == ["things: a watch has been waiting for a response for 10 s"]
        await asyncio.sleep(700)
        assert "the watch was not opened within" in str(told[0])
        assert len(server.lists) == 2
        server.open_delay = 20.0
        await asyncio.sleep(3600)
        assert (informer.last_error, informer.is_connected) == ("", True)
        assert len(lines(caplog, logging.WARNING)) == 2
        server.open_delay = 0.0
        await asyncio.sleep(1300)
        server.open_delay = 20.0
        await asyncio.sleep(700)
        assert len(lines(caplog, logging.WARNING)) == 3


@in_virtual_time
async def test_a_long_retry_after_is_reported_and_the_informer_keeps_to_its_own_back_off(
    caplog: pytest.LogCaptureFixture,
):
    """(C9, D14)"""
    server = ThingServer()
    status = errors.StatusDetails(code=429, reason="TooManyRequests", message="slow down", retry_after=600.0)
    server.next_lists.append(errors.TooManyRequests(status))
    informer = informer_of(server)
    async with running(informer):
        said = "(the server asks for a pause of 600 s; the informer keeps to its own back-off)"
        assert informer.last_error == f"GET /api/v1/configmaps: 429 TooManyRequests: slow down {said}"
        assert said in caplog.text
        await asyncio.sleep(2)
        assert informer.has_synced


@in_virtual_time
async def test_an_async_watch_error_handler_is_reported(caplog: pytest.LogCaptureFixture):
    """(D4)"""
    server = ThingServer()
    server.next_lists.append(FORBIDDEN)
    informer = informer_of(server)

    async def handler(_reflector: object, _error: Exception) -> None: ...

    informer.set_watch_error_handler(handler)
    async with running(informer):
        await asyncio.sleep(2)
        assert informer.has_synced
    assert "expected a plain function" in caplog.text


def test_a_first_list_whose_stream_failed_before_is_no_relist():
    connection = Connection("things")
    connection.watch_ended(FORBIDDEN)
    connection.listed()
    assert connection.relists == {}
    connection.watch_ended(None)
    connection.listed()
    assert connection.relists == {"closed": 1}
