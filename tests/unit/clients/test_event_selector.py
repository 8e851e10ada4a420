"""The cases of client-go's TestGetFieldSelector."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.models import core_v1, events_v1, events_v1beta1
from kubeloop.record import events_about
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.occurrences import core_recorder_of, note, pod, recorder_of

ALL = "{0}.apiVersion=v1,{0}.kind=Pod,{0}.name=web,{0}.uid=u1"


@pytest.mark.parametrize(
    ("events", "prefix"),
    [(core_v1.Event, "involvedObject"), (events_v1.Event, "regarding"), (events_v1beta1.Event, "regarding")],
    ids=["v1", "events.k8s.io/v1", "events.k8s.io/v1beta1"],
)
def test_the_fields_have_the_names_of_the_api(events: Any, prefix: str) -> None:
    assert str(events_about(pod(), events)) == ALL.format(prefix)


def test_the_events_of_core_are_meant_unless_others_are_given() -> None:
    assert str(events_about(pod())) == ALL.format("involvedObject")


def test_what_an_object_does_not_have_does_not_select() -> None:
    assert str(events_about(core_v1.ObjectReference(name="web"))) == "involvedObject.name=web"
    assert str(events_about(core_v1.ObjectReference())) == ""


@in_virtual_time
async def test_only_the_events_about_the_object_are_read() -> None:
    client = fake.Clientset()
    async with recorder_of(client) as recorder, core_recorder_of(client) as core:
        for name in ("web", "other"):
            note(recorder, about=pod(name))
            note(core, about=pod(name))
    found = await client.core_v1.events("default").list(field_selector=events_about(pod()))
    assert [event.involved_object.name for event in found] == ["web", "web"]
    newer = await client.events_v1.events("default").list(field_selector=events_about(pod(), events_v1.Event))
    assert [event.regarding.name for event in newer] == ["web", "web"]
