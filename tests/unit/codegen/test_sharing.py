"""Equal nested types become one class, and names that were given stay."""

from __future__ import annotations

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


@pytest.mark.parametrize("text", ["[", "[]", '{"a/v1": {"module": "x y"}}', '{"a/v1": {"classes": {"import": "x"}}}'])
def test_a_file_of_names_that_is_damaged_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SchemaError, match=FILE):
        read_names(tmp_path)
