"""Users' documents, read as `kubectl` reads them: several documents, JSON or YAML, in any encoding."""

from __future__ import annotations

import codecs
import io
import json
import time
from collections.abc import Callable
from pathlib import PosixPath
from typing import Any

import pytest

import kubeloop
from kubeloop import Unstructured
from kubeloop.errors import DecodeError
from kubeloop.models import core_v1
from kubeloop.models.core_v1 import List
from kubeloop.objects.model import Kind
from kubeloop.wire import documents, plain_values, split_documents
from tests.support.depth import TOO_DEEP

POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "é"}, "spec": {"extra": 1}}
JSON = json.dumps(POD, ensure_ascii=False)
YAML = "apiVersion: v1\nkind: Pod\nmetadata: {name: é}\nspec: {extra: 1}\n"


@pytest.mark.parametrize(
    "text",
    [
        JSON + JSON,
        JSON + "\n" + JSON + "\n",
        f" {JSON}\t\r\n {JSON}",
        f"{JSON}\n---\n{JSON}",
        f"---\n{JSON}\n---\n{JSON}\n",
        f"{YAML}---\n{YAML}",
        f"---\n{YAML}---\n# nothing\n---\nnull\n---\n{YAML}---\n",
        f"{YAML}---\n{JSON}\n",
    ],
)
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_documents_are_read_one_after_the_other(text: str, encoding: str | None) -> None:
    """(H5)"""
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    data = text if encoding is None else marks.get(encoding, b"") + text.encode(encoding)
    found = documents.parse_manifests(data)
    assert [type(one).__name__ for one in found] == ["Pod", "Pod"]
    assert [plain_values.to_data(one) for one in found] == [POD, POD]
    with pytest.raises(DecodeError, match=r"got 2 documents; use parse_manifests\(\)"):
        documents.decode(data)


@pytest.mark.parametrize(
    "member",
    [
        b'"\xff"',
        b'"\\ud800"',
        b'"\\ud800 x"',
        b"1e999",
        b"9" * 5000,
        b"[" * TOO_DEEP + b"]" * TOO_DEEP,
        b"\xed\xa0\x80",
    ],
    ids=["bytes", "half a pair", "half a pair, more", "number", "digits", "depth", "raw half a pair"],
)
@pytest.mark.parametrize("kind", ["ConfigMap", "Widget"])
@pytest.mark.parametrize("read", [documents.decode, documents.parse_manifests], ids=["one", "all"])
def test_what_is_wrong_in_a_member_that_no_class_has_is_an_error_of_ours(
    member: bytes, kind: str, read: Callable[[bytes], Any]
) -> None:
    """(G2) Unknown members are read in a second pass, whose errors are those of the first (F10)."""
    body = b'{"apiVersion":"v1","kind":"' + kind.encode() + b'","z":' + member + b"}"
    try:
        found = read(body)
    except DecodeError:
        return
    assert member in (b"9" * 5000, b"1e999"), "what JSON can express"
    assert found


def test_half_of_a_surrogate_pair_in_a_text_is_refused() -> None:
    """(G2) It was silently replaced by a question mark."""
    for read in (documents.decode, documents.parse_manifests, core_v1.ConfigMap.from_yaml):
        with pytest.raises(DecodeError, match=r"surrogate|character"):
            read('{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"\ud800"}}')


@pytest.mark.parametrize("text", [JSON, YAML, "\ufeff" + JSON, "\ufeff" + YAML])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_one_document_with_a_byte_order_mark_is_read(text: str, encoding: str) -> None:
    """(H5)"""
    for data in (text, text.removeprefix("\ufeff").encode(encoding)):
        assert plain_values.to_data(documents.decode(data)) == POD
        assert core_v1.Pod.from_yaml(data).to_dict() == POD


@pytest.mark.parametrize(
    "text",
    [YAML + "---\n", YAML + "---\n# a comment\n", YAML + "---", "---\n---\n" + YAML, YAML + "...\n", JSON + "\n---\n"],
)
def test_a_separator_without_a_document_is_no_document(text: str) -> None:
    """(B5)"""
    assert plain_values.to_data(documents.decode(text)) == POD
    assert [plain_values.to_data(one) for one in documents.parse_manifests(text)] == [POD]


