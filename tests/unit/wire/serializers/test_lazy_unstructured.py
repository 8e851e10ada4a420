"""Objects without a model that keep their JSON, or keep it compressed: in lists, in watches, and when unreadable."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest

from kubeloop import Unstructured
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.models import meta_v1
from kubeloop.objects.list_items import finish
from kubeloop.unstructured import UnstructuredList
from kubeloop.wire.serializers import compressed_unstructured, json_objects
from kubeloop.wire.serializers.compressed_unstructured import CompressedUnstructured, form_of
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured, LazyUnstructuredList, lazy_object
from kubeloop.wire.watch_events import UnreadableEvent
from tests.support.compressed import compressed_object

THING: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "a", "namespace": "ns", "uid": "u", "managedFields": [{"manager": "m"}]},
    "spec": {"size": 3, "names": ["x", "y"], 'od"d': {"k": 1}, "nothing": None},
}


FORMS: Any = pytest.mark.parametrize("form", [lazy_object, compressed_object], ids=["lazy", "compressed"])
CLASSES: Any = pytest.mark.parametrize("cls", [LazyUnstructured, CompressedUnstructured], ids=["lazy", "compressed"])


def thing(form: Any = lazy_object) -> LazyUnstructured:
    obj: LazyUnstructured = form(json.dumps(THING).encode())
    return obj


HEAD = {"kind": "ThingList", "apiVersion": "example.com/v1", "metadata": {"resourceVersion": "9"}}


def body_of(*items: Any, kind: str = "ThingList", api_version: str = "example.com/v1") -> bytes:
    return json.dumps({**HEAD, "kind": kind, "apiVersion": api_version, "items": items}).encode()


def without_kind(**members: Any) -> dict[str, Any]:
    return {key: value for key, value in {**THING, **members}.items() if key not in ("kind", "apiVersion")}


@FORMS
def test_a_value_is_decoded_at_each_read_and_not_kept(form: Any) -> None:
    obj = thing(form)
    assert obj["spec"] == THING["spec"]
    assert obj["spec"] is not obj["spec"]
    assert obj.get_in("spec", "names", -1) == "y"
    assert obj.get_in("spec", 'od"d', "k") == 1
    assert obj.get_in("spec", "nothing", default=7) is None
    assert obj.get_in("spec", "size", "deeper", default=7) == 7
    assert obj.get("status", 7) == 7
    with pytest.raises(KeyError):
        _ = obj["status"]


@FORMS
def test_the_metadata_are_a_model_whose_managed_fields_are_a_part_of_the_json(form: Any) -> None:
    obj = thing(form)
    assert obj.metadata.__class__ is meta_v1.ObjectMeta
    assert obj.metadata.managed_fields[0].manager == "m"
    assert obj.metadata == Unstructured(THING).metadata
    assert form(b'{"metadata":{"name":"a","managedFields":null}}').metadata.managed_fields == ()
    assert form(b'{"metadata":{"name":"a","labels":{"a":null}}}').metadata.labels == {"a": ""}


@FORMS
def test_the_garbage_collector_does_not_visit_it(form: Any) -> None:
    body = json.dumps(THING).encode()
    things = [form(body) for _ in range(1000)]  # creates what first calls create
    before = len(gc.get_objects())
    things = [form(body) for _ in range(1000)]
    assert [each["spec"]["size"] for each in things] == [3] * len(things)
    assert len(gc.get_objects()) - before < 50
    assert not any(gc.is_tracked(each) for each in things)


@CLASSES
def test_items_of_a_list_get_the_kind_of_the_list_unless_they_name_one(cls: Any) -> None:
    other = {"apiVersion": "example.com/v2", "kind": "Other", "metadata": {"name": "b"}}
    body = body_of(without_kind(), other, {**without_kind(), "apiVersion": "x/v1", "kind": "Late"})
    lazy, eager = JSON.decode(body, cls.list_type), JSON.decode(body, UnstructuredList)
    assert all(type(each) is cls for each in lazy)
    assert list(lazy) == list(eager)
    assert [each.kind for each in lazy] == ["Thing", "Other", "Late"]
    assert lazy.to_dict() == eager.to_dict()
    assert lazy.metadata.resource_version == "9"
    mixed = body_of(THING, kind="List", api_version="v1")
    assert list(JSON.decode(mixed, cls.list_type)) == list(JSON.decode(mixed, UnstructuredList))


@CLASSES
@pytest.mark.parametrize(
    "head", [{"kind": "Thing"}, {"apiVersion": "example.com/v1"}, {"kind": "", "apiVersion": None}]
)
@pytest.mark.parametrize("reverse", [False, True])
def test_an_item_gets_what_it_lacks_of_its_kind_wherever_it_is_written(cls: Any, head: Any, reverse: bool) -> None:
    members = {**head, "metadata": {"name": "a"}}
    item = dict(reversed(members.items())) if reverse else members
    for body in (body_of(item), json.dumps({"items": [item], **HEAD}).encode()):
        (whole,), (eager,) = JSON.decode(body, cls.list_type), JSON.decode(body, UnstructuredList)
        reader = json_objects.list_reader(cls.list_type, least_bytes=1)
        for at in range(0, len(body), 7):
            reader.feed(body[at : at + 7])
        (streamed,) = finish(reader.finishing())
        for obj in (whole, streamed, eager):
            assert obj.to_dict() == {"kind": "Thing", "apiVersion": "example.com/v1", "metadata": {"name": "a"}}
            assert (obj.api_version, obj.kind) == ("example.com/v1", "Thing")


def test_an_item_that_lacks_its_kind_and_is_not_utf8_is_unreadable() -> None:
    with pytest.raises(DecodeError, match="not readable as JSON"):
        lazy_object(b'{"kind":"","metadata":{"name":"a"},"spec":"\xff"}', b'"apiVersion":"v1","kind":"Pod",')


@pytest.mark.parametrize("item", [b"{}", b"{ }", b"{\n}", b'{ "metadata": {}}', b'{"metadata":{}}'])
def test_an_item_gets_its_kind_in_any_form_of_an_object(item: bytes) -> None:
    obj = lazy_object(item, b'"apiVersion":"v1","kind":"Pod",')
    assert (obj.api_version, obj.kind) == ("v1", "Pod")
    assert json.loads(obj.body)["kind"] == "Pod"


@CLASSES
def test_an_item_that_cannot_be_read_does_not_fail_the_others(cls: Any) -> None:
    body = body_of(without_kind(), {"metadata": {"name": "b", "uid": 5}}, 7, without_kind())
    lazy, eager = JSON.decode(body, cls.list_type), JSON.decode(body, UnstructuredList)
    assert len(lazy) == 2
    assert {key: error.name for key, error in lazy.unreadable.items()} == {"b": "b", "#2": ""}
    assert lazy.unreadable.keys() == eager.unreadable.keys()


@FORMS
@pytest.mark.parametrize("body", [b'{"kind":"Thing"}', b'{"kind":"Thing","metadata":null}'])
def test_an_object_without_metadata_has_empty_ones(body: bytes, form: Any) -> None:
    for _ in range(2):
        assert form(body).metadata == meta_v1.ObjectMeta()


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"kind":"ThingList"',
        b'{"kind":"Thing","apiVersion":"v1","items":[]}',
        b'{"kind":"ThingList","apiVersion":"v1","metadata":{}}',
        b'{"kind":"ThingList","apiVersion":"v1","metadata":{},"items":5}',
    ],
)
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        JSON.decode(body, UnstructuredList)
    with pytest.raises(DecodeError):
        JSON.decode(body, LazyUnstructuredList)


@CLASSES
def test_a_list_is_read_while_it_arrives(cls: Any) -> None:
    body = body_of(*(without_kind(spec={"size": number}) for number in range(200)))
    reader = JSON.list_reader(cls.list_type)
    for at in range(0, len(body), 100):
        reader.feed(body[at : at + 100])
    assert [each.get_in("spec", "size") for each in finish(reader.finishing())] == list(range(200))


@CLASSES
def test_events_of_a_watch(cls: Any) -> None:
    decoder, eager = JSON.event_decoder(cls), JSON.event_decoder(Unstructured)

    def read(event: str, obj: Any) -> Any:
        frame = json.dumps({"type": event, "object": obj}).encode()
        found, other = decoder.decode(frame), eager.decode(frame)
        assert type(found) is type(other)
        if not isinstance(found, UnreadableEvent):
            assert (found.type, found.object) == (other.type, other.object)  # type: ignore[union-attr]
        return found

    added = read("ADDED", THING)
    assert type(added.object) is cls
    read("BOOKMARK", {"metadata": {"resourceVersion": "7"}})
    assert read("ERROR", {"kind": "Status", "code": 410}).object.code == 410
    for wrong in ({"metadata": {"name": "a", "uid": 5}}, {"metadata": {}}, 7, []):
        assert isinstance(read("MODIFIED", wrong), UnreadableEvent)


@CLASSES
@pytest.mark.parametrize("after", [b"\x0b", b"\x0c", b"\x1c", b"}", b"{}"])
def test_what_follows_an_event_is_white_space_of_json_or_an_error(cls: Any, after: bytes) -> None:
    frame = json.dumps({"type": "ADDED", "object": THING}, separators=(",", ":")).encode()
    decoder = JSON.event_decoder(cls)
    assert decoder.decode(frame + b" \t\r\n").type == "ADDED"
    with pytest.raises(DecodeError, match="watch event: not readable as JSON"):
        decoder.decode(frame + after)


@FORMS
def test_of_members_with_the_same_name_the_last_one_counts(form: Any) -> None:
    obj = form(b'{"kind":"Thing","metadata":{"name":"a"},"spec":7,"spec":{"size":3},"status":{"ready":1},"status":7}')
    assert obj.get_in("spec", "size") == 3
    assert obj.get_in("status", "ready") is None
    assert obj.to_dict()["spec"] == {"size": 3}


def test_dictionaries_do_not_become_ever_more_where_there_are_many_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    first = form_of("many.example.com/v1", "First")
    monkeypatch.setattr(compressed_unstructured, "MOST_FORMS", 0)
    others = [form_of("many.example.com/v1", f"Other{number}") for number in range(3)]
    assert form_of("many.example.com/v1", "First") is first
    assert all(other is others[0] is not first for other in others)
    body = b'{"apiVersion":"many.example.com/v1","kind":"Other1","metadata":{"name":"a"},"spec":{"size":%d}}'
    objects = [lazy_object(body % number, cls=CompressedUnstructured) for number in range(200)]
    assert [obj.get_in("spec", "size") for obj in objects] == list(range(200))
    assert type(objects[0].metadata) is others[0][1]


class Cache:
    def __init__(self) -> None:
        self.told: list[tuple[object, Unreadable]] = []

    def note(self, obj: object, error: Unreadable) -> None:
        self.told.append((obj, error))


@FORMS
def test_a_value_that_cannot_be_read_names_the_object_and_is_reported(form: Any) -> None:
    cache = Cache()
    obj = form(b'{"kind":"Thing","metadata":{"name":"a","namespace":"ns"},"spec":{"a":"\xff"},"status":{}}')
    obj.failed_reads.connect(cache.note)
    assert obj["status"] == {}
    for read in (lambda: obj["spec"], obj.to_dict, lambda: obj.get_in("spec", "a"), lambda: obj.get("spec")):
        with pytest.raises(Unreadable, match="Unstructured ns/a: not readable as JSON: ") as caught:
            read()
        assert caught.value.key == "ns/a"
    assert [each is obj for each, _ in cache.told] == [True] * 4
    assert repr(obj) == "<Unstructured Thing ns/a>"


@FORMS
def test_what_creates_an_object_from_data_creates_an_eager_one(form: Any) -> None:
    obj: Any = thing(form)
    assert type(obj.draft().finish().after) is type(obj)
    draft = obj.draft()
    draft["spec"]["size"] = 4
    change = draft.finish()
    assert type(change.after) is Unstructured
    assert change.merge_patch() == {"spec": {"size": 4}}
    assert type(obj.from_dict(THING)) is Unstructured
    assert JSON.decode(json.dumps(THING).encode(), type(obj)) == obj


@CLASSES
def test_it_has_no_copies_with_other_metadata_than_its_json(cls: Any) -> None:
    obj = JSON.decode(json.dumps(THING).encode(), cls)
    assert not hasattr(obj, "replace")
