"""What generated classes keep that their schema allows: nulls that are values, and members that the schema does not
name.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.model_files import emit_models, emit_stub
from kubeloop.codegen.schema import Module
from kubeloop.codegen.target import Target
from kubeloop.errors import DecodeError
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects
from tests.support.definitions import definition

TARGET = Target("..models", lambda _: "# generated")
OBJECT: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "integer"}}}
TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "choice": {"type": "string", "enum": ["a", "b"]},
    "count": {"type": "integer"},
    "share": {"type": "number"},
    "flag": {"type": "boolean"},
    "raw": {"type": "string", "format": "byte"},
    "when": {"type": "string", "format": "date-time"},
    "port": {"x-kubernetes-int-or-string": True},
    "part": OBJECT,
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
    "list": {"type": "array", "items": {"type": "string"}},
    "parts": {"type": "array", "items": OBJECT},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
}
DEFAULTS: dict[str, Any] = {
    "text": "x",
    "choice": "a",
    "count": 1,
    "share": 0.5,
    "flag": True,
    "raw": "eA==",
    "when": "2024-01-02T03:04:05Z",
    "port": "http",
    "part": {"x": 1},
    "free": {},
    "any": 0,
    "list": ["a"],
    "parts": [],
    "map": {"a": "b"},
}


def _module(spec: dict[str, Any], **root: Any) -> Module:
    schema = {"type": "object", "properties": {"spec": spec}, **root}
    return read_crds([definition(schema={"openAPIV3Schema": schema})], "test")["example_com_v1"]


@pytest.fixture
def load(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Load a module of the neutral form as a Python module."""
    name = "generated_for_nulls_and_rest"

    def run(module: Module) -> Any:
        loaded: Any = ModuleType(name)
        sys.modules[name] = loaded
        exec(emit_models(module, TARGET), vars(loaded))
        return loaded

    yield run
    sys.modules.pop(name, None)


def _round_trip(cls: Any, spec: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"spec": spec}).encode()
    written: dict[str, Any] = json.loads(documents.encode(json_objects.decode_into(body, cls)))["spec"]
    return written


@pytest.mark.parametrize("name", TYPES)
def test_a_field_that_is_required_and_nullable_is_written_as_null(name: str, load: Any) -> None:
    """(I2) As Go writes a field without omitempty: a PUT without a change failed with "Required value"."""
    field = {**TYPES[name], "nullable": True}
    module = _module({"type": "object", "required": [name], "properties": {name: field}})
    assert _round_trip(load(module).Thing, {name: None}) == {name: None}


@pytest.mark.parametrize("name", [name for name in TYPES if name not in ("list", "parts", "map", "free")])
def test_a_constructor_writes_null_for_what_is_required_and_nullable(name: str, load: Any) -> None:
    """(I2)"""
    field = {**TYPES[name], "nullable": True}
    loaded = load(_module({"type": "object", "required": [name], "properties": {name: field}}))
    assert json.loads(documents.encode(loaded.ThingSpec())) == {name: None}


