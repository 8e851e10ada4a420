"""A client that prefers another format than JSON: all data passes through the protocol of serializers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.models import core_v1, meta_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.registry import Serializers
from kubeloop.wire.serializers.serializer import Serializer
from tests.support.packed_serializer import PACKED, PACKED_TYPE, PACKED_WATCH_TYPE
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

ANY: Serializer = PACKED  # with this line, type checkers verify the protocol
BOTH = Serializers(ANY)
POD: dict[str, Any] = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "a", "namespace": "x", "uid": "u", "resourceVersion": "5"},
}
BROKEN = {**POD, "metadata": {**POD["metadata"], "name": "b", "labels": {"n": 1}}}
FAILURE = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}


def pod_list(*items: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": list(items)}


def packed(data: object, status: int = 200) -> ScriptedResponse:
    return ScriptedResponse(status, (PACKED.encode(data),), headers={"Content-Type": PACKED_TYPE})


def packed_events(*events: tuple[str, dict[str, Any]], size: int = 0, cut: int = 0) -> ScriptedResponse:
    data = b"".join(PACKED.encode_event(kind, obj) for kind, obj in events)
    data = data[: len(data) - cut]
    size = size or len(data)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    return ScriptedResponse(200, chunks, headers={"Content-Type": f"{PACKED_WATCH_TYPE}; stream=watch"}, is_for="watch")


def client(*script: ScriptedResponse) -> tuple[RESTClient, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return RESTClient(Config(host="https://server"), transport=transport, serializers=BOTH), transport


def accepted(transport: ScriptedTransport) -> list[str]:
    return [request.headers["Accept"] for request in transport.requests]


async def read_types(rest: RESTClient, got: list[str]) -> None:
    async with rest.watch("pods", into=core_v1.Pod) as events:
        async for event in events:
            got.append(event.type)  # noqa: PERF401  # events before an error count


FIRST_PACKED = f"{PACKED_TYPE},application/json"


@in_virtual_time
async def test_an_object_is_asked_for_and_read_in_the_preferred_format() -> None:
    rest, transport = client(packed(POD))
    pod = await rest.get("pods", namespace="x", name="a", into=core_v1.Pod)
    assert pod == core_v1.Pod.from_dict(POD)
    assert accepted(transport) == [FIRST_PACKED]


@in_virtual_time
async def test_a_server_that_knows_json_only_is_read_as_json() -> None:
    rest, transport = client(
        ScriptedResponse.of(POD), ScriptedResponse.of(POD, headers={"Content-Type": "application/json;charset=utf-8"})
    )
    for _ in range(2):
        assert await rest.get("pods", namespace="x", name="a", into=core_v1.Pod) == core_v1.Pod.from_dict(POD)
    assert accepted(transport) == [FIRST_PACKED] * 2


@in_virtual_time
@pytest.mark.parametrize("into", [Unstructured, dict, bytes, None])
async def test_what_the_format_does_not_support_is_asked_for_as_json(into: Any) -> None:
    rest, transport = client(ScriptedResponse.of(POD))
    await rest.get("pods", namespace="x", name="a", into=into)
    assert accepted(transport) == ["application/json"]


@in_virtual_time
@pytest.mark.parametrize("content_type", ["", "text/html", "application/x-unknown"])
async def test_an_unknown_content_type_is_read_as_json_and_doubted(content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    rest, _ = client(ScriptedResponse(200, (b"<html>",), headers=headers))
    with pytest.raises(kubeloop.DecodeError, match="not readable as JSON") as caught:
        await rest.get("pods", namespace="x", name="a", into=core_v1.Pod)
    assert ("is this the address of an API server?" in str(caught.value)) is bool(content_type)


@in_virtual_time
async def test_an_object_of_another_kind_and_an_unreadable_one_are_reported_as_with_json() -> None:
    rest, _ = client(packed({**POD, "kind": "Node"}), packed(BROKEN))
    with pytest.raises(kubeloop.DecodeError, match="GET /api/v1/namespaces/x/pods/a: expected v1 Pod, got v1 Node"):
        await rest.get("pods", namespace="x", name="a", into=core_v1.Pod)
    with pytest.raises(kubeloop.Unreadable) as caught:
        await rest.get("pods", namespace="x", name="b", into=core_v1.Pod)
    assert (caught.value.key, caught.value.resource_version) == ("x/b", "5")


@in_virtual_time
async def test_a_list_is_read_with_those_that_cannot_be_read() -> None:
    rest, transport = client(packed(pod_list(POD, BROKEN)))
    pods = await rest.get("pods", into=core_v1.PodList)
    assert list(pods.items) == [core_v1.Pod.from_dict(POD)]
    assert list(pods.unreadable) == ["x/b"]
    assert pods.metadata.resource_version == "9"
    assert accepted(transport) == [FIRST_PACKED]


@in_virtual_time
async def test_a_very_large_list_is_read_in_steps() -> None:
    items = [{**POD, "metadata": {"name": f"pod-{number}"}} for number in range(80)]
    body = PACKED.encode(pod_list(*items))
    rest, _ = client(ScriptedResponse(chunks=[body], headers={"Content-Type": PACKED_TYPE}))
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    pods = await rest.get("pods", into=core_v1.PodList)
    task.cancel()
    assert len(pods.items) == 80
    assert turns >= 10


@in_virtual_time
async def test_something_else_is_no_list() -> None:
    rest, _ = client(packed(POD), packed({**FAILURE, "reason": "Forbidden", "code": 403}))
    with pytest.raises(kubeloop.DecodeError, match="expected v1 PodList"):
        await rest.get("pods", into=core_v1.PodList)
    with pytest.raises(kubeloop.Forbidden):
        await rest.get("pods", into=core_v1.PodList)


@in_virtual_time
@pytest.mark.parametrize("size", [1, 3, 50, 0])
async def test_a_watch_is_cut_into_events_wherever_its_bytes_are_cut(size: int) -> None:
    bookmark = {**POD, "metadata": {"resourceVersion": "8"}}
    sent = [("ADDED", POD), ("MODIFIED", BROKEN), ("DELETED", POD), ("BOOKMARK", bookmark)]
    rest, transport = client(packed_events(*sent, size=size))
    async with rest.watch("pods", into=core_v1.Pod) as events:
        got = [event async for event in events]
    assert [event.type for event in got] == ["ADDED", "UNREADABLE", "DELETED", "BOOKMARK"]
    assert got[0].object == core_v1.Pod.from_dict(POD)
    assert isinstance(got[1], kubeloop.UnreadableEvent)
    assert (got[1].key, got[1].change) == ("x/b", "MODIFIED")
    assert accepted(transport) == [FIRST_PACKED]


@in_virtual_time
async def test_an_error_in_a_watch_is_raised_after_the_events_before_it() -> None:
    expired = {**FAILURE, "code": 410, "reason": "Expired", "message": "too old"}
    rest, _ = client(packed_events(("ADDED", POD), ("ERROR", expired)))
    got: list[str] = []
    with pytest.raises(kubeloop.Gone, match="too old"):
        await read_types(rest, got)
    assert got == ["ADDED"]


@in_virtual_time
async def test_a_watch_of_an_unknown_content_type_is_read_as_json() -> None:
    """Unlike client-go's TestWatchUnknownContentType, which refuses such a watch before its events are read."""
    event = JSON.encode_event("ADDED", POD)
    rest, _ = client(
        *[
            ScriptedResponse(200, (chunk,), headers={"Content-Type": "foobar"}, is_for="watch")
            for chunk in (event, PACKED.encode_event("ADDED", POD))
        ]
    )
    got: list[str] = []
    await read_types(rest, got)
    assert got == ["ADDED"]
    with pytest.raises(kubeloop.DecodeError, match="GET /api/v1/pods: not a watch event: "):
        await read_types(rest, got)


