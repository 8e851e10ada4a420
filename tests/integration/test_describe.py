"""What kubectl shows of the events that recorders write."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.record import CoreEventRecorder, EventRecorder, reference_to
from kubeloop.testing import ControlPlaneError, Kubectl
from tests.support.real_clientset import pod as pod_named
from tests.support.real_clientset import wait_until_served

Recorders = Callable[..., EventRecorder | CoreEventRecorder]
both = pytest.mark.parametrize("recorders", [EventRecorder, CoreEventRecorder])

FIRST, LAST = timedelta(minutes=90, seconds=5), timedelta(minutes=20, seconds=5)
"""Ages that kubectl shows in whole minutes, so that the seconds of a test do not matter."""


class Past:
    """A wall clock that shows `FIRST` ago at its first reading, and `LAST` ago later."""

    def __init__(self) -> None:
        self._ago = FIRST

    def __call__(self) -> datetime:
        ago, self._ago = self._ago, LAST
        return datetime.now(UTC) - ago


@pytest_asyncio.fixture
async def pod(clientset: kubeloop.Clientset, namespace: str) -> AsyncIterator[core_v1.Pod]:
    yield await clientset.core_v1.pods(namespace).create(pod_named("web-0"))


def event_rows(described: str) -> list[list[str]]:
    """Return the rows below `Events:`, each as its columns: type, reason, age, source, message."""
    _, _, table = described.partition("\nEvents:\n")
    return [_columns(line) for line in table.splitlines()[2:] if line.strip()]


def rows(table: str) -> list[list[str]]:
    """Return the rows of a table of events, without the header."""
    header, *lines = table.splitlines()
    assert header.split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    return [_columns(line) for line in lines]


def _columns(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


async def written(recorder: EventRecorder | CoreEventRecorder) -> None:
    """Wait until nothing waits to be written."""
    async with asyncio.timeout(20):
        while recorder.waiting:
            await asyncio.sleep(0.01)


@both
async def test_describe_shows_the_count_and_the_ages_of_a_repeated_event(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    async with recorders(clientset, "pod-counter", now=Past()) as recorder:
        for _ in range(7):
            recorder.event(pod, "Warning", "NoFreePort", "BookPort", "no port is free")

    described = await kubectl.run("describe", "pod", "web-0", "-n", namespace)

    assert event_rows(described) == [
        ["Warning", "NoFreePort", "20m (x7 over 90m)", "pod-counter", "no port is free"],
    ]


@both
async def test_describe_shows_an_event_that_occurred_once(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    async with recorders(clientset, "pod-counter", now=Past()) as recorder:
        recorder.event(reference_to(pod, "spec.containers{main}"), "Normal", "Booked", "BookPort", "port 30000")

    described = await kubectl.run("describe", "pod", "web-0", "-n", namespace)

    assert event_rows(described) == [["Normal", "Booked", "90m", "pod-counter", "spec.containers{main}: port 30000"]]


async def test_describe_shows_similar_events_as_one(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod
) -> None:
    async with CoreEventRecorder(clientset, "pod-counter") as recorder:
        for number in range(12):
            recorder.event(pod, "Warning", "NoFreePort", "BookPort", f"port {number} is taken")
            await written(recorder)

    described = await kubectl.run("describe", "pod", "web-0", "-n", namespace)

    found = {message: age for _, _, age, _, message in event_rows(described)}
    assert set(found) == {
        *(f"port {number} is taken" for number in range(9)),
        "(combined from similar events): port 11 is taken",
    }
    assert re.fullmatch(r"\d+s \(x3 over \d+s\)", found["(combined from similar events): port 11 is taken"])


@both
async def test_events_are_chosen_by_their_object_and_type(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    other = await clientset.core_v1.pods(namespace).create(pod_named("web-1"))
    async with recorders(clientset, "pod-counter", now=Past()) as recorder:
        for _ in range(3):
            recorder.event(pod, "Warning", "NoFreePort", "BookPort", "no port is free")
        recorder.event(other, "Normal", "Booked", "BookPort", "port 30000")

    of_the_pod = await kubectl.run("events", "--for", "pod/web-0", "-n", namespace)
    of_the_type = await kubectl.run("events", "--types=Normal", "-n", namespace)

    assert rows(of_the_pod) == [["20m (x3 over 90m)", "Warning", "NoFreePort", "Pod/web-0", "no port is free"]]
    assert rows(of_the_type) == [["20m", "Normal", "Booked", "Pod/web-1", "port 30000"]]


@both
async def test_the_table_of_all_events_shows_their_objects_and_notes(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    async with recorders(clientset, "pod-counter", now=Past()) as recorder:
        for _ in range(3):
            recorder.event(pod, "Warning", "NoFreePort", "BookPort", "no port is \x1b[31mfree")

    table = await kubectl.run("get", "events", "-n", namespace)

    assert rows(table) == [["20m", "Warning", "NoFreePort", "pod/web-0", r"no port is \x1b[31mfree"]]


@both
async def test_events_of_a_node_are_in_the_default_namespace(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, recorders: Recorders
) -> None:
    nodes = clientset.core_v1.nodes()
    node = await nodes.create(core_v1.Node(metadata=meta_v1.ObjectMeta(name=f"node-{namespace}")))
    name = node.metadata.name
    try:
        async with recorders(clientset, "pod-counter", now=Past()) as recorder:
            for _ in range(2):
                recorder.event(node, "Warning", "NoFreePort", "BookPort", "no port is free")

        described = await kubectl.run("describe", "node", name)
        table = await kubectl.run("events", "--for", f"node/{name}", "-n", "default")

        assert event_rows(described) == [
            ["Warning", "NoFreePort", "20m (x2 over 90m)", "pod-counter", "no port is free"]
        ]
        assert rows(table) == [["20m (x2 over 90m)", "Warning", "NoFreePort", f"Node/{name}", "no port is free"]]
    finally:
        await nodes.delete(name)


@both
async def test_events_of_a_custom_resource_are_shown(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, recorders: Recorders
) -> None:
    await wait_until_served(clientset)
    things = clientset.dynamic.resource("test.kubeloop.dev/v1", "things").namespace(namespace)
    thing = await things.create(
        {"apiVersion": "test.kubeloop.dev/v1", "kind": "Thing", "metadata": {"name": "red"}, "spec": {"color": "red"}}
    )
    async with recorders(clientset, "thing-counter", now=Past()) as recorder:
        for _ in range(2):
            recorder.event(thing, "Normal", "Counted", "Count", "one more thing")

    described = await kubectl.run("describe", "things.test.kubeloop.dev", "red", "-n", namespace)
    table = await kubectl.run("events", "--for", "things.test.kubeloop.dev/red", "-n", namespace)

    assert event_rows(described) == [["Normal", "Counted", "20m (x2 over 90m)", "thing-counter", "one more thing"]]
    assert rows(table) == [["20m (x2 over 90m)", "Normal", "Counted", "Thing/red", "one more thing"]]


@both
async def test_the_related_object_the_action_and_the_annotations_are_in_the_event(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    service = core_v1.ObjectReference(kind="Service", api_version="v1", namespace=namespace, name="web")
    async with recorders(clientset, "pod-counter") as recorder:
        recorder.event(
            pod,
            "Normal",
            "Booked",
            "BookPort",
            "port 30000",
            related=service,
            annotations={"example.com/port": "30000"},
        )

    event = await kubectl.run("get", "events", "-n", namespace, "-o", f"jsonpath={_FIELDS}")

    assert event == "BookPort|v1 Service web|30000|pod-counter"


_FIELDS = (
    "{range .items[*]}{.action}|{.related.apiVersion} {.related.kind} {.related.name}"
    r"|{.metadata.annotations.example\.com/port}|{.reportingComponent}{end}"
)


@both
async def test_a_long_note_is_cut_between_two_characters(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    async with recorders(clientset, "pod-counter", now=Past()) as recorder:
        recorder.event(pod, "Warning", "NoFreePort", "BookPort", "port: " + "é€😀" * 300)

    described = await kubectl.run("describe", "pod", "web-0", "-n", namespace)

    ((*_, message),) = event_rows(described)
    whole = "port: " + "é€😀" * 300
    assert message.endswith("…")
    assert whole.startswith(message[:-1])
    assert 1020 < len(message.encode()) <= 1024


@both
async def test_a_note_cannot_write_to_the_terminal(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, pod: core_v1.Pod, recorders: Recorders
) -> None:
    async with recorders(clientset, "pod-counter", now=Past()) as recorder:
        recorder.event(pod, "Warning", "NoFreePort", "BookPort", "\x1b[31mred\x07 \x9b")

    for command in (["describe", "pod", "web-0"], ["events"]):
        shown = await kubectl.run(*command, "-n", namespace)
        assert r"\x1b[31mred\x07 \x9b" in shown
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)


async def test_the_error_of_kubectl_says_what_is_missing(kubectl: Kubectl, namespace: str) -> None:
    with pytest.raises(ControlPlaneError, match='pods "web-9" not found'):
        await kubectl.run("describe", "pod", "web-9", "-n", namespace)
