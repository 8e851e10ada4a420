from __future__ import annotations

import pytest

from kubeloop.record import Occurrence, reference_to
from kubeloop.record.spam_filter import SpamFilter
from tests.support.occurrences import occurrence, pod


def exhausted() -> SpamFilter:
    spam = SpamFilter()
    assert all(spam.accepts(occurrence(), 0.0) for _ in range(25))
    return spam


def test_25_events_are_accepted_at_once_and_one_more_per_five_minutes() -> None:
    spam = exhausted()
    assert [spam.accepts(occurrence(), at) for at in (0, 299, 300.1, 300.2, 599, 601)] == [
        False, False, True, False, False, True,
    ]  # fmt: skip


def test_five_minutes_are_enough_for_a_token_however_they_are_divided() -> None:
    spam = SpamFilter()
    times = [number * 0.25 for number in range(25)] + [300 - 6.75 + number * 0.25 for number in range(28)]
    accepted = [at for at in times if spam.accepts(occurrence(), at)]
    assert times[-1] == accepted[-1] == 300
    assert len(accepted) == 26


@pytest.mark.parametrize(
    "other",
    [
        occurrence(reason="Other"),
        occurrence(note="other"),
        occurrence(action="Other"),
        occurrence(reference_to(pod(), "spec")),
        occurrence(pod(version="8")),
    ],
    ids=["reason", "note", "action", "field path", "version"],
)
def test_one_noisy_reason_uses_up_the_tokens_of_all(other: Occurrence) -> None:
    assert not exhausted().accepts(other, 1.0)


@pytest.mark.parametrize(
    "other",
    [occurrence(type="Normal"), occurrence(pod("other")), occurrence(pod(uid="u2"))],
    ids=["type", "name", "uid"],
)
def test_other_objects_and_types_have_their_own_tokens(other: Occurrence) -> None:
    assert exhausted().accepts(other, 1.0)


def test_4096_objects_are_kept_apart() -> None:
    spam = exhausted()
    for number in range(4095):
        spam.accepts(occurrence(pod(f"p{number}")), 0.0)
    assert not spam.accepts(occurrence(), 0.0)
    for number in range(4096):
        spam.accepts(occurrence(pod(f"q{number}")), 0.0)
    assert spam.accepts(occurrence(), 0.0)
    assert repr(spam) == "<SpamFilter: 4096 buckets>"
