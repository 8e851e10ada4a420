"""What a watch does next, as a pure rule. Scenarios of client-go tools/watch/retrywatcher_test.go."""

from __future__ import annotations

from random import Random

import pytest

from kubeloop import errors
from kubeloop.clients.watch_rules import WatchRules
from kubeloop.models import core_v1, meta_v1
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent
from tests.support.chance import Drawing


def api_error(code: int, cls: type[errors.APIError] = errors.APIError, wait: float | None = None) -> errors.APIError:
    return cls(errors.StatusDetails(code=code, retry_after=wait))


def rules(version: str = "5") -> WatchRules:
    return WatchRules(version, Random(1))


def test_the_next_request_goes_on_from_the_last_version_seen() -> None:
    one = rules()
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(resource_version="9"))
    one.saw(WatchEvent("BOOKMARK", pod))
    assert one.params(0.0, 60.0) == {
        "watch": True,
        "allowWatchBookmarks": True,
        "resourceVersion": "9",
        "timeoutSeconds": 60,
    }


@pytest.mark.parametrize(("share", "seconds"), [(0.0, 300), (0.5, 450), (1.0, 600)])
def test_the_server_is_asked_to_end_each_request_after_five_to_ten_minutes(share: float, seconds: int) -> None:
    assert WatchRules("5", Drawing(share)).params(0.0, None)["timeoutSeconds"] == seconds


@pytest.mark.parametrize(("left", "silent_after"), [(None, 490.0), (20.0, 60.0)])
def test_a_connection_is_dead_half_a_minute_after_the_server_should_have_ended_it(
    left: float | None, silent_after: float
) -> None:
    one = WatchRules("5", Drawing(0.5))
    one.params(10.0, left)
    assert one.silent_after == silent_after


def test_the_last_request_is_no_longer_than_what_is_left() -> None:
    assert rules().params(0.0, 2.5)["timeoutSeconds"] == 3


def test_an_event_without_a_version_is_an_error() -> None:
    with pytest.raises(errors.DecodeError, match="resourceVersion"):
        rules().saw(WatchEvent("ADDED", core_v1.Pod()))


def test_a_bookmark_without_a_version_moves_nothing() -> None:
    one = rules()
    one.saw(WatchEvent("BOOKMARK", core_v1.Pod()))
    assert one.resource_version == "5"


@pytest.mark.parametrize(("version", "goes_on_from"), [("9", "9"), ("", "5")])
def test_the_watch_goes_on_after_an_object_that_cannot_be_read(version: str, goes_on_from: str) -> None:
    """(A3)"""
    one = rules()
    one.saw(UnreadableEvent(error=errors.Unreadable("x", name="a", resource_version=version), change="MODIFIED"))
    assert one.resource_version == goes_on_from


@pytest.mark.parametrize("error", [errors.ConnectionLost("x"), api_error(500, errors.InternalError)])
def test_an_event_that_was_delivered_lets_the_pauses_begin_anew(error: Exception) -> None:
    """(D3)"""
    one = rules()
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(resource_version="9"))
    for now in range(20):
        one.params(now, None)
        one.saw(WatchEvent("ADDED", pod))
        pause = one.after_error(error, now) or 0.0
        assert 1.0 <= pause <= 1.6


def test_silence_is_a_failure_of_those_watches_only_that_have_bookmarks() -> None:
    """(D13)"""
    one = rules()
    silent = errors.ServerSilent("x")
    one.saw(WatchEvent("ADDED", core_v1.Pod(metadata=meta_v1.ObjectMeta(resource_version="8"))))
    assert one.is_quiet(silent)
    assert not one.is_quiet(errors.RequestTimeout("x"))
    one.saw(WatchEvent("BOOKMARK", core_v1.Pod(metadata=meta_v1.ObjectMeta(resource_version="9"))))
    one.saw(WatchEvent("ADDED", core_v1.Pod(metadata=meta_v1.ObjectMeta(resource_version="10"))))
    assert not one.is_quiet(silent)


def test_requests_that_end_at_once_are_a_second_apart() -> None:
    one = rules()
    one.params(10.0, None)
    assert one.after_end(10.2) == pytest.approx(0.8)
    assert one.after_end(11.0) == 0.0
    assert one.after_end(300.0) == 0.0


@pytest.mark.parametrize(
    "error",
    [
        errors.ConnectionLost("x"),
        errors.ConnectError("x"),
        errors.RequestTimeout("x"),
        api_error(429, errors.TooManyRequests),
        api_error(500, errors.InternalError),
        api_error(503, errors.ServiceUnavailable),
        api_error(504, errors.GatewayTimeout),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_what_can_heal_is_tried_again_with_growing_pauses(error: Exception, share: float) -> None:
    one = WatchRules("5", Drawing(share))
    pauses = [one.after_error(error, 0.0) for _ in range(8)]
    assert pauses == pytest.approx([each * (1 + share) for each in [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]])


@pytest.mark.parametrize(("quiet", "pause"), [(120.0, 1.6), (120.5, 0.8)])
def test_pauses_start_anew_after_two_minutes_without_an_error(quiet: float, pause: float) -> None:
    one = WatchRules("5", Drawing(0.0))
    one.after_error(errors.ConnectionLost("x"), 0.0)
    assert one.after_error(errors.ConnectionLost("x"), quiet) == pause


@pytest.mark.parametrize(
    "error",
    [
        api_error(410, errors.Expired),
        api_error(410, errors.Gone),
        api_error(400, errors.BadRequest),
        api_error(401, errors.Unauthorized),
        api_error(403, errors.Forbidden),
        api_error(404, errors.NotFound),
        api_error(428),
        api_error(430),
        api_error(499),
        errors.TLSError("x", retryable=False),
        errors.TransportError("the client is closed", retryable=False),
        errors.DecodeError("x"),
        errors.CredentialError("x"),
    ],
)
def test_what_cannot_heal_is_raised(error: Exception) -> None:
    assert rules().after_error(error, 0.0) is None


@pytest.mark.parametrize(("asked", "waited"), [(59.0, 59.0), (60.0, 60.0), (61.0, 60.0), (3600.0, 60.0)])
def test_a_server_cannot_silence_a_watch_for_more_than_a_minute(asked: float, waited: float) -> None:
    """(C9)"""
    assert rules().after_error(api_error(429, wait=asked), 0.0) == waited
