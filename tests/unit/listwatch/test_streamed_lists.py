"""Lists that are the beginning of a watch, in the machine, without a loop."""

from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.listwatch.machine_steps import DeliverList, OpenWatch, ReadEvents, ReadPage, Wait
from kubeloop.listwatch.paging import Page
from kubeloop.listwatch.watch_end import NextAction
from tests.support.machines import (
    EXPIRED,
    FORBIDDEN,
    INTERNAL,
    REFUSED,
    SILENT,
    TOO_LARGE,
    listed,
    opened,
    page_of,
    streamed,
    streaming,
    watch,
)
from tests.support.things import api_error


def test_a_streaming_list_is_the_beginning_of_the_watch_that_follows() -> None:
    machine = streaming()
    assert machine.is_listing
    assert machine.next(0.0) == OpenWatch("", 300, 330.0, sends_initial_events=True)
    assert machine.next(0.5) == Wait(1.0)
    machine.watch_opened(0.5)
    assert machine.next(0.5) == ReadEvents(10.5)
    machine.list_streamed(3, 2.0)
    assert machine.next(2.0) == machine.next(9.0) == ReadEvents(12.0)
    machine.list_complete("100", 3.0)
    assert machine.is_listing
    assert machine.versions.last == ""
    assert machine.next(3.0) == machine.next(4.0) == DeliverList("100", is_streamed=True)
    machine.list_delivered(is_complete=True)
    assert not machine.is_listing
    assert machine.versions.last == "100"
    assert machine.next(5.0) == ReadEvents(330.0)


def test_the_silence_of_a_streaming_list_is_no_longer_than_its_watch() -> None:
    machine = streaming()
    opened(machine)
    machine.list_streamed(1, 325.0)
    assert machine.next(325.0) == ReadEvents(330.0)
    assert type(machine.overdue_error()) is errors.ConnectionLost


def test_what_went_wrong_with_a_list_that_never_ends() -> None:
    machine = streaming()
    opened(machine)
    error = machine.overdue_error(method="GET", path="/x")
    assert isinstance(error, errors.RequestTimeout)
    text = "GET /x: the server sent no bookmark that ends the initial events, and nothing else for 10 s"
    assert str(error) == text
    decision = machine.watch_ended(error, 10.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 0.0, False)
    listed(machine, now=10.0)
    opened(machine, 10.0)
    machine.watch_ended(FORBIDDEN, 20.0)
    assert isinstance(machine.next(100.0), ReadPage)


def test_events_after_a_streamed_list_move_the_version_even_the_first_added() -> None:
    machine = streamed(streaming())
    machine.versions.delivered("ADDED", "101")
    assert machine.versions.last == "101"


def test_the_bookmark_at_the_end_of_a_list_does_not_promise_more_of_them() -> None:
    """(Resources without a watch cache send no others.)"""
    machine = streamed(streaming())
    assert not machine.versions.has_bookmarks
    decision = machine.watch_ended(SILENT, 180.0)
    assert (decision.action, decision.is_failure) == (NextAction.REOPEN, False)


def test_a_watch_after_a_streamed_list_is_resumed_without_a_list() -> None:
    machine = streamed(streaming())
    machine.received(1)
    machine.versions.delivered("MODIFIED", "105")
    assert machine.watch_ended(None, 300.0).action is NextAction.REOPEN
    assert opened(machine, 300.0) == OpenWatch("105", 300, 630.0)


def test_a_watch_that_ends_at_once_after_its_list_is_a_very_short_one() -> None:
    machine = streamed(streaming(), now=5.0)
    assert machine.watch_ended(None, 5.5).action is NextAction.BACK_OFF_AND_RELIST
    assert opened(machine, 10.0) == OpenWatch("100", 300, 340.0, sends_initial_events=True)


def test_a_list_alone_is_no_progress_of_the_watch() -> None:
    machine = streamed(streaming())
    decision = machine.watch_ended(EXPIRED, 0.5)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.BACK_OFF_AND_RELIST, 0.8, True)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("error", [EXPIRED, TOO_LARGE])
