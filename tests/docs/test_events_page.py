"""The programs of the page on events run."""

from __future__ import annotations

import asyncio

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1, rbac_v1
from kubeloop.record import EventRecorder, reference_to
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "events.md"
POD = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web", namespace="default", uid="u1"))


@in_virtual_time
async def test_every_pod_without_a_port_has_an_event() -> None:
    client = fake.Clientset(POD)
    await names_of(PAGE, "book_ports")["book_ports"](client)
    (event,) = await client.events_v1.events("default").list()
    assert (event.regarding.name, event.reason, event.reporting_controller) == ("web", "NoFreePort", "port-booker")


def test_a_pod_with_a_port_has_an_event_too() -> None:
    recorder = fake.EventRecorder()
    assert names_of(PAGE, "book_ports")["book_port"](POD, recorder, [30001]) == 30001
    recorder.assert_event(type="Normal", reason="PortBooked", note="the pod has the port 30001", times=1)


@in_virtual_time
async def test_the_recorder_shows_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    await names_of(PAGE, "record_and_count")["record_and_count"](fake.Clientset(), POD)
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["<EventRecorder port-booker: closed, 0 waiting, 1 written, 0 dropped>", "1.0"]
    assert f"It prints `{printed[0]}` and `{printed[1]}`" in PAGE.read_text(encoding="utf-8")


def test_a_part_of_an_object_is_referred_to() -> None:
    recorder = fake.EventRecorder()
    names_of(PAGE, "report_container")["report_container"](POD, recorder)
    recorder.assert_event(about=reference_to(POD, "spec.containers{web}"), reason="Slow")


@in_virtual_time
async def test_the_events_about_an_object_are_read() -> None:
    client = fake.Clientset(POD)
    await names_of(PAGE, "book_ports")["book_ports"](client)
    reasons = names_of(PAGE, "reasons")["reasons"]
    assert await reasons(client, POD) == ["NoFreePort: no port is free in 30000-32767"]
    earlier = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web", namespace="default", uid="u0"))
    assert await reasons(client, earlier) == []


def test_the_test_of_the_page_passes() -> None:
    names_of(PAGE, "test_a_pod_without_a_port_is_reported")["test_a_pod_without_a_port_is_reported"]()


@in_virtual_time
async def test_the_role_permits_what_a_recorder_does() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    [role] = kubeloop.parse_manifests(text.encode())
    assert isinstance(role, rbac_v1.Role)
    client = fake.Clientset()
    async with EventRecorder(client, "port-booker") as recorder:
        for _ in range(3):
            recorder.event(POD, "Normal", "PortBooked", "BookPort", "the pod has a port")
            await asyncio.sleep(1)
    used = {(each.verb, each.group, each.resource) for each in client.api.actions}
    assert used == {
        (verb, group, resource)
        for rule in role.rules
        for verb in rule.verbs
        for group in rule.api_groups
        for resource in rule.resources
    }