@in_virtual_time
async def test_a_watch_that_breaks_off_and_one_of_another_type_are_distinguished() -> None:
    rest, _ = client(packed_events(("ADDED", POD), ("MODIFIED", POD), cut=3))
    got: list[str] = []
    with pytest.raises(kubeloop.ConnectionLost, match="in the middle of an event"):
        await read_types(rest, got)
    assert got == ["ADDED"]
    wrong = ScriptedResponse(200, (b"\0\0\0\1\1",), headers={"Content-Type": PACKED_TYPE}, is_for="watch")
    rest, _ = client(wrong)
    with pytest.raises(kubeloop.DecodeError, match="GET /api/v1/pods: not a watch event: "):
        await read_types(rest, got)


@in_virtual_time
async def test_an_object_is_created_in_the_preferred_format() -> None:
    rest, transport = client(packed(POD, 201))
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x"))
    created = await rest.post("pods", namespace="x", body=pod, into=core_v1.Pod)
    assert created.metadata.uid == "u"
    request = transport.requests[0]
    assert request.headers["Content-Type"] == PACKED_TYPE
    assert request.body is not None
    assert PACKED.decode(request.body, core_v1.Pod) == pod


@in_virtual_time
async def test_a_body_without_a_class_and_a_patch_are_json() -> None:
    rest, transport = client(packed(POD, 201), packed(POD))
    await rest.post("pods", namespace="x", body=POD, into=core_v1.Pod)
    await rest.patch("pods", namespace="x", name="a", body=core_v1.Pod.from_dict(POD), into=core_v1.Pod)
    assert [request.headers["Content-Type"] for request in transport.requests] == [
        "application/json",
        "application/merge-patch+json",
    ]
    assert [json.loads(request.body or b"") for request in transport.requests] == [POD, POD]
    assert accepted(transport) == [FIRST_PACKED] * 2


