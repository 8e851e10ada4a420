"""Lazy objects: what is decoded when, what is kept in memory, and what happens to a member that cannot be read.

Most of it holds for compressed objects, too; what differs is in `test_compressed_object.py`.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
import threading
import weakref
from typing import Any

import pytest

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.models import core_v1, meta_v1, rbac_v1
from kubeloop.objects.json.decode import decode
from kubeloop.objects.lazy_object import is_packed, lazy_class, packed_json
from kubeloop.objects.model import Kind, Model
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.watch_events import UnreadableEvent
from tests.support.compressed import with_dictionary

FORMS: Any = pytest.mark.parametrize("form", [lazy_class, with_dictionary], ids=["lazy", "compressed"])
LazyPod = lazy_class(core_v1.Pod)
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "ns", "uid": "u", "resourceVersion": "7", "labels": {"app": "web"}},
    "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
    "status": {"phase": "Running"},
}


def pod(form: Any = lazy_class, **members: Any) -> core_v1.Pod:
    return decode(json.dumps({**POD, **members}).encode(), form(core_v1.Pod))


def test_the_metadata_are_decoded_and_each_other_member_when_it_is_read() -> None:
    obj = pod()
    assert (obj.metadata.name, obj.kind, obj.api_version) == ("web", "Pod", "v1")
    assert is_packed(obj)
    assert obj.status.phase == "Running"
    assert packed_json(obj, "status") is None
    assert packed_json(obj, "spec") is not None
    assert obj.spec is obj.spec
    assert obj.spec.node_name == "n1"
    assert not is_packed(obj)
    assert type(obj) is core_v1.Pod


class _Spec(Model):
    size: int | None = None


class _Thing(Kind, api_version="x.io/v1", kind="Thing"):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: _Spec = _Spec()


def test_the_decoder_of_a_member_is_not_created_before_the_member_is_read() -> None:
    thing = decode(b'{"metadata":{"name":"a"},"spec":{"size":3}}', lazy_class(_Thing))
    assert _Thing.__annotations__["spec"] == "_Spec"
    assert thing.spec.size == 3
    assert _Thing.__annotations__["spec"] is _Spec


@FORMS
def test_it_is_an_object_of_its_kind(form: Any) -> None:
    obj = pod(form)
    assert isinstance(obj, core_v1.Pod)
    assert obj.__class__ is core_v1.Pod
    assert type(obj).__name__ == "Pod"
    assert {obj: 1}[decode(json.dumps(POD).encode(), core_v1.Pod)] == 1
    with pytest.raises(AttributeError, match=r"cannot set 'spec' of Pod"):
        obj.spec = core_v1.PodSpec()  # type: ignore[misc]
    match obj:
        case core_v1.Pod(spec=core_v1.PodSpec(node_name=name)):
            assert name == "n1"


def test_an_absent_member_has_the_default_and_an_object_without_members_is_an_ordinary_one() -> None:
    obj = decode(b'{"metadata":{"name":"web"}}', LazyPod)
    assert type(obj) is core_v1.Pod
    assert obj.spec is core_v1.Pod().spec


@FORMS
def test_scalars_are_decoded_with_the_metadata(form: Any) -> None:
    event = decode(b'{"reason":"Why","count":3,"involvedObject":{"name":"web"}}', form(core_v1.Event))
    assert (event.reason, event.count) == ("Why", 3)
    assert packed_json(event, "involved_object") is not None
    assert packed_json(event, "reason") is None


@FORMS
def test_a_kind_that_has_nothing_to_keep_as_bytes_is_its_own_class(form: Any) -> None:
    class Bare(Kind, api_version="x.io/v1", kind="Bare"):
        metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
        count: int = 0

    class Open(Kind, api_version="x.io/v1", kind="Open", preserve=True):
        metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
        spec: meta_v1.ObjectMeta = meta_v1.ObjectMeta()

    assert form(Bare) is Bare
    assert form(Open) is Open


class _Free(Model, preserve=True):
    size: int = 0


class _Holder(Kind, api_version="x.io/v1", kind="Holder"):
    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: _Free = _Free()


@FORMS
def test_unknown_fields_of_a_class_that_preserves_them_are_kept(form: Any) -> None:
    body = b'{"metadata":{"name":"a"},"spec":{"size":3,"other":{"x":[1]}}}'
    lazy = decode(body, form(_Holder))
    assert is_packed(lazy)
    assert lazy.to_dict() == decode(body, _Holder).to_dict()
    assert lazy.to_dict()["spec"] == {"size": 3, "other": {"x": [1]}}
    assert pickle.loads(pickle.dumps(decode(body, form(_Holder)))) == decode(body, _Holder)


@FORMS
@pytest.mark.parametrize("wrong", [b"tru", b"{,}", b"[1", b'"a\nb"', b"1..2", b"{}}", b""])
def test_the_syntax_of_all_members_is_checked_on_arrival(wrong: bytes, form: Any) -> None:
    with pytest.raises(DecodeError):
        decode(b'{"metadata":{"name":"web"},"spec":%b}' % wrong, form(core_v1.Pod))


@FORMS
def test_metadata_that_cannot_be_read_fail_on_arrival(form: Any) -> None:
    with pytest.raises(DecodeError, match=r"Pod web: metadata\.uid: expected str, got int"):
        decode(b'{"metadata":{"name":"web","uid":5},"spec":{}}', form(core_v1.Pod))


@FORMS
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"nodeName":5}', "Pod ns/web: spec.nodeName: expected str, got int"),
        (b'{"nodeName":"\xff"}', "Pod ns/web: not readable as JSON: "),
    ],
)
def test_a_first_read_that_fails_names_the_object_and_is_reported(body: bytes, message: str, form: Any) -> None:
    class Cache:
        def __init__(self) -> None:
            self.told: list[tuple[object, Unreadable]] = []

        def note(self, obj: object, error: Unreadable) -> None:
            self.told.append((obj, error))

    cache, gone = Cache(), Cache()
    form(core_v1.Pod).failed_reads.connect(cache.note)
    form(core_v1.Pod).failed_reads.connect(gone.note)
    del gone
    metadata = b'{"metadata":{"name":"web","namespace":"ns","uid":"u","resourceVersion":"7"},'
    obj = decode(metadata + b'"spec":%b,"status":{"phase":"Running"}}' % body, form(core_v1.Pod))
    for _ in range(2):
        with pytest.raises(Unreadable) as caught:
            _ = obj.spec
        assert str(caught.value).startswith(message)
    error = caught.value
    assert (error.key, error.uid, error.resource_version) == ("ns/web", "u", "7")
    assert cache.told[0][0] is obj
    assert cache.told[-1] == (obj, error)
    assert obj.status.phase == "Running"
    assert "spec=<unreadable>" in repr(obj)
    assert obj != decode(metadata + b'"spec":{}}', form(core_v1.Pod))
    with pytest.raises(Unreadable):
        obj.to_dict()


@FORMS
def test_a_draft_leaves_members_that_it_does_not_read_as_they_are(form: Any) -> None:
    before = pod(form)
    draft = before.draft()
    draft.metadata.labels["app"] = "other"
    after = draft.finish().after
    assert is_packed(after)
    assert is_packed(before)
    assert after.metadata.labels == {"app": "other"}
    assert after.spec == before.spec
    draft = pod(form).draft()
    draft.spec, draft.status = core_v1.PodSpec(node_name="n2"), core_v1.PodStatus()
    replaced = draft.finish().after
    assert replaced == decode(json.dumps({**POD, "spec": {"nodeName": "n2"}, "status": {}}).encode(), core_v1.Pod)


@FORMS
def test_it_can_be_a_part_of_another_object(form: Any) -> None:
    eager = decode(json.dumps(POD).encode(), core_v1.Pod)
    assert JSON.encode(core_v1.PodList(items=[pod(form)])) == JSON.encode(core_v1.PodList(items=[eager]))
    assert JSON.encode({"pods": [pod(form)]}) == JSON.encode({"pods": [eager]})
    assert core_v1.PodList(items=[pod(form)]) == core_v1.PodList(items=[eager])


@FORMS
def test_a_pickle_of_an_unread_object_is_unread(form: Any) -> None:
    copy = pickle.loads(pickle.dumps(pod(form)))
    assert is_packed(copy)
    assert copy == pod(form)


@FORMS
def test_lists_and_watches_decode_the_class_that_they_are_given(form: Any) -> None:
    items = [POD, {**POD, "metadata": {"name": "bad", "uid": 5}}, {**POD, "spec": {"nodeName": 5}}]
    body = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": items})
    listing = JSON.decode(body.encode(), form(core_v1.Pod).list_type)
    assert [is_packed(each) for each in listing.items] == [True, True]
    assert list(listing.unreadable) == ["bad"]
    assert isinstance(listing, core_v1.PodList)
    decoder = JSON.event_decoder(form(core_v1.Pod))
    event = decoder.decode(json.dumps({"type": "ADDED", "object": POD}).encode())
    assert is_packed(event.object)
    assert event.object == pod(form)
    bad = decoder.decode(json.dumps({"type": "MODIFIED", "object": items[1]}).encode())
    assert isinstance(bad, UnreadableEvent)
    roles = b'{"kind":"RoleList","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{},"items":null}'
    assert list(JSON.decode(roles, form(rbac_v1.Role).list_type)) == []


class _Body(bytearray):
    """A body of which a weak reference shows whether it is still in memory."""


@FORMS
def test_the_body_is_not_kept_in_memory(form: Any) -> None:
    body = _Body(json.dumps(POD).encode())
    alive = weakref.ref(body)
    obj = decode(body, form(core_v1.Pod))  # type: ignore[arg-type]
    del body
    assert alive() is None
    assert obj.spec.node_name == "n1"


@FORMS
def test_the_garbage_collector_does_not_visit_it(form: Any) -> None:
    body = json.dumps(POD).encode()
    pods = [decode(body, form(core_v1.Pod)) for _ in range(1000)]  # creates what first calls create
    before = len(gc.get_objects())
    pods = [decode(body, form(core_v1.Pod)) for _ in range(1000)]
    assert len(gc.get_objects()) - before < 50
    assert not any(gc.is_tracked(each) for each in pods)
    for each in pods:
        assert each.spec.containers[0].name == "c"
    gc.collect()  # stops visiting tuples of objects that it does not visit
    assert len(gc.get_objects()) - before < 50


def test_it_takes_no_more_memory_than_its_json_and_its_metadata() -> None:
    big = pod(spec={"nodeName": "x" * 10_000})
    raw = packed_json(big, "spec")
    assert raw is not None
    assert sys.getsizeof(big) == sys.getsizeof(core_v1.Pod())
    assert len(bytes(raw)) == len(json.dumps({"nodeName": "x" * 10_000}))


def test_threads_that_read_at_the_same_time_get_equal_values() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            objects = [pod() for _ in range(4)]
            found: list[list[object]] = []
            barrier = threading.Barrier(4)

            def read(objects: list[core_v1.Pod] = objects, found: list[list[object]] = found) -> None:
                barrier.wait()  # noqa: B023  # the threads end within the iteration
                found.append([part for each in objects for part in (each.spec, each.status)])

            threads = [threading.Thread(target=read) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert all(mine == other for parts in found for mine, other in zip(parts, found[0], strict=True))
            assert all(type(each) is core_v1.Pod for each in objects)
    finally:
        sys.setswitchinterval(interval)
