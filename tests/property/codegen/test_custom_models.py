"""For every structural schema, the generated models can be imported, and their objects are written unchanged."""

from __future__ import annotations

import ast
import base64
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.model_files import emit_models, emit_stub
from kubeloop.codegen.target import Target
from tests.support.definitions import definition
from tests.support.imported import imported

TARGET = Target("..models", lambda _: "# Generated.")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
NAMES = st.one_of(
    st.from_regex(r"[a-zA-Z$_][a-zA-Z0-9_.-]{0,8}", fullmatch=True),
    st.sampled_from(
        ["from", "class", "draft", "int", "podIPs", "podIp", "kind", "toDict", "x-y", "None", "Sequence", "3d"]
    ),
)
SCALARS: dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {
    "string": ({"type": "string"}, TEXT),
    "integer": ({"type": "integer"}, st.integers(-(2**53), 2**53)),
    "number": ({"type": "number"}, st.floats(-1e6, 1e6).map(lambda number: round(number, 3))),
    "boolean": ({"type": "boolean"}, st.booleans()),
    "either": ({"x-kubernetes-int-or-string": True}, st.one_of(st.integers(0, 9), TEXT)),
    "bytes": ({"type": "string", "format": "byte"}, st.binary(max_size=5).map(lambda b: base64.b64encode(b).decode())),
    "time": ({"type": "string", "format": "date-time"}, st.sampled_from(["2026-01-02T03:04:05Z"])),
    "enum": (
        {"type": "string", "enum": ["a", 'quo"ted', "größe", "\\"]},
        st.sampled_from(["a", 'quo"ted', "größe", "\\"]),
    ),
    "any": ({"x-kubernetes-preserve-unknown-fields": True}, st.one_of(st.booleans(), st.lists(TEXT, max_size=2))),
}
Case = tuple[dict[str, Any], st.SearchStrategy[Any]]


def _scalars() -> st.SearchStrategy[Case]:
    return st.tuples(st.sampled_from(sorted(SCALARS)), TEXT).map(
        lambda pair: ({**SCALARS[pair[0]][0], "description": pair[1]}, SCALARS[pair[0]][1])
    )


def _items(inner: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    """Return what a list or map holds: values that are never null, or may be."""
    return st.one_of(inner, inner.map(lambda case: ({**case[0], "nullable": True}, st.one_of(st.none(), case[1]))))


def _containers(inner: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    lists = _items(inner).map(lambda case: ({"type": "array", "items": case[0]}, st.lists(case[1], max_size=3)))
    maps = _items(inner).map(
        lambda case: (
            {"type": "object", "additionalProperties": case[0]},
            st.dictionaries(TEXT, case[1], max_size=3),
        )
    )
    return st.one_of(lists, maps, _objects(inner))


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    cases = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=5))
    required = draw(st.lists(st.sampled_from(sorted(cases)), unique=True, max_size=2))
    schema = {"type": "object", "required": required, "properties": {name: case[0] for name, case in cases.items()}}
    values = {name: case[1] for name, case in cases.items()}
    optional = {name: value for name, value in values.items() if name not in required}
    return schema, st.fixed_dictionaries({name: values[name] for name in required}, optional=optional)


SPECS = _objects(st.recursive(_scalars(), _containers, max_leaves=6))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(SPECS, st.data())
def test_objects_survive_the_models_of_their_schema(case: Case, data: st.DataObject) -> None:
    schema, values = case
    module = read_crds([definition(properties={"spec": schema})], "test")["example_com_v1"]
    ast.parse(emit_stub(module, TARGET))
    with imported(emit_models(module, TARGET)) as generated:
        value = {"apiVersion": "example.com/v1", "kind": "Thing", "spec": data.draw(values)}
        thing = generated.Thing.from_dict(value)

        assert thing.to_dict() == value
        assert generated.Thing.from_dict(thing.to_dict()) == thing
        assert not thing.draft().finish()
