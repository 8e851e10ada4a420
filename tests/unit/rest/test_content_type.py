"""`Config(content_type="protobuf")`: what is requested and sent in which format, and servers that refuse a format."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

import kubeloop
from kubeloop.models import autoscaling_v1, core_v1, meta_v1, policy_v1
from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.unstructured import Unstructured
from kubeloop.wire.protobuf.envelope import sealed
from kubeloop.wire.protobuf.wire_format import with_length
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.request import Request
from kubeloop.wire.serializers.protobuf_events import event_message
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF
from kubeloop.wire.serializers.registry import Serializers
from tests.support.packed_serializer import PACKED, PACKED_TYPE
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, error_status
from tests.unit.wire.custom_kind import Certificate

PROTOBUF_TYPE = PROTOBUF.media_types[0]
PREFERRED = f"{PROTOBUF_TYPE},application/json"
POD = core_v1.Pod(
    metadata=meta_v1.ObjectMeta(name="a", namespace="x", uid="u", resource_version="5"),
    spec=core_v1.PodSpec(containers=[core_v1.Container(name="main", image="nginx")]),
)
PODS = core_v1.PodList(metadata=meta_v1.ListMeta(resource_version="9"), items=[POD])
STATUS = meta_v1.Status(status="Success")


def binary(obj: object, status: int = 200) -> ScriptedResponse:
    """Return a response in protobuf."""
    return raw(PROTOBUF.encode(obj), status)


def raw(body: bytes, status: int = 200) -> ScriptedResponse:
    return ScriptedResponse(status, (body,), headers={"Content-Type": PROTOBUF_TYPE})


def binary_watch(*events: tuple[str, object], cut: int = 0) -> ScriptedResponse:
    data = b"".join(PROTOBUF.encode_event(*event) for event in events)
    headers = {"Content-Type": f"{PROTOBUF_TYPE};stream=watch"}
    return ScriptedResponse(200, (data[: len(data) - cut],), headers=headers, is_for="watch")


def clients(*script: Any) -> tuple[kubeloop.Clientset, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    config = kubeloop.Config(host="https://server", content_type="protobuf")
    return kubeloop.Clientset(config, transport=transport), transport


def formats(transport: ScriptedTransport) -> list[tuple[str, str, str]]:
    """Return the method, `Accept` and `Content-Type` of each request, with the formats abbreviated."""

    def short(request: Request, name: str) -> str:
        return request.headers.get(name, "").replace(PROTOBUF_TYPE, "protobuf").replace("application/", "")

    return [(each.method, short(each, "Accept"), short(each, "Content-Type")) for each in transport.requests]


def sent_model(request: Request, cls: type[Any]) -> Any:
    assert request.headers["Content-Type"] == PROTOBUF_TYPE
    return PROTOBUF.decode(request.body or b"", cls)


# --- the choice -------------------------------------------------------------------------------------------------------


def test_the_format_is_one_of_two() -> None:
    assert kubeloop.Config(host="server").content_type == "json"
    wrong: Any = "application/json"
    with pytest.raises(kubeloop.ConfigError, match='content_type to be "json" or "protobuf", got \'application/json\''):
        kubeloop.Config(host="server", content_type=wrong)


@in_virtual_time
async def test_every_verb_of_a_typed_client_reads_protobuf_and_writes_whole_objects_in_it() -> None:
    clientset, transport = clients(
        binary(POD), binary(PODS), binary(PODS), binary(POD, 201), binary(POD), binary(POD), binary(POD), binary(STATUS)
    )
    pods = clientset.core_v1.pods("x")
    assert await pods.get("a") == POD
    assert (await pods.list()).items == (POD,)
    assert [each async for each in pods.iterate()] == [POD]
    assert await pods.create(POD) == POD
    assert await pods.update(POD) == POD
    assert await pods.patch("a", {"metadata": {"labels": {"color": "red"}}}) == POD
    assert await pods.delete("a", grace_period_seconds=0) == POD
    assert await pods.delete("a") is None
    assert formats(transport) == [
        *[("GET", "protobuf,json", "")] * 3,
        ("POST", "protobuf,json", "protobuf"),
        ("PUT", "protobuf,json", "protobuf"),
        ("PATCH", "protobuf,json", "merge-patch+json"),
        ("DELETE", "protobuf,json", "protobuf"),
        ("DELETE", "protobuf,json", ""),
    ]
    assert sent_model(transport.requests[3], core_v1.Pod) == POD
    assert sent_model(transport.requests[6], meta_v1.DeleteOptions) == meta_v1.DeleteOptions(grace_period_seconds=0)


@in_virtual_time
async def test_an_update_with_a_draft_is_protobuf_too() -> None:
    clientset, transport = clients(binary(POD))
    draft = POD.draft()
    draft.metadata.labels["color"] = "red"
    await clientset.core_v1.pods("x").update(draft)
    assert sent_model(transport.requests[0], core_v1.Pod) == draft.finish().after


@in_virtual_time
async def test_subresources_are_protobuf_with_their_names_filled_in() -> None:
    scale = autoscaling_v1.Scale(spec=autoscaling_v1.ScaleSpec(replicas=3))
    clientset, transport = clients(binary(scale), binary(STATUS, 201))
    assert await clientset.apps_v1.deployments("x").scale("web").update(scale) == scale
    await clientset.core_v1.pods("x").eviction("a").create(policy_v1.Eviction())
    sent = sent_model(transport.requests[0], autoscaling_v1.Scale)
    assert (sent.metadata.name, sent.metadata.namespace, sent.spec.replicas) == ("web", "x", 3)
    assert sent_model(transport.requests[1], policy_v1.Eviction).metadata.name == "a"


@in_virtual_time
async def test_a_watch_of_a_typed_client_lists_watches_and_resumes_in_protobuf() -> None:
    newer = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x", uid="u", resource_version="11"))
    clientset, transport = clients(
        binary(PODS), binary_watch(("MODIFIED", newer), cut=1), binary_watch(("MODIFIED", newer))
    )
    got: list[str] = []
    async with clientset.core_v1.pods("x").watch() as events:
        async for event in events:
            got.append(f"{event.type} {event.object.metadata.resource_version}")
            if len(got) == 2:
                break
    assert got == ["ADDED 5", "MODIFIED 11"]
    assert formats(transport) == [("GET", "protobuf,json", "")] * 3


@in_virtual_time
async def test_an_informer_lists_and_watches_in_protobuf() -> None:
    newer = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="b", namespace="x", uid="v", resource_version="11"))
    clientset, transport = clients(binary(PODS), binary_watch(("ADDED", newer)).then(Hang()))
    factory = kubeloop.SharedInformerFactory(clientset, watch_list=False)
    informer = factory.core_v1.pods()
    added: list[str] = []
    informer.add_event_handler(on_add=lambda pod: added.append(pod.metadata.name))
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        await settle()
    assert added == ["a", "b"]
    assert {accept for _, accept, _ in formats(transport)} == {"protobuf,json"}


@in_virtual_time
async def test_metadata_of_objects_are_requested_as_protobuf() -> None:
    partial = meta_v1.PartialObjectMetadata(metadata=meta_v1.ObjectMeta(name="a", namespace="x"))
    clientset, transport = clients(binary(partial))
    rest = clientset.rest
    parameters = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    accept = rest.serializers.accept(meta_v1.PartialObjectMetadata, parameters)
    read = await rest.get(
        "pods", namespace="x", name="a", headers={"Accept": accept}, into=meta_v1.PartialObjectMetadata
    )
    assert read == partial
    assert formats(transport)[0][1] == f"protobuf;{parameters},json;{parameters},protobuf,json"


# --- what stays JSON --------------------------------------------------------------------------------------------------


@in_virtual_time
@pytest.mark.parametrize("into", [Unstructured, dict, bytes, None, Certificate])
async def test_what_has_no_message_is_requested_as_json(into: Any) -> None:
    body = {"kind": "Certificate", "apiVersion": "example.com/v1", "metadata": {"name": "a", "namespace": "x"}}
    clientset, transport = clients(ScriptedResponse.of(body))
    await clientset.rest.get("certificates", group_version="example.com/v1", namespace="x", name="a", into=into)
    assert formats(transport) == [("GET", "json", "")]


def test_a_table_is_requested_as_json() -> None:
    clientset, _ = clients()
    assert clientset.rest.serializers.accept(meta_v1.Table, "as=Table;g=meta.k8s.io;v=v1") == (
        "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
    )


@in_virtual_time
async def test_dynamic_clients_and_custom_resources_are_json_deletes_included() -> None:
    certificate = {"kind": "Certificate", "apiVersion": "example.com/v1", "metadata": {"name": "a", "namespace": "x"}}
    pod = POD.to_dict()
    answers = [certificate, certificate, certificate, pod, pod, pod]
    clientset, transport = clients(*map(ScriptedResponse.of, answers))
    certificates, pods = clientset.resource(Certificate, "x"), clientset.dynamic.resource("v1", "pods").namespace("x")
    custom = Certificate.from_dict(certificate)
    await certificates.get("a")
    await certificates.create(custom)
    await certificates.delete("a", grace_period_seconds=0)
    await pods.get("a")
    await pods.create(pod)
    await pods.delete("a", grace_period_seconds=0)
    assert formats(transport) == [("GET", "json", ""), ("POST", "json", "json"), ("DELETE", "json", "json")] * 2


@in_virtual_time
async def test_a_document_with_unknown_fields_is_sent_as_json_and_keeps_them() -> None:
    document = core_v1.Pod.from_dict({**POD.to_dict(), "spec": {"containers": [{"name": "main", "gpu": 3}]}})
    clientset, transport = clients(binary(POD, 201), binary(POD, 201))
    pods = clientset.core_v1.pods("x")
    await pods.create(document)
    await pods.create(POD)
    assert [each[1:] for each in formats(transport)] == [("protobuf,json", "json"), ("protobuf,json", "protobuf")]
    assert json.loads(transport.requests[0].body or b"") == document.to_dict()


def test_a_value_without_a_form_in_one_format_is_written_in_the_next() -> None:
    document = core_v1.Pod.from_dict({**POD.to_dict(), "color": "red"})
    data, content_type = Serializers(PROTOBUF, PACKED).encode(document)
    assert (content_type, PACKED.plain_data(data)) == (PACKED_TYPE, document.to_dict())


@in_virtual_time
async def test_a_response_in_json_is_read_as_json() -> None:
    clientset, _ = clients(ScriptedResponse.of(POD.to_dict()))
    assert await clientset.core_v1.pods("x").get("a") == POD


# --- a server that refuses --------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_body_that_is_refused_with_415_is_sent_as_json_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    refused = error_status(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
    clientset, transport = clients(refused, binary(POD, 201), binary(POD), binary(POD))
    pods = clientset.core_v1.pods("x")
    with caplog.at_level(logging.WARNING, "kubeloop.rest"):
        assert await pods.create(POD) == POD
        await pods.update(POD)
        await pods.delete("a", grace_period_seconds=0)
    assert formats(transport) == [
        ("POST", "protobuf,json", "protobuf"),
        ("POST", "protobuf,json", "json"),
        ("PUT", "protobuf,json", "json"),
        ("DELETE", "protobuf,json", "json"),
    ]
    for request in transport.requests[1:3]:
        assert core_v1.Pod.from_dict(json.loads(request.body or b"")) == POD
    assert [record.getMessage() for record in caplog.records] == [
        "POST /api/v1/namespaces/x/pods: the server refused the format with 415; this client uses JSON for all request "
        "bodies from now on"
    ]


@in_virtual_time
async def test_a_refusal_concerns_only_the_client_that_was_refused() -> None:
    first, _ = clients(error_status(415), binary(POD, 201))
    second, transport = clients(binary(POD, 201))
    await first.core_v1.pods("x").create(POD)
    await second.core_v1.pods("x").create(POD)
    assert formats(transport) == [("POST", "protobuf,json", "protobuf")]


@in_virtual_time
async def test_a_second_415_is_raised() -> None:
    clientset, transport = clients(error_status(415), error_status(415, "UnsupportedMediaType", "not JSON either"))
    with pytest.raises(kubeloop.UnsupportedMediaType, match="not JSON either"):
        await clientset.core_v1.pods("x").create(POD)
    assert len(transport.requests) == 2


@in_virtual_time
async def test_a_415_about_a_patch_is_raised_at_once() -> None:
    clientset, transport = clients(error_status(415, "UnsupportedMediaType", "no merge patches"))
    with pytest.raises(kubeloop.UnsupportedMediaType, match="no merge patches"):
        await clientset.core_v1.pods("x").patch("a", {"metadata": {"labels": {"a": "b"}}})
    assert len(transport.requests) == 1


@in_virtual_time
async def test_after_406_json_is_requested_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    clientset, transport = clients(
        error_status(406, "NotAcceptable"), ScriptedResponse.of(POD.to_dict()), ScriptedResponse.of(PODS.to_dict())
    )
    pods = clientset.core_v1.pods("x")
    with caplog.at_level(logging.WARNING, "kubeloop.rest"):
        assert await pods.get("a") == POD
        assert (await pods.list()).items == (POD,)
    assert [accept for _, accept, _ in formats(transport)] == ["protobuf,json", "json", "json"]
    assert [record.getMessage() for record in caplog.records] == [
        "GET /api/v1/namespaces/x/pods/a: the server refused the format with 406; this client uses JSON for all "
        "responses from now on"
    ]


@in_virtual_time
async def test_a_406_does_not_change_the_format_of_bodies() -> None:
    clientset, transport = clients(error_status(406, "NotAcceptable"), ScriptedResponse.of(POD.to_dict(), 201))
    assert await clientset.core_v1.pods("x").create(POD) == POD
    assert formats(transport) == [("POST", "protobuf,json", "protobuf"), ("POST", "json", "protobuf")]


@in_virtual_time
async def test_raw_bytes_that_only_the_caller_understands_are_not_sent_in_another_format() -> None:
    clientset, transport = clients(error_status(415, "UnsupportedMediaType", "no protobuf"), binary(POD, 201))
    pods = clientset.core_v1.pods("x")
    with pytest.raises(kubeloop.UnsupportedMediaType, match="no protobuf"):
        await clientset.rest.post("things", namespace="x", body=b"raw", headers={"Content-Type": PROTOBUF_TYPE})
    await pods.create(POD)
    assert [content_type for _, _, content_type in formats(transport)] == ["protobuf", "protobuf"]


@in_virtual_time
async def test_a_watch_that_is_refused_with_406_is_opened_as_json() -> None:
    line = json.dumps({"type": "ADDED", "object": POD.to_dict()}).encode() + b"\n"
    clientset, transport = clients(error_status(406), ScriptedResponse(200, (line,), is_for="watch"))
    async with clientset.rest.watch("pods", into=core_v1.Pod) as events:
        assert [event.object async for event in events] == [POD]
    assert [accept for _, accept, _ in formats(transport)] == ["protobuf,json", "json"]


@in_virtual_time
async def test_a_request_with_its_own_accept_header_is_not_changed() -> None:
    clientset, transport = clients(error_status(406, "NotAcceptable", "protobuf only"))
    with pytest.raises(kubeloop.NotAcceptable):
        await clientset.rest.get("pods", namespace="x", name="a", headers={"Accept": PROTOBUF_TYPE}, into=core_v1.Pod)
    assert len(transport.requests) == 1


@in_virtual_time
async def test_the_fallback_shares_the_timeout_of_the_call() -> None:
    refused = error_status(415, "UnsupportedMediaType", delay=20.0)
    clientset, transport = clients(refused, binary(POD, 201))
    await clientset.core_v1.pods("x").create(POD, timeout=30.0)
    assert transport.timeouts == [30.0, pytest.approx(10.0)]


# --- errors and hostile bytes -----------------------------------------------------------------------------------------


@in_virtual_time
@pytest.mark.parametrize("is_binary", [True, False])
async def test_a_status_is_the_error_in_both_forms(is_binary: bool) -> None:
    status = meta_v1.Status(
        status="Failure",
        code=404,
        reason="NotFound",
        message='pods "a" not found',
        details=meta_v1.StatusDetails(name="a", kind="pods"),
    )
    clientset, _ = clients(binary(status, 404) if is_binary else ScriptedResponse.of(status.to_dict(), 404))
    with pytest.raises(kubeloop.NotFound, match='pods "a" not found') as caught:
        await clientset.core_v1.pods("x").get("a")
    assert (caught.value.status.name, caught.value.status.kind) == ("a", "pods")


@in_virtual_time
async def test_an_expired_watch_raises_gone() -> None:
    expired = meta_v1.Status(status="Failure", code=410, reason="Expired", message="too old")
    clientset, _ = clients(binary_watch(("ADDED", POD), ("ERROR", expired)))
    async with clientset.rest.watch("pods", into=core_v1.Pod) as events:
        assert (await anext(events)).type == "ADDED"
        with pytest.raises(kubeloop.Gone, match="too old"):
            await anext(events)


@in_virtual_time
async def test_a_secret_that_was_sent_as_protobuf_is_in_no_error() -> None:
    message = "Secret is invalid: value hunter2-hunter2 is taken, aHVudGVyMi1odW50ZXIy as well"
    status = meta_v1.Status(status="Failure", code=422, reason="Invalid", message=message)
    clientset, transport = clients(binary(status, 422))
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="s"), data={"k": b"hunter2-hunter2"})
    with pytest.raises(kubeloop.Invalid, match="is taken") as caught:
        await clientset.core_v1.secrets("x").create(secret)
    assert transport.requests[0].headers["Content-Type"] == PROTOBUF_TYPE
    assert "hunter2" not in str(caught.value)
    assert "aHVudGVy" not in str(caught.value)


HOSTILE = {
    "empty": b"",
    "json": b'{"kind":"Pod"}',
    "no message": b"k8s\0",
    "a length of 4 GiB": b"k8s\0\x12\xff\xff\xff\xff\x0f",
    "a cut message": PROTOBUF.encode(POD)[:-20],
    "another kind": sealed("v1", "Secret", b""),
    "a wrong wire type": sealed("v1", "Pod", b"\x08\x01"),
    "a text that is not UTF-8": sealed("v1", "Pod", b"\x0a\x03\x0a\x01\xff"),
    "an endless integer": sealed("v1", "Pod", b"\x08" + b"\xff" * 20),
}


@in_virtual_time
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_bytes_raise_a_decode_error_that_names_the_request(body: bytes) -> None:
    clientset, _ = clients(raw(body))
    with pytest.raises(kubeloop.DecodeError, match=r"^GET /api/v1/namespaces/x/pods/a: ") as caught:
        await clientset.core_v1.pods("x").get("a")
    assert type(caught.value) in (kubeloop.DecodeError, kubeloop.Unreadable)


@in_virtual_time
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_write_with_a_hostile_response_was_carried_out(body: bytes) -> None:
    clientset, _ = clients(raw(body, 201))
    with pytest.raises(kubeloop.UnreadableWriteResponse) as caught:
        await clientset.core_v1.pods("x").create(POD)
    assert caught.value.code == 201


@in_virtual_time
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_bytes_are_not_a_list_either(body: bytes) -> None:
    clientset, _ = clients(raw(body.replace(b"\x03Pod", b"\x07PodList").replace(b"\n\t", b"\n\x0d")))
    with pytest.raises(kubeloop.DecodeError, match=r"^GET /api/v1/namespaces/x/pods: ") as caught:
        await clientset.core_v1.pods("x").list()
    assert type(caught.value) is kubeloop.DecodeError


@in_virtual_time
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_events_are_not_watch_events(body: bytes) -> None:
    headers = {"Content-Type": f"{PROTOBUF_TYPE};stream=watch"}
    frame = len(body).to_bytes(4, "big") + body
    clientset, _ = clients(ScriptedResponse(200, (frame,), headers=headers, is_for="watch"))
    async with clientset.rest.watch("pods", into=core_v1.Pod) as events:
        with pytest.raises(kubeloop.DecodeError, match=r"^GET /api/v1/pods: not a watch event: "):
            await events.batch()


@in_virtual_time
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_an_event_with_a_hostile_object_is_unreadable_and_the_watch_continues(body: bytes) -> None:
    message = event_message("MODIFIED", body)
    frames = len(message).to_bytes(4, "big") + message + PROTOBUF.encode_event("ADDED", POD)
    headers = {"Content-Type": f"{PROTOBUF_TYPE};stream=watch"}
    clientset, _ = clients(ScriptedResponse(200, (frames,), headers=headers, is_for="watch"))
    async with clientset.rest.watch("pods", into=core_v1.Pod) as events:
        assert [event.type async for event in events] == ["UNREADABLE", "ADDED"]


@in_virtual_time
async def test_a_list_with_an_item_that_cannot_be_read_contains_the_others() -> None:
    message = b"".join(with_length(2, item) for item in (write_message(POD), b"\x0a\x03\x0a\x01b\x12\x01\xff"))
    clientset, _ = clients(raw(sealed("v1", "PodList", message)))
    pods = await clientset.core_v1.pods("x").list()
    assert pods.items == (POD,)
    assert list(pods.unreadable) == ["b"]


@in_virtual_time
async def test_a_watch_frame_over_the_limit_ends_the_watch() -> None:
    headers = {"Content-Type": f"{PROTOBUF_TYPE};stream=watch"}
    huge = ScriptedResponse(200, (b"\xff\xff\xff\xff",), headers=headers, is_for="watch")
    clientset, _ = clients(huge)
    async with clientset.rest.watch("pods", into=core_v1.Pod) as events:
        with pytest.raises(kubeloop.BodyTooLarge):
            await events.batch()


@in_virtual_time
async def test_a_large_list_is_read_in_steps_between_which_other_tasks_run() -> None:
    pods = core_v1.PodList(metadata=PODS.metadata, items=[POD] * 8000)
    body = PROTOBUF.encode(pods)
    clientset, _ = clients(raw(body))
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    found = await clientset.core_v1.pods("x").list()
    task.cancel()
    assert len(found.items) == 8000
    assert turns >= 1000
