"""The text of a module of models and of its stub."""

from __future__ import annotations

import ast
from typing import Any

from kubeloop.codegen.model_files import emit_models, emit_stub
from kubeloop.codegen.schema import Kind, Module, Resource, SchemaField, Struct, Type
from kubeloop.codegen.target import Target

TARGET = Target("kubeloop.models", lambda module: f"# Generated for {module.name}.")
METADATA = SchemaField("metadata", Type("ref", name="meta_v1.ObjectMeta"))


def _module(*structs: Struct, **more: Any) -> Module:
    return Module("x_v1", "x.io", "v1", structs={one.name: one for one in structs}, **{"kinds": {}, **more})


def _struct(name: str, *fields: SchemaField, description: str = "") -> Struct:
    return Struct(name, fields, description)


def test_the_first_line_names_the_origin_of_the_file() -> None:
    module = _module(_struct("A"))
    assert emit_models(module, TARGET).startswith("# Generated for x_v1.\n")
    assert emit_stub(module, TARGET).startswith("# Generated for x_v1.\n")


def test_a_class_that_another_holds_by_value_comes_first() -> None:
    module = _module(_struct("A", SchemaField("b", Type("ref", name="x_v1.B"))), _struct("B"))
    text = emit_models(module, TARGET)
    assert text.index("class B(") < text.index("class A(")
    assert "    b: B = B()" in text


def test_only_fields_with_another_field_name_are_renamed() -> None:
    module = _module(_struct("A", SchemaField("nodeName", Type("string")), SchemaField("name", Type("string"))))
    assert 'class A(Model, rename={"node_name": "nodeName"}):' in emit_models(module, TARGET)


def test_long_tables_of_names_are_wrapped() -> None:
    fields = [SchemaField(f"aRatherLongNameOfAField{number}", Type("string")) for number in range(20)]
    module = _module(_struct("A", *fields))
    assert max(map(len, emit_models(module, TARGET).splitlines())) <= 120


def test_fields_that_differ_only_by_case_have_two_names() -> None:
    module = _module(_struct("A", SchemaField("podIP", Type("string")), SchemaField("podIp", Type("string"))))
    assert 'rename={"pod_ip": "podIP", "pod_ip_": "podIp"}' in emit_models(module, TARGET)


def test_a_kind_says_where_it_is_served_and_hides_its_type_meta() -> None:
    struct = _struct("Thing", SchemaField("kind", Type("string")), SchemaField("apiVersion", Type("string")), METADATA)
    resource = Resource("Thing", "things", namespaced=True, verbs=frozenset({"get"}))
    module = _module(struct, kinds={"Thing": Kind("Thing", "Thing", "x.io/v1")}, resources=[resource])
    text = emit_models(module, TARGET)
    assert 'class Thing(Kind, api_version="x.io/v1", kind="Thing", resource="things", namespaced=True):' in text
    assert "    kind" not in text


def test_a_list_kind_names_its_item() -> None:
    items = SchemaField("items", Type("list", of=Type("ref", name="x_v1.Thing")), omit_empty=False)
    kinds = {
        "Thing": Kind("Thing", "Thing", "x.io/v1"),
        "ThingList": Kind("ThingList", "ThingList", "x.io/v1", "x_v1.Thing"),
    }
    module = _module(_struct("Thing", METADATA), _struct("ThingList", items), kinds=kinds)
    assert 'class ThingList(KindList, api_version="x.io/v1", kind="ThingList", item=Thing):' in emit_models(
        module, TARGET
    )
    assert "class ThingList(KindList[Thing]):" in emit_stub(module, TARGET)


def test_secret_fields_are_marked_by_their_attribute() -> None:
    module = _module(_struct("A", SchemaField("stringData", Type("string"), secret=True)))
    assert 'secret=("string_data",)' in emit_models(module, TARGET)


def test_a_class_named_like_a_base_gets_the_base_under_another_name() -> None:
    module = _module(_struct("Model", SchemaField("a", Type("string"))))
    for text in (emit_models(module, TARGET), emit_stub(module, TARGET)):
        assert "import STR" not in text
        assert "Model as _Model" in text
        assert "class Model(_Model):" in text


def test_the_stub_has_the_values_of_enums_and_the_run_time_has_their_names() -> None:
    module = _module(_struct("A", SchemaField("mode", Type("string"), enum="x_v1.Mode")), enums={"Mode": ["On", "Off"]})
    assert 'Mode: TypeAlias = Literal["On", "Off"] | str' in emit_stub(module, TARGET)
    assert "    mode: Mode = ..." in emit_stub(module, TARGET)
    assert emit_models(module, TARGET).endswith("\nMode = str\n")


def test_descriptions_and_defaults_are_docstrings_of_the_stub_whatever_is_in_them() -> None:
    text = 'It\'s """quoted""", has a \\ and ends in "quotes"'
    module = _module(
        _struct("A", SchemaField("a", Type("string"), description=text, default="3"), description="word " * 60)
    )
    tree = ast.parse(emit_stub(module, TARGET))
    (cls,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert (ast.get_docstring(cls) or "").split() == ["word"] * 60
    docs = [
        node.value.value for node in cls.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    assert f"{text} Default: 3." in [" ".join(str(doc).split()) for doc in docs]
    assert "quoted" not in emit_models(module, TARGET)


def test_an_alias_is_the_other_modules_class() -> None:
    module = _module(_struct("A"), aliases={"Rule": "y_v1.Rule"})
    assert "from kubeloop.models import y_v1" in emit_models(module, TARGET)
    assert "Rule = y_v1.Rule" in emit_models(module, TARGET)
    assert "Rule: TypeAlias = y_v1.Rule" in emit_stub(module, TARGET)


def test_the_text_does_not_depend_on_the_order_of_the_input() -> None:
    structs = [_struct("A"), _struct("B", SchemaField("a", Type("ref", name="x_v1.A"))), _struct("C")]
    assert emit_models(_module(*structs), TARGET) == emit_models(_module(*reversed(structs)), TARGET)
    assert emit_stub(_module(*structs), TARGET) == emit_stub(_module(*reversed(structs)), TARGET)
