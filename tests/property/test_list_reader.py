"""Any list, cut at any bytes and with any byte changed, is read as it arrives as it is read whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import UnstructuredList
from kubeloop.errors import DecodeError
from kubeloop.models import core_v1
from kubeloop.objects.list_items import finish
from kubeloop.wire.serializers import json_objects
from kubeloop.wire.serializers.compressed_unstructured import CompressedUnstructuredList
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructuredList

NAMES = st.sampled_from(["a", "b", '"},{"', "]}", "\\", "ü"])
ITEMS = st.one_of(
    st.builds(
        lambda name, node: {"metadata": {"name": name}, "spec": {"nodeName": node}}, NAMES, NAMES | st.integers()
    ),
    st.builds(
        lambda names: {"metadata": {"name": "x"}, "spec": {"containers": [{"name": n} for n in names]}}, st.lists(NAMES)
    ),
    st.builds(
        lambda names: {"metadata": {"name": "y"}, "claims": [{"metadata": {"name": n}} for n in names]}, st.lists(NAMES)
    ),
    st.builds(
        lambda name: {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "annotations": {name: name}}}, NAMES
    ),
    st.sampled_from([None, 5, {}, [], {"metadata": {}}, {"metadata": {"name": 7}}]),
)
KINDS = st.dictionaries(st.sampled_from(["kind", "apiVersion"]), st.sampled_from(["Pod", "v1", "", None]))
ODD_ITEMS = st.builds(
    lambda head, item, is_last: {**item, **head} if is_last else {**head, **item},
    KINDS,
    ITEMS.filter(lambda item: isinstance(item, dict)),
    st.booleans(),
)
"""Items that name only one of kind and apiVersion, or an empty one, before or behind the other members."""
HEAD = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}}


@st.composite
def bodies(draw: st.DrawFn, items_of: st.SearchStrategy[Any] = ITEMS) -> bytes:
    items = draw(st.lists(items_of, max_size=12))
    before = draw(st.sets(st.sampled_from(sorted(HEAD))))
    data = {key: HEAD[key] for key in sorted(before)} | {"items": items} | HEAD
    indent = draw(st.sampled_from([None, None, 1]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")])) if indent is None else None
    return json.dumps(data, indent=indent, separators=separators, ensure_ascii=draw(st.booleans())).encode()


def outcome(read: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        found = read()
    except DecodeError:
        return (DecodeError,)
    # The position in an item counts the kind that the item gets from a list which names it before its items.
    errors = {key: re.sub(r"byte \d+", "byte", str(each)) for key, each in found.unreadable.items()}
    return list(found.items), errors, found.metadata


def in_pieces(body: bytes, cls: Any, sizes: list[int], least_bytes: int) -> Any:
    reader = json_objects.list_reader(cls, least_bytes=least_bytes)
    at = 0
    for number in range(len(body)):
        size = sizes[number % len(sizes)]
        if at >= len(body):
            break
        reader.feed(memoryview(body)[at : at + size])
        at += size
    return finish(reader.finishing())


@pytest.mark.parametrize("cls", [core_v1.PodList, UnstructuredList, LazyUnstructuredList])
@settings(max_examples=150, deadline=None)
@given(
    body=bodies(),
    sizes=st.lists(st.integers(1, 60), min_size=1),
    least_bytes=st.sampled_from([1, 1, 50, 200]),
    change=st.none()
    | st.tuples(st.integers(0, 2000), st.sampled_from([b"", b"}", b"]", b",", b'"', b"\\", b"x", b"\xff"])),
)
def test_a_list_that_arrives_in_pieces_is_the_list_read_whole(
    cls: Any, body: bytes, sizes: list[int], least_bytes: int, change: tuple[int, bytes] | None
) -> None:
    if change is not None:
        at, byte = change
        at %= len(body)
        body = body[:at] + byte + body[at + 1 :]
    whole = outcome(lambda: json_objects.decode_list(body, cls))
    assert outcome(lambda: in_pieces(body, cls, sizes, least_bytes)) == whole


@pytest.mark.parametrize("cls", [LazyUnstructuredList, CompressedUnstructuredList])
@settings(max_examples=150, deadline=None)
@given(body=bodies(ODD_ITEMS), size=st.integers(1, 60), least_bytes=st.sampled_from([1, 50, 200]))
def test_a_list_without_a_model_is_the_same_in_each_memory_mode(
    cls: Any, body: bytes, size: int, least_bytes: int
) -> None:
    items, errors, metadata = outcome(lambda: in_pieces(body, cls, [size], least_bytes))
    eager_items, eager_errors, eager_metadata = outcome(lambda: json_objects.decode_list(body, UnstructuredList))
    assert (items, errors.keys(), metadata) == (eager_items, eager_errors.keys(), eager_metadata)
    assert [(each.api_version, each.kind) for each in items] == [(each.api_version, each.kind) for each in eager_items]


@settings(max_examples=50, deadline=None)
@given(body=bodies(), end=st.integers(0, 2000))
def test_a_list_that_is_cut_is_never_a_list(body: bytes, end: int) -> None:
    with pytest.raises(DecodeError):
        in_pieces(body[: end % len(body)], core_v1.PodList, [10], 1)
