"""Fields that are in a body twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.testing.apiserver.encoding.duplicate_field import in_document_order, parse_with_duplicates


@pytest.mark.parametrize(
    ("body", "value", "paths"),
    [
        (b'{"a":1,"a":2}', {"a": 2}, ["a"]),
        (b'{ "a" : 1 , "a" : 2 }', {"a": 2}, ["a"]),
        (b'{"a":1,"\\u0061":2}', {"a": 2}, ["a"]),
        (b'{"a":{"b":1,"c":3},"a":{"b":2}}', {"a": {"b": 2, "c": 3}}, ["a"]),
        (b'{"a":[{"b":1},{"b":1,"b":1,"b":2}]}', {"a": [{"b": 1}, {"b": 2}]}, ["a[1].b"]),
        (b'{"a":"\\u0022:","b":1}', {"a": '":', "b": 1}, []),
        (b'{"a":"\\u003c","b":1}\n', {"a": "<", "b": 1}, []),
        (b'{"a": 1, "b": "\\":"}', {"a": 1, "b": '":'}, []),
        (b'{"a":"\\ud800"}', {"a": "\ufffd"}, []),
        (b'{"a":"\xff"}', {"a": "\ufffd"}, []),
        (b'{"a":1.0,"a":1}', {"a": 1}, ["a"]),
    ],
)
def test_the_last_member_of_a_name_counts_and_the_name_is_reported(body: bytes, value: Any, paths: list[str]) -> None:
    tree, faults = parse_with_duplicates(body)

    assert tree == value
    assert faults == [["duplicate field", path] for path in paths]


@pytest.mark.parametrize("body", [b"", b" ", b"{", b'{"a"}', b"{}{}", b"NaN", b'{"a":Infinity}', b"[" * 100_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"unexpected end|invalid character|exceeded max depth"):
        parse_with_duplicates(body)


_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(_values, st.sampled_from([None, (",", ":"), (" , ", " : ")]), st.booleans())
def test_a_value_without_duplicates_has_none(value: Any, separators: tuple[str, str] | None, ascii_only: bool) -> None:
    body = json.dumps(value, separators=separators, ensure_ascii=ascii_only).encode()

    assert parse_with_duplicates(body) == (value, [])


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), _values, min_size=1, max_size=3))
def test_a_member_that_is_written_twice_is_always_found(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    name = next(iter(value))
    twice = body[:-1] + b"," + json.dumps({name: value[name]}).encode()[1:]

    tree, faults = parse_with_duplicates(twice)

    assert tree == value
    assert faults[0] == ["duplicate field", name]


def test_unknown_and_duplicate_fields_have_the_order_of_the_text_and_unknown_ones_are_not_looked_into() -> None:
    body = b'{"x":{"y":1,"y":2},"a":{"b":1,"c":0},"a":{"b":2,"b":3,"z":1},"l":[{"q":1},{"d":1,"d":2}],"x":1}'
    unknown = [["unknown field", path] for path in ("x", "l[0].q", "a.z")]

    _, duplicates = parse_with_duplicates(body)
    assert in_document_order(body, unknown, duplicates) == [
        ["unknown field", "x"],
        ["duplicate field", "a"],
        ["duplicate field", "a.b"],
        ["unknown field", "a.z"],
        ["unknown field", "l[0].q"],
        ["duplicate field", "l[1].d"],
    ]


def test_paths_that_are_too_long_to_write_all_of_them_leave_the_order_open() -> None:
    body = b'{"%b":{%b},"a":1,"a":2}' % (b"x" * 1_000_000, b",".join(b'"k%d":1' % at for at in range(100)))
    unknown = [["unknown field", "a"]]

    tree, duplicates = parse_with_duplicates(body)

    assert tree["a"] == 2
    assert duplicates == [["duplicate field", "a"]]
    assert in_document_order(body, unknown, duplicates) == [*unknown, *duplicates]


def test_only_some_of_many_duplicate_fields_are_told_and_all_objects_are_merged() -> None:
    body = b'{"a":{"x":1},%b,"a":{"y":2}}' % b",".join(b'"k%d":1,"k%d":2' % (at, at) for at in range(200))

    tree, duplicates = parse_with_duplicates(body)

    assert tree["a"] == {"x": 1, "y": 2}
    assert tree["k199"] == 2
    assert len(duplicates) == 100
