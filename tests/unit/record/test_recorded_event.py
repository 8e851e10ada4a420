from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.meta.name_rules import dns_subdomain_faults
from kubeloop.models import core_v1
from kubeloop.record.recorded_event import EventNames, RecordedEvent
from tests.support.occurrences import EPOCH, SECOND, occurrence

TIME = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)


def test_a_name_is_that_of_the_object_and_the_nanoseconds() -> None:
    name, _, digits = EventNames(Random(1)).next("web", TIME).rpartition(".")
    assert name == "web"
    assert int(digits, 16) // 1000 == 1_767_323_045_678_901


def test_a_clock_that_stands_still_or_goes_back_repeats_no_name() -> None:
    names = EventNames(Random(1))
    times = [TIME, TIME, TIME - timedelta(days=1), TIME]
    numbers = [int(names.next("web", time).rpartition(".")[2], 16) for time in times]
    assert numbers == sorted(set(numbers))
    assert numbers[2] == numbers[1] + 1


@pytest.mark.parametrize("name", ["system:node", "Web", "a_b", "-web", "a" * 240, "a/b", "$", "\ud800"])
def test_a_name_that_is_no_dns_subdomain_becomes_a_uuid(name: str) -> None:
    result = EventNames(Random(1)).next(name, TIME)
    assert UUID(result).version == 4
    assert str(UUID(result)) == result


def test_the_longest_name_stays() -> None:
    assert EventNames(Random(1)).next("a" * (253 - 17), TIME).startswith("aaa")


def test_uuids_do_not_repeat() -> None:
    names = EventNames(Random(1))
    found = {names.next("a:b", TIME) for _ in range(100)}
    assert len(found) == 100
    assert {name[0] for name in found} == set("0123456789abcdef")


@given(st.text(max_size=300), st.datetimes(timezones=st.just(UTC)))
def test_every_name_is_valid(name: str, time: datetime) -> None:
    assert dns_subdomain_faults(EventNames(Random(1)).next(name, time)) == []


def test_an_event_is_in_the_namespace_of_its_object() -> None:
    event = RecordedEvent("web.1", occurrence(), EPOCH, EPOCH)
    assert (event.namespace, event.count) == ("default", 1)
    shop = core_v1.ObjectReference(kind="Pod", namespace="shop", name="a")
    assert RecordedEvent("web.1", occurrence(shop), EPOCH, EPOCH).namespace == "shop"


def test_the_event_of_a_cluster_scoped_object_is_in_the_namespace_default() -> None:
    node = core_v1.ObjectReference(kind="Node", name="n1")
    assert RecordedEvent("n1.1", occurrence(node), EPOCH, EPOCH).namespace == "default"


def test_an_event_that_occurs_again_keeps_its_name_and_its_first_time() -> None:
    again = RecordedEvent("web.1", occurrence(), EPOCH, EPOCH).again(occurrence(note="new"), EPOCH + SECOND)
    assert again == RecordedEvent("web.1", occurrence(note="new"), EPOCH, EPOCH + SECOND, count=2)


def test_the_display_of_names_shows_the_last_number() -> None:
    names = EventNames(Random(1))
    last = names.next("web", TIME).rpartition(".")[2]
    assert repr(names) == f"<EventNames after {last}>"
