from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from kubeloop.certificates import RequestTemplate
from kubeloop.certificates.certificate_pair import CertificatePair
from kubeloop.certificates.rotation_schedule import RotationSchedule, renewal_time, server_responds
from kubeloop.errors import (
    APIError,
    ConnectError,
    CredentialError,
    Forbidden,
    InternalError,
    NotFound,
    StatusCause,
    StatusDetails,
    TLSError,
    Unauthorized,
)
from tests.support.managed import NOON, TEMPLATE, pair_of

HOUR = 3600.0
OTHER = TEMPLATE.replace(common_name="system:node:b")


class Share(random.Random):
    """A source that always returns the same share."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def random(self) -> float:
        return self.share


def schedule(
    pair: CertificatePair | None = None,
    *,
    template: RequestTemplate | None = TEMPLATE,
    share: float = 0.5,
    is_temporary: bool = False,
) -> RotationSchedule:
    made = RotationSchedule(template, random=Share(share))
    made.load(pair, is_temporary=is_temporary)
    return made


@pytest.mark.parametrize(
    ("begin", "end", "is_now"),
    [
        (-1, 99, False),
        (-24, 24, False),
        (-69, 31, False),
        (-91, 9, True),
        (-99, 1, True),
        (-10, -1, True),
    ],
    ids=["just issued", "half of it", "mostly over", "nearly expired", "just before the end", "expired"],
)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_certificate_is_renewed_late_in_its_lifetime(begin: float, end: float, is_now: bool, share: float) -> None:
    made = schedule(pair_of(begin * HOUR, end * HOUR), share=share)
    seconds = made.seconds_until_request(NOON, 0.0)
    assert seconds is not None
    assert (seconds == 0.0) is is_now


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.7), (0.5, 0.8), (1.0, 0.9)])
@pytest.mark.parametrize("lifetime", [60.0, HOUR, 24 * 365 * HOUR])
def test_the_renewal_is_at_a_random_share_of_the_lifetime(share: float, expected: float, lifetime: float) -> None:
    pair = pair_of(-30, lifetime - 30)
    renewal = (renewal_time(pair.leaf, Share(share)) - NOON).total_seconds() + 30
    assert renewal == pytest.approx(expected * lifetime)


def test_the_share_is_drawn_once_per_certificate() -> None:
    made = RotationSchedule(TEMPLATE, random=random.Random(1))
    made.load(pair_of(0, HOUR), is_temporary=False)
    first = made.seconds_until_request(NOON, 0.0)
    assert first is not None
    assert made.seconds_until_request(NOON + timedelta(seconds=60), 60.0) == pytest.approx(first - 60)
    made.issued(pair_of(1, HOUR + 1), NOON, 60.0)
    assert made.seconds_until_request(NOON, 60.0) != first + 1


@pytest.mark.parametrize("template", [TEMPLATE, None])
def test_nothing_is_requested_without_a_template(template: RequestTemplate | None) -> None:
    assert schedule(None, template=template).seconds_until_request(NOON, 0.0) == (0.0 if template else None)
    expired = pair_of(-HOUR, -1)
    assert schedule(expired, template=template).seconds_until_request(NOON, 0.0) == (0.0 if template else None)


def test_a_certificate_without_the_names_of_the_template_is_replaced_at_once() -> None:
    made = schedule(pair_of(0, HOUR), template=OTHER)
    assert made.missing() == "the common name 'system:node:b'"
    assert made.seconds_until_request(NOON, 0.0) == 0.0


@pytest.mark.parametrize(
    ("pair", "template", "missing"),
    [
        (None, None, "a certificate"),
        (None, TEMPLATE, "a certificate"),
        (pair_of(0, HOUR), None, ""),
        (pair_of(0, HOUR), TEMPLATE, ""),
        (pair_of(0, HOUR), OTHER, "the common name 'system:node:b'"),
    ],
)
def test_the_current_pair_is_compared_with_the_template(
    pair: CertificatePair | None, template: RequestTemplate | None, missing: str
) -> None:
    assert schedule(pair, template=template).missing() == missing


def test_a_temporary_pair_is_replaced_at_once() -> None:
    made = schedule(pair_of(0, HOUR), is_temporary=True)
    assert made.renewal is None
    assert made.seconds_until_request(NOON, 0.0) == 0.0


def test_failures_are_followed_by_growing_pauses() -> None:
    made = schedule()
    pauses = []
    time = 0.0
    for _ in range(8):
        pauses.append(made.failed(time))
        assert made.seconds_until_request(NOON, time) == pytest.approx(pauses[-1])
        time += pauses[-1]
        assert made.seconds_until_request(NOON, time) == 0.0
    assert pauses == pytest.approx([base * 1.05 for base in (2, 4, 8, 16, 32, 32, 32, 32)])


@pytest.mark.parametrize(("share", "factor"), [(0.0, 1.0), (1.0, 1.1)])
def test_a_pause_has_a_tenth_of_jitter(share: float, factor: float) -> None:
    assert schedule(share=share).failed(0.0) == pytest.approx(2 * factor)


def test_a_success_ends_the_pauses() -> None:
    made = schedule()
    for _ in range(4):
        made.failed(0.0)
    assert made.issued(pair_of(0, HOUR), NOON, 1.0) == pytest.approx(0.8 * HOUR)
    assert made.seconds_until_request(NOON, 1.0) == pytest.approx(0.8 * HOUR)
    assert made.failed(2.0) == pytest.approx(2.1)


@pytest.mark.parametrize("pair", [pair_of(0, HOUR), pair_of(-HOUR, -1), pair_of(-90, 10)])
def test_an_issued_certificate_that_must_be_replaced_at_once_is_followed_by_a_pause(pair: CertificatePair) -> None:
    made = schedule(template=OTHER if pair.leaf.not_valid_after_utc > NOON + timedelta(minutes=1) else TEMPLATE)
    assert [made.issued(pair, NOON, 0.0) for _ in range(3)] == pytest.approx([2.1, 4.2, 8.4])
    assert made.current == pair
    assert made.seconds_until_request(NOON, 1.0) == pytest.approx(7.4)


def test_a_request_is_outdated_if_it_is_for_names_that_are_no_longer_wanted() -> None:
    made = schedule(pair_of(0, HOUR))
    made.requested(TEMPLATE)
    assert not made.is_request_outdated
    made.template = OTHER
    assert made.is_request_outdated
    made.requested(OTHER)
    assert not made.is_request_outdated
    made.template = TEMPLATE
    assert not made.is_request_outdated  # the current certificate has these names


def test_loading_again_begins_anew() -> None:
    made = schedule()
    made.failed(0.0)
    made.load(None, is_temporary=True)
    assert made.seconds_until_request(NOON, 0.0) == 0.0
    assert made.failed(0.0) == pytest.approx(2.1)


def api_error(kind: type[APIError], *causes: str) -> APIError:
    return kind(StatusDetails(causes=tuple(StatusCause(reason=each) for each in causes)))


@pytest.mark.parametrize(
    ("error", "responds"),
    [
        (api_error(Unauthorized), True),
        (api_error(Unauthorized, "UnexpectedServerResponse"), True),
        (api_error(NotFound), True),
        (api_error(NotFound, "Other"), True),
        (api_error(NotFound, "UnexpectedServerResponse"), False),
        (api_error(Forbidden), True),
        (api_error(Forbidden, "Other", "UnexpectedServerResponse"), False),
        (api_error(InternalError), False),
        (ConnectError("refused"), False),
        (TLSError("expired"), False),
        (CredentialError("no"), False),
        (ValueError("no"), False),
    ],
)
def test_a_refused_request_shows_whether_the_server_works(error: Any, responds: bool) -> None:
    assert server_responds(error) is responds


def test_the_repr_shows_the_renewal() -> None:
    assert "renewal 2026-11-29 12:48:00" in repr(schedule(pair_of(0, HOUR)))
