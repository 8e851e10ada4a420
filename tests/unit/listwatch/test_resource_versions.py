"""Which versions lists and watches start from. The scenarios are those of client-go's `reflector_test.go`."""

from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.listwatch.resource_versions import (
    ResourceVersions,
    can_resume,
    is_expired,
    lacks_version,
)
from tests.support.things import api_error

TOO_LARGE = api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")


@pytest.mark.parametrize(
    ("start", "delivered", "is_unavailable", "expected"),
    [
        ("0", None, False, "0"),
        ("", None, False, ""),
        ("7", None, False, "7"),
        ("0", "", False, ""),
        ("", "", False, ""),
        ("0", "9", False, "9"),
        ("", "9", False, "9"),
        ("0", None, True, ""),
        ("0", "9", True, ""),
    ],
)
def test_the_version_to_list_at(start: str, delivered: str | None, is_unavailable: bool, expected: str) -> None:
    versions = ResourceVersions(start)
    if delivered is not None:
        versions.listed(delivered)
    if is_unavailable:
        versions.list_is_unavailable()
    assert versions.to_list() == expected


def test_a_version_that_the_server_lacks_is_remembered_until_a_list_succeeds() -> None:
    versions = ResourceVersions("7")
    versions.list_is_unavailable()
    assert versions.to_list() == ""
    assert versions.last == "7"
    versions.listed("9")
    assert versions.to_list() == "9"


@pytest.mark.parametrize(("start", "expected"), [("", ""), ("0", ""), ("7", "7")])
def test_only_a_version_to_watch_from_is_one_that_was_reached(start: str, expected: str) -> None:
    assert ResourceVersions(start).last == expected


@pytest.mark.parametrize(("version", "expected"), [("", False), ("0", False), ("7", True)])
def test_which_versions_a_watch_can_be_resumed_from(version: str, expected: bool) -> None:
    """(A11)"""
    assert can_resume(version) is expected


@pytest.mark.parametrize(
    ("listed", "events", "expected"),
    [
        ("7", ["ADDED", "MODIFIED"], ["1", "2"]),
        ("", ["ADDED", "ADDED", "MODIFIED", "ADDED"], ["", "", "3", "4"]),
        ("0", ["ADDED", "BOOKMARK", "ADDED"], ["0", "2", "3"]),
        ("0", ["DELETED"], ["1"]),
    ],
)
def test_which_events_move_the_version(listed: str, events: list[str], expected: list[str]) -> None:
    versions = ResourceVersions("0")
    versions.listed(listed)
    versions.watching()
    reached: list[str] = []
    for number, event in enumerate(events, 1):
        versions.delivered(event, str(number))
        reached.append(versions.last)
    assert reached == expected


def test_every_watch_from_no_version_begins_with_events_in_any_order() -> None:
    versions = ResourceVersions("")
    for _ in range(2):
        versions.listed("")
        versions.watching()
        versions.delivered("ADDED", "9")
        assert versions.last == ""
        versions.delivered("MODIFIED", "10")
        assert versions.last == "10"


@pytest.mark.parametrize("event", ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"])
def test_an_event_without_a_version_moves_nothing(event: str) -> None:
    versions = ResourceVersions("5")
    versions.watching()
    versions.delivered(event, "")
    assert versions.last == "5"


@pytest.mark.parametrize("event", ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"])
def test_only_a_bookmark_shows_that_there_are_bookmarks(event: str) -> None:
    versions = ResourceVersions("5")
    versions.watching()
    versions.delivered(event, "6")
    assert versions.has_bookmarks is (event == "BOOKMARK")
    versions.delivered("ADDED", "7")
    assert versions.has_bookmarks is (event == "BOOKMARK")
    versions.watching()
    assert not versions.has_bookmarks, "those of an earlier watch promise none"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, False),
        (api_error(errors.Expired, 410, "Expired"), True),
        (api_error(errors.Gone, 410, "Gone"), True),
        (TOO_LARGE, False),
        (errors.ConnectionLost("cut"), False),
    ],
)
def test_which_errors_are_an_expired_version(error: Exception | None, expected: bool) -> None:
    assert is_expired(error) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TOO_LARGE, True),
        (api_error(errors.GatewayTimeout, 504, "Timeout", "Too large resource version: 8, current: 7"), True),
        (
            errors.GatewayTimeout(
                errors.StatusDetails(code=504, causes=(errors.StatusCause(message="Too large resource version"),))
            ),
            True,
        ),
        (api_error(errors.GatewayTimeout, 504, "Timeout", "slow"), False),
        (api_error(errors.BadRequest, 400, "BadRequest", "Too large resource version"), False),
        (ValueError("Too large resource version"), False),
    ],
)
def test_a_too_large_version_is_recognized_by_its_cause_or_on_old_servers_by_its_text(
    error: Exception, expected: bool
) -> None:
    assert lacks_version(error) is expected
