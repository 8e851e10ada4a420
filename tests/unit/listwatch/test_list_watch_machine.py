"""The steps of the machine, for an informer and for `watch()`, without a loop."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from kubeloop import errors
from kubeloop.listwatch.list_watch_machine import ListWatchMachine
from kubeloop.listwatch.machine_steps import DeliverList, OpenWatch, ReadEvents, Wait
from kubeloop.listwatch.paging import Page
from kubeloop.listwatch.reopen_or_raise import ReopenOrRaise
from kubeloop.listwatch.watch_end import NextAction
from tests.support.machines import (
    EXPIRED,
    FORBIDDEN,
    INTERNAL,
    LOST,
    REFUSED,
    SILENT,
    TOO_LARGE,
    informer,
    listed,
    opened,
    page_of,
    watch,
)

# The start


def test_an_informer_lists_what_the_server_has_at_hand_and_watches_from_there() -> None:
    machine = informer()
    assert page_of(machine) == Page(500, "0")
    machine.page_read("100", "")
    assert machine.next(0.0) == DeliverList("100")
    machine.list_delivered(is_complete=True)
    assert machine.next(0.0) == OpenWatch("100", 300, 330.0)
    machine.watch_opened(1.0)
    assert machine.next(1.0) == ReadEvents(330.0)


@pytest.mark.parametrize("start", ["", "0"])
def test_a_watch_without_a_version_begins_with_a_list(start: str) -> None:
    machine = watch(start)
    assert page_of(machine) == Page(500, start)
    listed(machine, "9")
    assert opened(machine).version == "9"


def test_a_watch_with_a_version_begins_there() -> None:
    assert watch("7").next(0.0) == OpenWatch("7", 300, 330.0)


def test_a_step_that_was_cancelled_is_returned_again() -> None:
    machine = informer()
    assert machine.next(0.0) == machine.next(0.0)
    machine.page_read("100", "")
    assert machine.next(0.0) == machine.next(0.0) == DeliverList("100")
    machine.list_delivered(is_complete=True)
    assert isinstance(machine.next(0.0), OpenWatch)
    assert machine.next(0.25) == Wait(1.0)
    assert isinstance(machine.next(1.0), OpenWatch)
    machine.watch_opened(1.0)
    assert machine.next(1.0) == machine.next(2.0) == ReadEvents(331.0)


# Timeouts


@pytest.mark.parametrize(("share", "seconds"), [(0.0, 300), (0.5, 450), (1.0, 600)])
def test_the_server_is_asked_to_end_each_watch_after_five_to_ten_minutes(share: float, seconds: int) -> None:
    assert opened(watch("5", share)).timeout_seconds == seconds


@pytest.mark.parametrize(
    ("minimum", "shortest"), [(None, 300), (1.0, 300), (299.0, 300), (300.0, 300), (301.0, 301), (400.0, 400)]
)
def test_a_watch_lasts_from_its_least_time_to_twice_that(minimum: float | None, shortest: int) -> None:
    drawn = [opened(listed(informer(share, min_watch_timeout=minimum))).timeout_seconds for share in (0.0, 0.5, 1.0)]
    assert drawn == [shortest, int(1.5 * shortest), 2 * shortest]


def test_the_timeout_repeats_with_the_seed() -> None:
    first, second = (ListWatchMachine("5", ReopenOrRaise(), Random(5)) for _ in range(2))
    assert opened(first) == opened(second)


@pytest.mark.parametrize(("left", "seconds"), [(2.5, 3), (20.0, 20), (0.0, 1), (1e9, 450)])
def test_the_last_watch_is_no_longer_than_what_is_left(left: float, seconds: int) -> None:
    assert opened(watch("5", 0.5), left=left).timeout_seconds == seconds


@pytest.mark.parametrize(("left", "give_up_at"), [(None, 490.0), (20.0, 60.0)])
def test_a_watch_is_given_up_half_a_minute_after_the_server_should_have_ended_it(
    left: float | None, give_up_at: float
) -> None:
    machine = watch("5", 0.5)
    assert opened(machine, 10.0, left).give_up_at == give_up_at
    assert machine.next(11.0) == ReadEvents(give_up_at)


def test_what_went_wrong_with_a_watch_that_was_given_up() -> None:
    machine = watch()
    machine.next(0.0)
    error = machine.overdue_error(method="GET", path="/x")
    assert isinstance(error, errors.RequestTimeout)
    assert str(error) == "GET /x: the watch was not opened within 330 s"
    machine.watch_opened(1.0)
    error = machine.overdue_error()
    assert type(error) is errors.ConnectionLost
    assert str(error) == "the server did not end the watch within 330 s, although timeoutSeconds asked for 300 s"


# Pages


def test_pages_are_read_one_after_the_other_and_the_first_has_the_version() -> None:
    machine = informer(page_size=2)
    assert page_of(machine) == Page(2, "0")
    machine.page_read("100", "token")
    assert page_of(machine) == Page(2, continue_="token")
    machine.page_read("", "")
    assert machine.next(0.0) == DeliverList("100")


def test_a_list_that_expires_between_its_pages_is_read_whole_at_the_version_that_was_asked_for() -> None:
    machine = informer()
    page_of(machine)
    machine.page_read("100", "token")
    decision = machine.list_failed(EXPIRED, 0.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 0.0, False)
    page = page_of(machine)
    assert page == Page(None, "0")
    assert page.is_first
    machine.page_read("200", "")
    assert machine.next(0.0) == DeliverList("200")


@pytest.mark.parametrize(("first_continue", "expected"), [("", Page(None, "100")), ("token", Page(500, ""))])
def test_a_list_at_a_version_has_pages_only_if_there_is_no_watch_cache(first_continue: str, expected: Page) -> None:
    machine = informer()
    page_of(machine)
    machine.page_read("100", first_continue)
    if first_continue:
        machine.page_read("", "")
    machine.list_delivered(is_complete=True)
    for now in (0.0, 1000.0):
        opened(machine, now)
        machine.watch_ended(FORBIDDEN, now)
        assert page_of(machine, now + 100.0) == expected
        listed(machine, now=now + 100.0)


def test_pages_of_the_newest_state_say_nothing_about_the_watch_cache() -> None:
    machine = informer()
    machine.list_failed(EXPIRED, 0.0)
    assert page_of(machine) == Page(500, "")
    machine.page_read("100", "token")
    machine.page_read("", "")
    machine.list_delivered(is_complete=True)
    opened(machine)
    machine.watch_ended(FORBIDDEN, 0.0)
    assert page_of(machine, 100.0) == Page(None, "100")


@pytest.mark.parametrize(("explicit", "page"), [(3, Page(3, "")), (0, Page(None, "100"))])
def test_a_page_size_that_was_asked_for_holds_for_all_lists(explicit: int, page: Page) -> None:
    machine = informer(page_size=explicit)
    assert page_of(machine) == Page(page.limit, "0")
    listed(machine)
    opened(machine)
    machine.watch_ended(FORBIDDEN, 0.0)
    assert page_of(machine, 100.0) == page


def test_a_list_in_pages_after_an_expired_watch_is_not_the_old_one_again() -> None:
    """With a limit, a list at a version is of exactly this version, and the watch from it expires again."""
    machine = listed(informer(page_size=3))
    opened(machine)
    assert machine.watch_ended(EXPIRED, 10.0).action.lists
    assert page_of(machine, 100.0) == Page(3, "")


# Failed lists


@pytest.mark.parametrize("error", [EXPIRED, TOO_LARGE])
def test_a_list_at_a_version_that_the_server_lacks_is_followed_at_once_by_one_of_the_newest(error: Exception) -> None:
    machine = informer()
    decision = machine.list_failed(error, 5.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 0.0, False)
    assert page_of(machine, 5.0) == Page(500, "")
    decision = machine.list_failed(error, 5.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.BACK_OFF_AND_RELIST, 0.8, True)
    assert machine.next(5.0) == Wait(5.8)
    assert page_of(machine, 5.8) == Page(500, "")
    listed(machine, "7", now=10.0)
    opened(machine, 10.0)
    machine.watch_ended(FORBIDDEN, 10.0)
    assert page_of(machine, 100.0) == Page(None, "7")


def test_failed_lists_back_off_until_one_succeeds() -> None:
    machine = informer(0.5)
    assert [machine.list_failed(INTERNAL, 0.0).pause for _ in range(3)] == pytest.approx([1.2, 2.4, 4.8])
    listed(machine, now=10.0)
    opened(machine, 10.0)
    machine.watch_ended(FORBIDDEN, 10.0)
    assert machine.list_failed(INTERNAL, 100.0).pause == pytest.approx(1.2)


def test_a_list_that_could_not_be_delivered_is_read_again() -> None:
    machine = informer()
    page_of(machine)
    machine.page_read("100", "")
    decision = machine.list_failed(ValueError("refused"), 0.0)
    assert (decision.action, decision.pause) == (NextAction.BACK_OFF_AND_RELIST, 0.8)
    assert machine.versions.last == ""
    assert page_of(machine, 0.8) == Page(500, "0")


def test_what_is_left_of_a_failed_list_does_not_count() -> None:
    machine = informer()
    page_of(machine)
    machine.page_read("100", "token")
    machine.list_failed(INTERNAL, 0.0)
    assert page_of(machine, 10.0) == Page(500, "0")
    machine.page_read("200", "")
    assert machine.next(10.0) == DeliverList("200")


def test_the_first_list_of_a_watch_raises() -> None:
    machine = watch("")
    decision = machine.list_failed(INTERNAL, 0.0)
    assert (decision.action, decision.is_failure) == (NextAction.RAISE, True)
    assert machine.next(0.0) == Wait(0.8)


def test_a_later_list_of_a_watch_without_a_version_is_tried_again() -> None:
    machine = listed(watch(""), "")
    assert opened(machine).version == ""
    assert machine.watch_ended(None, 100.0).action is NextAction.BACK_OFF_AND_RELIST
    assert page_of(machine, 101.0) == Page(500, "")
    assert machine.list_failed(INTERNAL, 101.0).action is NextAction.BACK_OFF_AND_RELIST


# Ended watches


def test_the_next_watch_starts_after_the_last_event_that_was_delivered() -> None:
    machine = watch()
    opened(machine)
    machine.received(2)
    machine.versions.delivered("ADDED", "9")
    machine.versions.delivered("BOOKMARK", "12")
    decision = machine.watch_ended(None, 60.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.REOPEN, 0.0, False)
    assert opened(machine, 60.0).version == "12"


def test_watches_that_end_at_once_are_a_second_apart() -> None:
    machine = watch()
    opened(machine, 10.0)
    assert machine.watch_ended(None, 10.25).pause == 0.75
    assert machine.next(10.25) == Wait(11.0)
    assert opened(machine, 11.0).version == "5"
    assert machine.watch_ended(None, 300.0).pause == 0.0
    assert opened(machine, 300.0).version == "5"


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_what_can_heal_is_tried_again_with_growing_pauses(share: float) -> None:
    machine = watch("5", share)
    opened(machine)
    pauses = []
    now = 0.0
    for _ in range(8):
        decision = machine.watch_ended(LOST, now)
        assert decision.action is NextAction.BACK_OFF_AND_REOPEN
        pauses.append(decision.pause)
        now += decision.pause
        assert isinstance(machine.next(now), OpenWatch)
    # The first pause is at least the second between two watches.
    growing = [each * (1 + share) for each in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]]
    assert pauses == pytest.approx([max(1.0, growing[0]), *growing[1:]])


@pytest.mark.parametrize("error", [LOST, INTERNAL])
def test_an_event_that_was_delivered_resets_the_pauses(error: Exception) -> None:
    """(D3)"""
    machine = watch("5", 1.0)
    for now in range(0, 60, 3):
        opened(machine, now)
        machine.received(1)
        machine.versions.delivered("ADDED", str(now + 6))
        assert machine.watch_ended(error, now).pause == 1.6


def test_an_event_that_cannot_be_assigned_is_no_progress() -> None:
    """(A12)"""
    machine = listed(informer())
    for now, pause in [(0.0, 0.8), (10.0, 1.6), (20.0, 3.2)]:
        opened(machine, now)
        machine.received(1)
        assert machine.watch_ended(errors.Unreadable("no name"), now).pause == pause
        listed(machine, now=now + pause)


def test_silence_is_no_failure_until_the_watch_has_brought_a_bookmark() -> None:
    """(D13)"""
    machine = watch()
    opened(machine)
    machine.versions.delivered("ADDED", "8")
    decision = machine.watch_ended(SILENT, 180.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.REOPEN, 0.0, False)
    opened(machine, 180.0)
    machine.versions.delivered("BOOKMARK", "9")
    machine.versions.delivered("ADDED", "10")
    decision = machine.watch_ended(SILENT, 360.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.BACK_OFF_AND_REOPEN, 0.8, True)
    opened(machine, 370.0)
    decision = machine.watch_ended(SILENT, 550.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.REOPEN, 0.0, False)


def test_silence_instead_of_an_open_watch_is_a_failure() -> None:
    machine = watch()
    opened(machine)
    machine.watch_ended(None, 60.0)
    machine.next(60.0)
    assert machine.watch_ended(SILENT, 240.0).action is NextAction.BACK_OFF_AND_REOPEN


@pytest.mark.parametrize(
    ("asked", "pause"),
    [(None, 0.8), (0.5, 0.8), (20.0, 20.0), (59.0, 59.0), (60.0, 60.0), (61.0, 60.0), (3600.0, 60.0)],
)
def test_a_watch_waits_as_long_as_the_server_asks_for_but_never_more_than_a_minute(
    asked: float | None, pause: float
) -> None:
    """(C9)"""
    machine = watch()
    opened(machine)
    error = errors.TooManyRequests(errors.StatusDetails(code=429, retry_after=asked))
    assert machine.watch_ended(error, 100.0).pause == pause
    assert machine.next(100.0) == Wait(100.0 + pause)


def test_an_informer_keeps_to_its_own_back_off() -> None:
    error = errors.TooManyRequests(errors.StatusDetails(code=429, retry_after=20.0))
    assert informer().list_failed(error, 0.0).pause == 0.8
    machine = listed(informer())
    opened(machine)
    assert machine.watch_ended(error, 100.0).pause == 0.8


@pytest.mark.parametrize("is_open", [True, False])
def test_the_first_expiry_after_progress_lists_at_once_and_the_next_one_after_a_pause(is_open: bool) -> None:
    """(D6)"""
    machine = listed(informer())
    opened(machine, 0.0)
    machine.received(1)
    machine.versions.delivered("ADDED", "101")
    if not is_open:
        machine.watch_ended(None, 1.0)
        machine.next(1.0)
    decision = machine.watch_ended(EXPIRED, 1.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.RELIST, 0.0, False)
    assert page_of(machine, 1.0) == Page(None, "101")
    machine.page_read("102", "")
    machine.list_delivered(is_complete=True)
    opened(machine, 3.0)
    decision = machine.watch_ended(EXPIRED, 3.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.BACK_OFF_AND_RELIST, 0.8, True)


@pytest.mark.parametrize("is_open", [True, False])
def test_an_expired_watch_raises_and_keeps_its_version(is_open: bool) -> None:
    machine = watch()
    opened(machine)
    if not is_open:
        machine.watch_ended(None, 60.0)
        machine.next(60.0)
    assert machine.watch_ended(EXPIRED, 60.0).action is NextAction.RAISE
    assert machine.versions.last == "5"
    assert isinstance(machine.next(60.0), Wait)
    assert opened(machine, 120.0).version == "5"


def test_an_incomplete_list_is_repeated_when_the_watch_that_follows_ends() -> None:
    """(A7)"""
    machine = listed(informer(), is_complete=False)
    opened(machine)
    machine.received(1)
    machine.versions.delivered("ADDED", "101")
    assert machine.watch_ended(None, 300.0).action is NextAction.BACK_OFF_AND_RELIST
    listed(machine, "102", now=400.0)
    opened(machine, 400.0)
    assert machine.watch_ended(None, 700.0).action is NextAction.REOPEN


@pytest.mark.parametrize("make", [informer, lambda: watch("")])
def test_what_was_deleted_before_a_watch_from_no_version_is_found_by_a_list(
    make: Callable[[], ListWatchMachine],
) -> None:
    """(A11)"""
    machine = listed(make(), "")
    opened(machine)
    machine.received(1)
    machine.versions.delivered("MODIFIED", "12")
    assert machine.watch_ended(None, 300.0).action is NextAction.BACK_OFF_AND_RELIST
    assert page_of(machine, 400.0).resource_version == "12"


def test_a_watch_that_ends_right_after_an_event_is_no_very_short_one() -> None:
    machine = listed(informer())
    opened(machine)
    machine.received(1)
    assert machine.watch_ended(None, 0.25).action is NextAction.REOPEN
    opened(machine, 1.0)
    assert machine.watch_ended(None, 1.25).action is NextAction.BACK_OFF_AND_RELIST


def test_a_refused_watch_is_opened_again_from_the_same_version() -> None:
    machine = listed(informer())
    machine.next(0.0)
    decision = machine.watch_ended(REFUSED, 0.0)
    assert (decision.action, decision.pause, decision.is_failure) == (NextAction.BACK_OFF_AND_REOPEN, 1.0, True)
    assert machine.next(0.0) == Wait(1.0)
    assert opened(machine, 1.0).version == "100"


def test_its_repr_shows_what_it_does() -> None:
    machine = watch("")
    assert repr(machine) == "<ListWatchMachine listing, at no version yet>"
    listed(machine, "9")
    assert repr(machine) == "<ListWatchMachine opening a watch, at 9>"