def test_a_stream_from_a_version_that_the_server_lacks_begins_again_with_the_newest(
    error: Exception, is_open: bool
) -> None:
    machine = streamed(streaming())
    machine.received(1)
    machine.versions.delivered("MODIFIED", "105")
    machine.watch_ended(EXPIRED, 10.0)
    step = machine.next(10.0)
    assert step == OpenWatch("105", 300, 340.0, sends_initial_events=True)
    if is_open:
        machine.watch_opened(10.0)
    decision = machine.watch_ended(error, 10.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 1.0, False)
    assert machine.next(10.0) == Wait(11.0)
    assert machine.next(11.0) == OpenWatch("", 300, 341.0, sends_initial_events=True)
    machine.watch_ended(error, 11.0)
    assert page_of(machine, 11.0) == Page(500, "")


def test_the_first_stream_never_asks_for_version_0_and_pages_do() -> None:
    machine = streaming()
    assert opened(machine).version == ""
    machine.watch_ended(FORBIDDEN, 0.0)
    assert page_of(machine) == Page(500, "0")


@pytest.mark.parametrize("error", [REFUSED, api_error(errors.TooManyRequests, 429, "TooManyRequests")])
def test_streams_back_off_from_a_server_that_is_overloaded_or_cannot_be_reached(error: Exception) -> None:
    machine = streaming(0.5)
    pauses = []
    now = 0.0
    for _ in range(4):
        assert isinstance(machine.next(now), OpenWatch)
        decision = machine.watch_ended(error, now)
        assert (decision.action, decision.is_failure) == (NextAction.BACK_OFF_AND_RELIST, True)
        pauses.append(decision.pause)
        now += decision.pause
    assert pauses == pytest.approx([1.2, 2.4, 4.8, 9.6])


def test_a_list_that_is_read_in_pages_is_read_in_pages_until_it_is_delivered() -> None:
    machine = streaming(page_size=2)
    opened(machine)
    decision = machine.watch_ended(FORBIDDEN, 0.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 0.0, False)
    assert page_of(machine) == Page(2, "0")
    assert machine.list_failed(INTERNAL, 0.0).pause == 0.8
    listed(machine, now=0.8)
    opened(machine, 1.0)
    machine.watch_ended(FORBIDDEN, 1.0)
    assert opened(machine, 100.0).sends_initial_events


def test_a_streamed_list_that_could_not_be_delivered_is_streamed_again_after_a_pause() -> None:
    machine = streaming()
    opened(machine)
    machine.list_complete("100", 1.0)
    decision = machine.watch_ended(ValueError("refused"), 1.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.BACK_OFF_AND_RELIST, 0.8, True)
    assert machine.versions.last == ""
    assert machine.next(1.0) == Wait(1.8)
    assert machine.next(1.8) == OpenWatch("", 300, 331.8, sends_initial_events=True)


@pytest.mark.parametrize("version", ["", "0"])
def test_a_bookmark_without_a_version_ends_no_list(version: str) -> None:
    machine = streaming()
    opened(machine)
    with pytest.raises(errors.DecodeError, match=f"resourceVersion '{version}'") as raised:
        machine.list_complete(version, 1.0)
    machine.watch_ended(raised.value, 1.0)
    assert isinstance(machine.next(1.0), ReadPage)


def test_an_incomplete_list_is_streamed_again_when_its_watch_ends() -> None:
    machine = streamed(streaming(), is_complete=False)
    machine.received(1)
    assert machine.watch_ended(None, 300.0).action is NextAction.BACK_OFF_AND_RELIST
    streamed(machine, "102", now=400.0)
    assert machine.watch_ended(None, 700.0).action is NextAction.REOPEN


def test_streams_are_a_second_apart() -> None:
    machine = streaming()
    opened(machine, 10.0)
    machine.list_streamed(1, 10.0)
    decision = machine.watch_ended(None, 10.25)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 0.75, False)
    assert machine.next(10.25) == Wait(11.0)
    assert isinstance(machine.next(11.0), OpenWatch)


def test_a_watch_without_a_version_does_not_stream() -> None:
    assert isinstance(watch("").next(0.0), ReadPage)


def test_its_repr_shows_the_streaming_list() -> None:
    machine = streaming()
    assert repr(machine) == "<ListWatchMachine opening a streaming list, at no version yet>"
    opened(machine)
    assert repr(machine) == "<ListWatchMachine receiving a streaming list, at no version yet>"