@pytest.mark.parametrize("text", ["", "\n", "---\n", "# nothing\n", "null\n", "\ufeff"])
def test_no_document_is_an_empty_series_and_no_object(text: str) -> None:
    assert documents.parse_manifests(text) == []
    with pytest.raises(DecodeError, match="expected an object with apiVersion and kind, got"):
        documents.decode(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (JSON + '{"kind":', "object: not readable as JSON: .*trailing"),
        (JSON + "[]", "document 2, line 1: expected an object with apiVersion and kind, got list"),
        (
            JSON + '\n\n{"apiVersion":"v1","kind":"Pod","spec":{"priority":"x"}}',
            "document 2, line 3: Pod: spec.priority: .*int",
        ),
        (f"{YAML}---\n- a\n", "document 2, line 6: expected an object with apiVersion and kind, got list"),
        (f"{YAML}---\nkind: [\n", "line"),
        (JSON + '{"kind":"A","spec":{"a":NaN}}', "document 2, line 1: object: not readable as JSON"),
        ("{}", "document 1, line 1: expected an object with apiVersion and kind, got an object without kind"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_and_nothing_is_returned(text: str, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        documents.parse_manifests(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{}", "document 1, line 1:"),
        ("\n\n{}", "document 1, line 3:"),
        ("a: b\n", "document 1, line 1:"),
        ("---\n# a comment\n\na: b\n", "document 1, line 4:"),
        (f"---\n---\n\n{YAML}---  # the second\n\n# a comment\na: b\n", "document 2, line 11:"),
        (f"{YAML}---\n# empty\n---\nnull\n---\na: b\n", "document 2, line 10:"),
        (f"{YAML}---\r\n\r\na: b\r\n", "document 2, line 7:"),
        (f"{JSON}\n{JSON}\n\n {{}}", "document 3, line 4:"),
    ],
)
def test_an_error_names_the_line_in_which_the_document_begins(text: str, place: str) -> None:
    with pytest.raises(DecodeError, match=f"^{place}"):
        documents.parse_manifests(text)


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"\x00", codecs.BOM_UTF16_BE + b"\xd8\x00\x00a"])
def test_bytes_that_belie_their_byte_order_mark_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match=r"expected text in utf-16-.e, as its byte-order mark says"):
        documents.decode(data)
    with pytest.raises(DecodeError, match="byte-order mark"):
        documents.parse_manifests(data)


LIST: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "List",
    "metadata": {},
    "items": [
        POD,
        {"apiVersion": "example.com/v1", "kind": "Foo", "a": None},
        {"apiVersion": "v1", "kind": "List", "items": [POD]},
        {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}], "metadata": {}},
    ],
}


def test_items_of_a_list_are_typed_and_come_back_as_they_were() -> None:
    """(H5)"""
    found: Any = documents.decode(json.dumps(LIST))
    assert isinstance(found, List)
    pod, foo, inner, pods = found.items
    assert isinstance(pod, core_v1.Pod)
    assert pod.metadata.name == "é"
    assert isinstance(foo, Unstructured)
    assert isinstance(inner, List)
    assert isinstance(inner.items[0], core_v1.Pod)
    assert isinstance(pods, core_v1.PodList)
    assert found.to_dict() == LIST
    assert json.loads(documents.encode(found)) == LIST
    assert json.loads(documents.encode(pod)) == POD
    assert pod == documents.decode(JSON)
    assert found == documents.decode(documents.encode(found))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"a": 1}, "item 1 of List: expected an object with apiVersion and kind, got an object without kind"),
        (5, "item 1 of List: expected an object with apiVersion and kind, got int"),
        ({"apiVersion": "v1", "kind": "Pod", "spec": []}, "item 1 of List: Pod: spec: expected object, got array"),
    ],
)
def test_an_item_of_a_list_that_cannot_be_read_is_an_error_that_names_it(item: Any, message: str) -> None:
    """(H5) A user's document is not read in part."""
    with pytest.raises(DecodeError, match=message):
        documents.decode(json.dumps({"apiVersion": "v1", "kind": "List", "items": [POD, item]}))


def test_a_list_without_items_is_read() -> None:
    for items in ({}, {"items": None}, {"items": []}):
        found: Any = documents.decode(json.dumps({"apiVersion": "v1", "kind": "List", **items}))
        assert isinstance(found, Kind)
        assert list(found.items) == []


@pytest.mark.parametrize("make", [lambda n: JSON * n, lambda n: JSON + " " * (200 * n) + JSON, lambda n: "[" * n])
def test_cutting_documents_apart_takes_time_in_proportion(make: Callable[[int], str]) -> None:
    def cost(text: bytes) -> float:
        best = float("inf")
        for _ in range(3):
            before = time.process_time()
            try:
                list(split_documents.bodies(text))
            except DecodeError:
                pass
            best = min(best, time.process_time() - before)
        return best

    assert cost(make(16_000).encode()) < 16 * max(cost(make(2_000).encode()), 0.001)


def test_a_path_is_refused_with_the_call_that_reads_it() -> None:
    with pytest.raises(TypeError, match=r"^expected text or bytes, got PosixPath: pass its read_bytes\(\)$"):
        kubeloop.parse_manifests(PosixPath("pods.yaml"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^expected text or bytes, got NoneType$"):
        kubeloop.decode(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", [io.StringIO, io.BytesIO])
def test_a_stream_is_read_to_its_end(stream: Any) -> None:
    text = "apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Secret\n"
    data = text if stream is io.StringIO else text.encode()
    assert [each.kind for each in documents.parse_manifests(stream(data))] == ["Pod", "Secret"]