@pytest.mark.parametrize(("required", "default"), [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("name", TYPES)
def test_null_stays_null_and_absent_stays_absent(name: str, required: bool, default: bool, load: Any) -> None:
    """(I3) A PUT without a change turned null into the default."""
    field = {**TYPES[name], "nullable": True, **({"default": DEFAULTS[name]} if default else {})}
    module = _module({"type": "object", "required": [name] if required else [], "properties": {name: field}})
    cls = load(module).Thing
    assert _round_trip(cls, {name: None}) == {name: None}
    assert _round_trip(cls, {}) == {}
    if name not in ("any", "list", "parts", "map", "free"):
        assert " | None = ..." in emit_stub(module, TARGET)


@pytest.mark.parametrize("name", [name for name in TYPES if name not in ("list", "parts", "map", "any", "free")])
def test_null_of_a_field_that_is_not_nullable_reads_as_absent(name: str, load: Any) -> None:
    cls = load(_module({"type": "object", "properties": {name: TYPES[name]}})).Thing
    assert _round_trip(cls, {name: None}) == {}


TIMES = [
    "2024-01-02T03:04:05Z",
    "2024-01-02T03:04:05.1Z",
    "2024-01-02T03:04:05.100Z",
    "2024-01-02T03:04:05.000000Z",
    "2024-01-02T03:04:05.123456789Z",
    "2024-01-02T03:04:05+00:00",
    "2024-01-02T05:04:05+02:00",
    "2024-01-02t03:04:05z",
]
LIKE_GO = ["2024-W01-1T03:04:05Z", "20240102T03040512345Z", "2024-01-02T030405.1Z", "+024-01-02T03:04:05Z"]
"""Values as long as Go's times that `datetime.fromisoformat` reads in part."""


def test_a_whole_number_is_written_as_it_was_read(load: Any) -> None:
    """(I11) To a server 1 and 1.0 are two values, and beyond 2**53 a float is another number."""
    number = {"type": "number"}
    properties = {
        "one": number,
        "list": {"type": "array", "items": number},
        "map": {"type": "object", "additionalProperties": {"type": "array", "items": number}},
        "null": {**number, "nullable": True},
    }
    loaded = load(_module({"type": "object", "properties": {**properties, "needed": number}, "required": ["needed"]}))
    value = {"one": 1, "list": [0, 0.5, 2**53 + 1], "map": {"a": [-3, 1.0]}, "null": 7, "needed": 0}
    spec = json_objects.decode_into(json.dumps(value), loaded.ThingSpec)
    assert (
        documents.encode(spec)
        == json.dumps(
            {key: value[key] for key in ("list", "map", "needed", "one", "null")}, separators=(",", ":")
        ).encode()
    )
    draft = spec.draft()
    draft.one, draft.list[0] = 2, 1.5
    assert draft.finish().merge_patch() == {"one": 2, "list": [1.5, 0.5, 2**53 + 1]}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_that_was_not_touched_keeps_its_text(text: str, load: Any) -> None:
    """(I11) A server stores the text of a custom resource's time unchanged."""
    time = {"type": "string", "format": "date-time"}
    properties = {
        "when": time,
        "list": {"type": "array", "items": time},
        "map": {"type": "object", "additionalProperties": time},
        "parts": {"type": "array", "items": {"type": "object", "required": ["at"], "properties": {"at": time}}},
        "null": {**time, "nullable": True},
        "other": {"type": "string"},
    }
    loaded = load(_module({"type": "object", "properties": properties}))
    value = {"when": text, "list": [text, TIMES[0]], "map": {"a": text}, "parts": [{"at": text}], "null": None}
    assert _round_trip(loaded.Thing, value) == value

    spec = json_objects.decode_into(json.dumps(value), loaded.ThingSpec)
    start = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert isinstance(spec.when, datetime)
    assert start <= spec.when < start + timedelta(seconds=1)
    assert spec.when + timedelta(days=1) > spec.when
    assert spec == json_objects.decode_into(json.dumps(value), loaded.ThingSpec)
    copied = loaded.ThingSpec(when=spec.when, list=spec.list, map=spec.map)
    assert json.loads(documents.encode(copied)) == {name: value[name] for name in ("when", "list", "map")}
    draft = spec.draft()
    draft.list = [*draft.list, draft.when]
    assert draft.finish().merge_patch() == {"list": [text, TIMES[0], text]}
    assert pickle.loads(pickle.dumps(spec)) == spec

    draft = spec.draft()
    draft.other = "x"
    draft.parts[0].at = spec.when + timedelta(days=1)
    written = json.loads(documents.encode(draft.finish().after))
    assert written == {**value, "other": "x", "parts": [{"at": written["parts"][0]["at"]}]}
    assert written["parts"][0]["at"].startswith("2024-01-03T0")
    same = loaded.ThingSpec(when=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert json.loads(documents.encode(same)) == {"when": TIMES[0]}


@pytest.mark.parametrize(
    "bad", ["2024-99-02T03:04:05Z", "yesterday", "2024-01-02T03:04:05", 5, True, ["a"], {}, *LIKE_GO]
)
def test_what_is_no_time_is_an_error_that_names_its_place(bad: Any, load: Any) -> None:
    time = {"type": "string", "format": "date-time"}
    loaded = load(_module({"type": "object", "properties": {"when": time}}))
    with pytest.raises(DecodeError, match=r"^Thing: spec\.when: ") as caught:
        json_objects.decode_into(json.dumps({"spec": {"when": bad}}), loaded.Thing)
    assert "yesterday" not in str(caught.value)
    assert "2024" not in str(caught.value)


def test_what_a_schema_preserves_beside_properties_is_kept_at_every_place(load: Any) -> None:
    """(I4)"""
    keep = {**OBJECT, "x-kubernetes-preserve-unknown-fields": True}
    spec = {
        "type": "object",
        "properties": {
            "part": keep,
            "list": {"type": "array", "items": keep},
            "map": {"type": "object", "additionalProperties": keep},
            "grid": {"type": "array", "items": {"type": "array", "items": keep}},
            "deep": {"type": "object", "properties": {"part": keep}},
            "embedded": {**keep, "x-kubernetes-embedded-resource": True},
            "closed": OBJECT,
        },
    }
    one = {"x": 1, "y": [{"z": None}]}
    value = {
        "part": one,
        "list": [one, {}],
        "map": {"a": one},
        "grid": [[one]],
        "deep": {"part": one},
        "embedded": {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, **one},
        "closed": {"x": 1},
    }
    sent = {**value, "closed": one, "deep": {"part": one, "gone": 1}, "gone": 1}
    module = _module(spec)
    assert _round_trip(load(module).Thing, sent) == value, "elsewhere a server drops what its schema does not name"
    assert "to_dict() has them" in emit_stub(module, TARGET)


def test_a_root_that_preserves_everything_keeps_it(load: Any) -> None:
    """(I4) With the field at the root, a label change by PUT wiped everything else."""
    schema = {"x-kubernetes-preserve-unknown-fields": True, "properties": {"count": {"type": "integer"}}}
    cls = load(_module({"type": "object"}, **schema)).Thing
    value = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"a": 1}, "other": [1]}
    thing = json_objects.decode_into(json.dumps(value), cls)
    draft = thing.draft()
    draft.metadata.labels["a"] = "b"
    assert json.loads(documents.encode(draft.finish().after)) == {
        **value,
        "metadata": {"name": "a", "labels": {"a": "b"}},
    }
