"""Equal nested types become one class, and names that were given stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubeloop.codegen.crd import find_definitions, modules_of
from kubeloop.codegen.custom import ModuleNames, generate_package
from kubeloop.codegen.given_names import FILE, GivenNames, read_names
from kubeloop.codegen.plan import plan
from kubeloop.codegen.schema import Module, SchemaError
from tests.support.definitions import definition

TEXT: dict[str, Any] = {"type": "string"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _module(*, given: GivenNames | None = None, kinds: tuple[str, ...] = (), **spec: Any) -> Module:
    documents = [definition(properties={"spec": _object(**spec)})]
    documents += [definition(kind=kind, plural=kind.lower() + "s") for kind in kinds]
    return modules_of(find_definitions(documents, "test"), ModuleNames(given))["example_com_v1"]


def _given(module: Module, folder: Path) -> GivenNames:
    (folder / FILE).write_text(generate_package({module.name: module}, "# Generated.")[FILE])
    return read_names(folder)


def _attributes(module: Module, name: str) -> dict[str, str]:
    return {one.field.wire: one.name for each in plan(module) if each.name == name for one in each.attributes}


def test_equal_types_with_the_same_last_word_are_one_class() -> None:
    probe = _object(path=TEXT, get=_object(port={"type": "integer"}))
    module = _module(livenessProbe=probe, readinessProbe=probe)
    assert sorted(module.structs) == ["Get", "Probe", "Thing", "ThingList", "ThingSpec"]
    assert {field.type.item.name for field in module.structs["ThingSpec"].fields} == {"example_com_v1.Probe"}


@pytest.mark.parametrize(
    "other",
    [
        _object(path={"type": "integer"}),
        _object(path={**TEXT, "default": "x"}),
        _object(path={**TEXT, "enum": ["a"]}),
        _object(path={**TEXT, "nullable": True}),
        _object(path={**TEXT, "format": "password"}),
        {**_object(path=TEXT), "required": ["path"]},
        {**_object(path=TEXT), "x-kubernetes-preserve-unknown-fields": True},
        _object(path=TEXT, more=TEXT),
    ],
)
def test_types_that_differ_in_anything_but_descriptions_are_not_shared(other: dict[str, Any]) -> None:
    module = _module(firstProbe=_object(path=TEXT), secondProbe=other)
    assert {"ThingSpecFirstProbe", "ThingSpecSecondProbe"} <= set(module.structs)


def test_equal_types_without_a_common_word_stay_two_classes() -> None:
    module = _module(target=_object(x=TEXT), owner=_object(x=TEXT))
    assert {"ThingSpecTarget", "ThingSpecOwner"} <= set(module.structs)


def test_a_description_of_one_place_is_not_that_of_a_shared_class() -> None:
    first, second = ({**_object(x={**TEXT, "description": "The same."}), "description": one} for one in "ab")
    probe = _module(aProbe=first, bProbe=second).structs["Probe"]
    assert (probe.description, probe.fields[0].description) == ("", "The same.")


def test_two_shared_types_with_one_name_are_told_apart_by_their_place() -> None:
    small, large = _object(x=TEXT), _object(y=TEXT)
    module = _module(
        a=_object(ref=small), b=_object(ref=small, z=TEXT), c=_object(ref=large), d=_object(ref=large, z=TEXT)
    )
    assert {"Ref", "CRef"} <= set(module.structs)


def test_equal_enums_are_one_type() -> None:
    mode = {**TEXT, "enum": ["a", "b"]}
    module = _module(first=_object(mode=mode), second=_object(mode=mode, x=TEXT))
    assert dict(module.enums) == {"Mode": ["a", "b"]}


def test_an_enum_that_is_called_as_a_base_class_does_not_hide_it() -> None:
    kind = {**TEXT, "enum": ["a"]}
    module = _module(first=_object(kind=kind), second=_object(kind=kind, x=TEXT))
    stub = generate_package({module.name: module}, "# Generated.")["models/example_com_v1.pyi"]
    assert "Kind: TypeAlias" in stub
    assert "import Kind as _Kind, KindList, Model" in stub


def test_a_new_field_does_not_take_the_attribute_of_another(tmp_path: Path) -> None:
    before = _module(proxyUrl=TEXT)
    after: dict[str, Any] = {"proxyURL": TEXT, "proxyUrl": TEXT}
    assert _attributes(_module(**after), "ThingSpec") == {"proxyURL": "proxy_url", "proxyUrl": "proxy_url_"}
    grown = _module(given=_given(before, tmp_path), **after)
    assert _attributes(grown, "ThingSpec") == {"proxyURL": "proxy_url_", "proxyUrl": "proxy_url"}


def test_a_new_kind_does_not_take_the_class_of_a_nested_type(tmp_path: Path) -> None:
    part = _object(x=TEXT)
    grown = _module(given=_given(_module(bar=part), tmp_path), kinds=("ThingSpecBar",), bar=part)
    assert [field.wire for field in grown.structs["ThingSpecBar"].fields] == ["x"]
    assert grown.kinds["ThingSpecBar"].struct == "ThingSpecBar2"


def test_a_type_keeps_its_class_when_an_equal_one_is_added(tmp_path: Path) -> None:
    part = _object(x=TEXT)
    grown = _module(given=_given(_module(bar=part), tmp_path), bar=part, oldBar=part)
    assert {field.type.item.name for field in grown.structs["ThingSpec"].fields} == {"example_com_v1.ThingSpecBar"}


def test_a_class_keeps_its_name_while_one_of_its_places_exists(tmp_path: Path) -> None:
    probe = _object(x=TEXT)
    before = _module(firstProbe=probe, secondProbe=probe, thirdProbe=probe)
    after = _module(given=_given(before, tmp_path), thirdProbe=probe)
    assert set(after.structs) == {"Probe", "Thing", "ThingList", "ThingSpec"}


def test_of_types_that_are_no_longer_equal_one_keeps_the_name(tmp_path: Path) -> None:
    probe = _object(x=TEXT)
    given = _given(_module(firstProbe=probe, secondProbe=probe), tmp_path)
    after = _module(given=given, firstProbe=probe, secondProbe=_object(x=TEXT, y=TEXT))
    assert [len(after.structs[name].fields) for name in ("Probe", "ThingSpecSecondProbe")] == [1, 2]


def test_types_that_become_equal_keep_both_names(tmp_path: Path) -> None:
    given = _given(_module(firstProbe=_object(x=TEXT), secondProbe=_object(x=TEXT, y=TEXT)), tmp_path)
    after = _module(given=given, **dict.fromkeys(("firstProbe", "secondProbe", "thirdProbe"), _object(x=TEXT)))
    assert [field.type.item.name.partition(".")[2] for field in after.structs["ThingSpec"].fields] == [
        "ThingSpecFirstProbe",
        "ThingSpecSecondProbe",
        "ThingSpecFirstProbe",
    ]


def _deep(*steps: str, leaf: dict[str, Any]) -> dict[str, Any]:
    for step in reversed(steps):
        leaf = _object(**{step: leaf})
    return leaf


STEPS = ("templateDefaults", "containerSettings", "securityProfile", "capabilityList")


def test_the_name_of_a_deep_type_is_the_end_of_its_path(tmp_path: Path) -> None:
    module = _module(job=_deep(*STEPS, leaf=_object(x=TEXT)))
    assert "SecurityProfileCapabilityList" in module.structs
    assert "ThingSpecJobTemplateDefaults" in module.structs, "a name of at most 40 letters has the whole path"
    assert max(map(len, module.structs)) <= 40
    other = _deep(*STEPS, leaf=_object(y=TEXT))
    grown = _module(given=_given(module, tmp_path), a=other, job=_deep(*STEPS, leaf=_object(x=TEXT)))
    assert [field.wire for field in grown.structs["SecurityProfileCapabilityList"].fields] == ["x"]
    assert set(module.structs) < set(grown.structs)
    longer = [name for name in grown.structs if name.endswith("SecurityProfileCapabilityList")]
    assert len(longer) == 2


def _record(**more: object) -> str:
    return json.dumps({"a/v1": {"module": "a_v1", **more}})


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[]",
        "\xff",
        "[" * 100_000,
        '{"a/v1": {}}',
        '{"a/v1": {"module": "x y"}}',
        '{"a/v1": {"module": "same_v1"}, "b/v1": {"module": "same_v1"}}',
        _record(classes={"import": ["x"]}),
        _record(classes={"Sequence": ["x"]}),
        _record(classes={"Same": ["x"]}, enums={"Same": ["y"]}),
        _record(attributes={"A": {"x": "same", "y": "same"}}),
        _record(attributes={"A": {"x": "class"}}),
        _record(resources={"a": ["Same", "a"], "b": ["Same", "b"]}),
        _record(resources={"a": ["A", "same"], "b": ["B", "same"]}),
        _record(resources={"a": ["A", "a", "too much"]}),
        _record(resources={"a": ["A", "no-name"]}),
    ],
)
def test_a_file_of_names_that_is_damaged_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(SchemaError, match=FILE):
        read_names(tmp_path)


def test_a_module_cannot_have_the_name_of_a_module_of_kubeloop(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"example.com/v1": {"module": "core_v1"}}')
    with pytest.raises(SchemaError, match="core_v1"):
        ModuleNames(read_names(tmp_path))


def test_names_of_group_versions_that_are_gone_are_dropped_and_not_given_to_others(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"gone.com/v1": {"module": "example_com_v1"}}')
    names = ModuleNames(read_names(tmp_path))
    (module,) = modules_of(find_definitions([definition()], "test"), names).values()
    assert module.name == "example_com_v1_2"
    assert "gone" not in generate_package({module.name: module}, "# Generated.")[FILE]