@in_virtual_time
async def test_a_status_is_the_error_that_it_tells() -> None:
    details = {"name": "a", "kind": "pods", "causes": [{"reason": "R", "message": "M", "field": "f"}]}
    status = {**FAILURE, "code": 404, "reason": "NotFound", "message": 'pods "a" not found', "details": details}
    rest, _ = client(packed(status, 404))
    with pytest.raises(kubeloop.NotFound, match='pods "a" not found') as caught:
        await rest.get("pods", namespace="x", name="a", into=core_v1.Pod)
    assert caught.value.status.name == "a"
    assert [cause.field for cause in caught.value.causes] == ["f"]


@in_virtual_time
@pytest.mark.parametrize("is_success", [True, False])
async def test_what_a_secret_holds_is_in_no_error(is_success: bool) -> None:
    message = "Secret is invalid: value hunter2-hunter2 is taken, aHVudGVyMi1odW50ZXIy as well"
    status = {**FAILURE, "code": 422, "reason": "Invalid", "message": message}
    rest, _ = client(packed(status, 201 if is_success else 422))
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="s", namespace="x"), string_data={"k": "hunter2-hunter2"})
    with pytest.raises(kubeloop.Invalid, match="is taken") as caught:
        await rest.post("secrets", namespace="x", body=secret, into=core_v1.Secret)
    assert "hunter2" not in str(caught.value)
    assert "aHVudGVy" not in str(caught.value)


@in_virtual_time
async def test_a_write_whose_response_cannot_be_read_says_what_it_was() -> None:
    rest, _ = client(packed(BROKEN, 201))
    pod = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="b", namespace="x"))
    with pytest.raises(kubeloop.UnreadableWriteResponse) as caught:
        await rest.post("pods", namespace="x", body=pod, into=core_v1.Pod)
    assert (caught.value.name, caught.value.code) == ("b", 201)


@in_virtual_time
async def test_typed_clients_work_in_the_format() -> None:
    success = {**FAILURE, "status": "Success"}
    rest, transport = client(
        packed(POD),
        packed(pod_list(POD)),
        packed(pod_list(POD)),
        packed(POD, 201),
        packed(POD),
        packed(POD),
        packed(POD),
        packed(success),
        packed(success),
    )
    pods = kubeloop.Clientset.from_rest(rest).core_v1.pods("x")
    pod = await pods.get("a")
    assert (await pods.list()).items == (pod,)
    assert [each async for each in pods.iterate()] == [pod]
    assert await pods.create(pod) == pod
    await pods.edit("a", lambda draft: draft.metadata.labels.update(color="red"))
    assert await pods.delete("a") == pod
    assert isinstance(await rest.delete("pods", namespace="x", name="a", into=core_v1.Pod), meta_v1.Status)
    await pods.delete_collection()
    assert transport.left == 0
    sent = [request.headers.get("Content-Type", "") for request in transport.requests]
    assert sent == ["", "", "", PACKED_TYPE, "", "application/merge-patch+json", "", "", ""]
    assert accepted(transport) == [*[FIRST_PACKED] * 8, "application/json"]


