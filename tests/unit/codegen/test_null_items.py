"""Items of lists and maps that can be null, at every depth: read, written, built and drafted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.model_files import emit_models, emit_stub
from kubeloop.codegen.target import Target
from kubeloop.objects.json.decode import decode
from kubeloop.objects.json.encode import encode
from tests.support.definitions import definition
from tests.support.imported import imported

TARGET = Target("..models", lambda _: "# Generated.", has_bind=True)
TEXT: dict[str, Any] = {"type": "string"}
POINT: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "integer"}}}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _map(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": item}


ITEMS: dict[str, tuple[dict[str, Any], Any]] = {
    "text": (TEXT, "a"),
    "number": ({"type": "integer"}, 1),
    "bytes": ({**TEXT, "format": "byte"}, "YQ=="),
    "time": ({**TEXT, "format": "date-time"}, "2026-01-02T03:04:05.5Z"),
    "port": ({"x-kubernetes-int-or-string": True}, "http"),
    "point": (POINT, {"x": 1}),
    "list": (_list(TEXT), ["a"]),
    "map": (_map(TEXT), {"a": "b"}),
    "points": (_list(POINT), [{"x": 1}]),
    "free": ({"type": "object"}, {"a": None}),
    "any": ({"x-kubernetes-preserve-unknown-fields": True}, 1),
}
PLACES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "list": (_list, lambda value: [None, value]),
    "map": (_map, lambda value: {"a": None, "b": value}),
    "list of lists": (lambda item: _list(_list(item)), lambda value: [[None, value], []]),
    "list of maps": (lambda item: _list(_map(item)), lambda value: [{"a": None, "b": value}]),
    "map of lists": (lambda item: _map(_list(item)), lambda value: {"a": [None, value]}),
}


def _text(properties: dict[str, Any]) -> tuple[str, str]:
    spec = {"type": "object", "properties": properties}
    module = read_crds([definition(properties={"spec": spec})], "test")["example_com_v1"]
    return emit_models(module, TARGET), emit_stub(module, TARGET)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("item", ITEMS)
def test_a_null_item_is_read_and_written_as_null(item: str, place: str) -> None:
    (schema, value), (holder, around) = ITEMS[item], PLACES[place]
    whole = {"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"field": around(value)}}
    with imported(_text({"field": holder({**schema, "nullable": True})})[0]) as generated:
        thing = decode(json.dumps(whole), generated.Thing)
        assert json.loads(encode(thing)) == whole
        assert generated.Thing.from_dict(whole).to_dict() == whole
        assert not thing.draft().finish()


@pytest.fixture(scope="module")
def generated() -> Iterator[Any]:
    properties = {
        "groups": _map({**_list(TEXT), "nullable": True}),
        "points": _list({**POINT, "nullable": True}),
        "grid": _list({**_list({**POINT, "nullable": True}), "nullable": True}),
    }
    with imported(_text(properties)[0]) as module:
        yield module


def test_drafts_change_what_can_be_null(generated: Any) -> None:
    point = generated.ThingSpecPoints
    spec = generated.ThingSpec(
        groups={"none": None, "some": ["a"]},
        points=[None, point(x=1)],
        grid=[None, [None, generated.ThingSpecGrid(x=1)]],
    )
    draft = spec.draft()
    draft.groups["some"].append("b")
    draft.groups["none"] = ["c"]
    draft.groups["new"] = None
    draft.points[1].x = 2
    draft.points[0] = {"x": 3}
    draft.points.append(None)
    draft.grid[1][1].x = 4
    draft.grid[1][0] = {"x": 5}
    draft.grid[0] = [None]
    change = draft.finish()
    assert change.after.to_dict() == {
        "groups": {"none": ["c"], "some": ["a", "b"], "new": None},
        "points": [{"x": 3}, {"x": 2}, None],
        "grid": [[None], [{"x": 5}, {"x": 4}]],
    }
    assert spec.to_dict()["points"] == [None, {"x": 1}], "the object is as it was"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"groups": {"a": 1}}, r"ThingSpec\.groups\['a'\]: expected a sequence, got int"),
        ({"points": ["a"]}, r"ThingSpec\.points\[0\]: expected ThingSpecPoints, got str"),
        ({"grid": [[1]]}, r"ThingSpec\.grid\[0\]\[0\]: expected ThingSpecGrid, got int"),
    ],
)
def test_other_values_are_refused_by_name(generated: Any, values: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        generated.ThingSpec(**values)


def test_items_that_cannot_be_null_are_as_before() -> None:
    text, stub = _text({"groups": _map(_list(TEXT)), "points": _list(_list(POINT))})
    assert "groups: Map[Seq[str]] = MAP" in text
    assert "None]" not in stub
