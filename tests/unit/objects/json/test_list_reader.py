"""Reading a LIST while it arrives gives what reading the whole body gives, wherever its bytes are cut."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kubeloop import UnstructuredList
from kubeloop.errors import DecodeError
from kubeloop.models import apps_v1, core_v1
from kubeloop.objects.json.list_reader import ListReader
from kubeloop.objects.list_items import finish
from kubeloop.wire.serializers import json_objects
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructuredList
from tests.support.depth import nested
from tests.unit.objects.json.pod_lists import named, pods

HEAD = b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},'
A, B = b'{"metadata":{"name":"a","namespace":"x"}}', b'{"metadata":{"name":"b"},"spec":{"nodeName":"n"}}'
VERSION = b'"metadata":{"resourceVersion":"7","continue":"next"}'
CUSTOM = [
    {"apiVersion": "e.com/v1", "kind": "Thing", "metadata": {"name": f"t{n}"}, "spec": {"n": n}} for n in range(20)
]
CLAIMS = [
    {
        "metadata": {"name": f"s{n}"},
        "spec": {"volumeClaimTemplates": [{"metadata": {"name": f"{n}-{c}"}, "spec": {}} for c in range(6)]},
    }
    for n in range(20)
]


def listing(*parts: bytes) -> bytes:
    return HEAD + b'"items":[' + b",".join(parts) + b"]}\n"


BODIES = {
    "many": pods(*(named(f"pod-{n}", priority=n) for n in range(50))),
    "bad items": pods(named("a"), named("bad", priority="x"), None, named("c", nodeName=None), 5, [], named("d")),
    "no items": pods(),
    "one": pods(named("a")),
    "null": b'{"kind":"PodList","apiVersion":"v1","metadata":null,"items":null}',
    "items first": b'{"items":[%b,%b],"kind":"PodList","apiVersion":"v1",%b}' % (A, B, VERSION),
    "items in the middle": b'{"kind":"PodList","items":[%b,%b],%b,"more":[1]}' % (A, B, VERSION),
    "spaces": b' { "kind" : "PodList" , "items" : [ \n%b , \n%b , \n%b \n] \n, %b } \n' % (A, B, A, VERSION),
    "indented": json.dumps(json.loads(pods(*(named(f"pod-{n}") for n in range(9)))), indent=4).encode(),
    "spaces between": listing(A, b" \n" + B, A, b"\t" + A, B),
    "empty with spaces": b'{"kind":"PodList",%b,"items":[ \n ]}' % VERSION,
    "other first keys": listing(
        A, b'{"spec":{},"metadata":{"name":"c"}}', B, b'{"kind":"Pod","metadata":{"name":"d"}}', A
    ),
    "empty objects": listing(b"{}", A, b"{}"),
    "numbers": listing(b"1", b"2", A),
    "escapes": listing(A, b'{"metadata":{"name":"},{\\"metadata\\":{","annotations":{"a":"]}"}}}', B),
    "nested lists": listing(b'{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c"},{"name":"d"}]}}', A, B),
    "escaped key": HEAD + b'"it\\u0065ms":[' + A + b"]}",
    "key twice": HEAD + b'"items":[' + A + b'],"items":[' + B + b"]}",
    "key twice, null last": HEAD + b'"items":[' + A + b'],"items":null}',
    "key twice, null first": HEAD + b'"items":null,"items":[' + B + b"]}",
    "key twice, empty last": HEAD + b'"items":[' + A + b'],"it\\u0065ms":[]}',
    "item key twice": listing(A, b'{"metadata":{"name":"z"},"metadata":{"name":"y"}}'),
    "items within": HEAD + b'"other":{"items":[1]},"items":[' + A + b'],"more":{"items":[2]}}',
    "bad bytes in an item": listing(A, b'{"metadata":{"name":"\xff"}}', B),
    "bad bytes in a value": listing(A, b'{"metadata":{"name":"c"},"spec":{"nodeName":"\xff"}}', B),
    "malformed item": listing(A, b'{"metadata":{"name":"c"},}', B),
    "too deep": listing(A, b'{"metadata":{"name":"c"},"spec":%b}' % nested(sys.getrecursionlimit() + 10), B),
    "large item": listing(A, b'{"metadata":{"name":"c"},"spec":{"nodeName":"%b"}}' % (b"n" * 5000), B, A, B),
    # Not lists
    "{}": b"{}",
    "a Status": b'{"kind":"Status","apiVersion":"v1","items":[{"metadata":5}]}',
    "a Status without items": b'{"kind":"Status","apiVersion":"v1","status":"Failure"}',
    "another list": b'{"kind":"ServiceList","apiVersion":"v1","items":[%b]}' % A,
    "another list, items first": b'{"items":[%b],"kind":"ServiceList","apiVersion":"v1"}' % A,
    "a Table": b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"rows":[{"cells":["a"]}]}',
    "one object": b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}',
    "no kind": b'{"items":[%b],%b}' % (A, VERSION),
    "no version and no items": b'{"kind":"PodList","apiVersion":"v1"}',
    "items is no list": b'{"kind":"PodList","items":{"a":1}}',
    "kind is no text": b'{"kind":5,"items":[]}',
    "bad metadata": b'{"kind":"PodList","metadata":{"resourceVersion":5},"items":[%b]}' % A,
    "bad metadata after": b'{"kind":"PodList","items":[%b],"metadata":{"resourceVersion":5}}' % A,
    "a list": b"[%b]" % A,
    "HTML": b"<html>",
    "empty": b"",
    "spaces only": b" \n ",
    "text": b'"items"',
    # Cut and malformed
    "cut in the head": HEAD[:20],
    "cut after the bracket": HEAD + b'"items":[',
    "cut in an item": HEAD + b'"items":[' + A + b"," + B[:10],
    "cut after an item": HEAD + b'"items":[' + A,
    "cut after a comma": HEAD + b'"items":[' + A + b",",
    "cut after the items": HEAD + b'"items":[' + A + b"]",
    "cut in what follows": b'{"kind":"PodList","items":[' + A + b'],"metadata":{"resource',
    "comma at the end": HEAD + b'"items":[' + A + b",]}",
    "comma at the start": HEAD + b'"items":[,' + A + b"]}",
    "two commas": listing(A, b"", B),
    "no comma": HEAD + b'"items":[' + A + B + b"]}",
    "garbage between": HEAD + b'"items":[' + A + b";" + B + b"]}",
    "more after the end": listing(A) + b"{}",
    "garbage after the items": HEAD + b'"items":[' + A + b"];}",
}


def outcome(read: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        found = read()
    except DecodeError as error:
        return type(error), str(error)
    unread = {key: (str(error), error.name, error.namespace) for key, error in found.unreadable.items()}
    return list(found.items), unread, found.metadata, found.kind, found.api_version


def in_pieces(body: bytes, cls: Any, size: int, **options: Any) -> Any:
    reader = json_objects.list_reader(cls, **options)
    for at in range(0, len(body), size):
        reader.feed(body[at : at + size])
    return finish(reader.finishing())


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000, 1 << 20])
@pytest.mark.parametrize("cls", [core_v1.PodList, UnstructuredList, LazyUnstructuredList])
@pytest.mark.parametrize("name", BODIES)
def test_a_list_that_arrives_in_pieces_is_the_list_read_at_once(name: str, cls: Any, size: int) -> None:
    body = BODIES[name]
    assert outcome(lambda: in_pieces(body, cls, size, least_bytes=1)) == outcome(
        lambda: json_objects.decode_list(body, cls)
    )


@pytest.mark.parametrize("size", [3, 100, 1 << 20])
def test_the_last_item_is_found_although_items_have_such_items_within(size: int) -> None:
    body = json.dumps(
        {"kind": "StatefulSetList", "apiVersion": "apps/v1", "metadata": {"resourceVersion": "7"}, "items": CLAIMS},
        separators=(",", ":"),
    ).encode()
    found = in_pieces(body, apps_v1.StatefulSetList, size, least_bytes=1)
    assert found == json_objects.decode_list(body, apps_v1.StatefulSetList)
    assert len(found.items) == 20


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize("kind_first", [True, False])
def test_custom_objects_keep_their_kind_and_get_that_of_the_list(size: int, kind_first: bool) -> None:
    head = {"apiVersion": "e.com/v1", "kind": "ThingList", "metadata": {"resourceVersion": "7"}}
    items = [*CUSTOM, {"metadata": {"name": "kindless"}}, {"kind": "Other", "metadata": {"name": "other"}}]
    data = {**head, "items": items} if kind_first else {"items": items, **head}
    found = in_pieces(json.dumps(data).encode(), UnstructuredList, size, least_bytes=1)
    assert [each.kind for each in found.items] == ["Thing"] * 21 + ["Other"]
    assert found.items[20].api_version == "e.com/v1"


def test_another_kind_is_refused_before_its_items_are_read() -> None:
    reader = json_objects.list_reader(core_v1.PodList, least_bytes=1)
    with pytest.raises(DecodeError, match="expected v1 PodList, got v1 ServiceList"):
        reader.feed(b'{"kind":"ServiceList","apiVersion":"v1","items":[')


def test_what_is_left_of_the_body_are_the_parts_around_the_items() -> None:
    reader = json_objects.list_reader(core_v1.PodList, least_bytes=1)
    for piece in (HEAD, b'"items":[', A + b",", A + b",", B + b"]}"):
        reader.feed(piece)
    assert len(finish(reader.finishing()).items) == 3
    assert reader.body == HEAD + b'"items":[]}'
    status = json_objects.list_reader(core_v1.PodList)
    status.feed(b'{"kind":"Status",')
    status.feed(b'"status":"Failure"}')
    assert status.body == b'{"kind":"Status","status":"Failure"}'


def test_items_are_read_while_the_body_arrives_and_their_bytes_are_not_kept() -> None:
    reader = json_objects.list_reader(core_v1.PodList)
    reader.feed(HEAD + b'"items":[')
    for _ in range(20_000):
        reader.feed(A + b",")
        assert len(reader.body) < 270_000
    assert len(_items(reader)) > 15_000


def test_a_large_body_without_items_is_not_searched_again_and_again() -> None:
    reader = json_objects.list_reader(core_v1.PodList)
    body = b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[' + b"{}," * 3_000_000 + b"{}]}"
    for at in range(0, len(body), 65536):
        reader.feed(body[at : at + 65536])
    with pytest.raises(DecodeError, match=r"expected v1 PodList, got meta.k8s.io/v1 Table"):
        finish(reader.finishing())
    assert reader.body == body


def _items(reader: ListReader[Any]) -> list[Any]:
    return reader._items


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_items_whose_brackets_do_not_match_are_an_error_with_its_place(size: int) -> None:
    body = listing(A, b'{"metadata":[}', B)
    with pytest.raises(DecodeError, match=r"PodList: not readable as JSON: .*invalid character \(byte 135\)"):
        in_pieces(body, core_v1.PodList, size, least_bytes=1)