@in_virtual_time
async def test_a_watch_of_a_typed_client_resumes_in_the_format() -> None:
    newer = {**POD, "metadata": {**POD["metadata"], "resourceVersion": "11"}}
    rest, transport = client(
        packed(pod_list(POD)), packed_events(("MODIFIED", newer), cut=1), packed_events(("MODIFIED", newer))
    )
    pods = kubeloop.Clientset.from_rest(rest).core_v1.pods("x")
    got: list[str] = []
    async with pods.watch() as events:
        async for event in events:
            got.append(f"{event.type} {event.object.metadata.resource_version}")
            if len(got) == 2:
                break
    assert got == ["ADDED 5", "MODIFIED 11"]
    assert accepted(transport) == [FIRST_PACKED] * 3


def test_the_parameters_of_a_transformation_are_asked_for_in_each_format() -> None:
    parameters = "as=Table;g=meta.k8s.io;v=v1"
    assert BOTH.accept(core_v1.PodList, parameters) == ",".join(
        [f"{PACKED_TYPE};{parameters}", f"application/json;{parameters}", PACKED_TYPE, "application/json"]
    )


def test_several_formats_are_asked_for_in_the_order_in_which_they_are_given() -> None:
    assert Serializers(JSON, PACKED).accept(core_v1.Pod) == FIRST_PACKED
    assert Serializers().accept(core_v1.Pod) == "application/json"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (PACKED_TYPE, PACKED),
        (f"{PACKED_TYPE.upper()} ;a=b", PACKED),
        (PACKED_WATCH_TYPE, PACKED),
        ("application/merge-patch+x-packed", PACKED),
        ("application/json", JSON),
        ("application/apply-patch+yaml", JSON),
        ("text/html", JSON),
        ("", JSON),
        (";", JSON),
    ],
)
def test_the_content_type_chooses(content_type: str, expected: object) -> None:
    assert BOTH.for_content_type(content_type) is expected


EVENTS: Sequence[tuple[str, object]] = [
    ("ADDED", core_v1.Pod.from_dict(POD)),
    ("DELETED", core_v1.Pod.from_dict(POD)),
    ("BOOKMARK", core_v1.Pod.from_dict({"metadata": {"resourceVersion": "8"}})),
    ("ERROR", meta_v1.Status.from_dict({**FAILURE, "code": 410})),
]


@pytest.mark.parametrize("serializer", [JSON, PACKED], ids=["json", "packed"])
def test_what_a_server_would_write_is_what_a_client_reads(serializer: Serializer) -> None:
    pods = core_v1.PodList.from_dict(pod_list(POD))
    assert serializer.decode(serializer.encode(pods), core_v1.PodList) == pods
    status = meta_v1.Status.from_dict({**FAILURE, "code": 404, "reason": "NotFound"})
    assert serializer.decode(serializer.encode(status), meta_v1.Status) == status
    found = serializer.status(serializer.encode(status))
    assert found is not None
    assert (found["status"], found["code"], found["reason"]) == ("Failure", 404, "NotFound")
    assert serializer.status(serializer.encode(pods)) is None
    framing, decoder = serializer.framing(), serializer.event_decoder(core_v1.Pod)
    stream = b"".join(serializer.encode_event(kind, obj) for kind, obj in EVENTS)
    frames = [frame for at in range(len(stream)) for frame in framing.feed(stream[at : at + 1])]
    assert [*frames, *(framing.finish() or ())] == frames
    got = [decoder.decode(frame) for frame in frames]
    assert [(event.type, event.object) for event in got] == list(EVENTS)
    known = serializer.identity(serializer.encode(core_v1.Pod.from_dict(POD)))
    assert dict(known) == {
        "api_version": "v1", "kind": "Pod", "namespace": "x", "name": "a", "uid": "u", "resource_version": "5",
    }  # fmt: skip
