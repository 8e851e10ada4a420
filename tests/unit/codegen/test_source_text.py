"""The text of an input is written into source code by one module only."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.codegen.model_files import _DRAFT_NAMES, _MARKERS, _STATIC_NAMES  # pyright: ignore[reportPrivateUsage]
from kubeloop.codegen.python_names import type_name, unique
from kubeloop.codegen.schema import (
    Kind,
    Module,
    Resource,
    SchemaError,
    SchemaField,
    Struct,
    Subresource,
    Type,
    check_group_version,
    identifier,
)
from kubeloop.codegen.source_text import check_source, docstring, literal, printable, used_names

TEXT = st.text(st.characters(), max_size=40)


@given(TEXT)
def test_a_literal_is_the_text_on_one_visible_line(text: str) -> None:
    """(F1)"""
    written = literal(text)
    assert written.isprintable()
    assert written[0] == written[-1] == '"'
    assert ast.literal_eval(written) == text


@given(TEXT, st.sampled_from(["", "    "]))
def test_a_docstring_is_one_string_whatever_it_says(text: str, indent: str) -> None:
    """(F1)"""
    lines = docstring(text, indent)
    assert all(line.isprintable() for line in lines)
    body = "\n".join(["class A:", *(line if indent else f"    {line}" for line in lines), "    pass"])
    first, *rest = ast.parse(body).body[0].body  # type: ignore[attr-defined]
    if text.strip():
        assert isinstance(first, ast.Expr)
        assert isinstance(first.value, ast.Constant)
        assert len(rest) == 1


def test_a_docstring_says_what_the_text_says() -> None:
    (expression,) = ast.parse("\n".join(docstring('a \\N{X} """b""" c\\\n\nd\x00e'))).body
    assert isinstance(expression, ast.Expr)
    assert ast.literal_eval(expression.value).split() == ["a", "\\N{X}", '"""b"""', "c\\", "d\x00e"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\nb", "a\\x0ab"), ("\u2028", "\\u2028"), ("\U000e0001", "\\U000e0001"), ("größe", "größe")],
)
def test_what_cannot_be_seen_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_names_in_text_are_not_used_names() -> None:
    """(I9)"""
    assert used_names('class A:\n    """Any"""\n    a: Seq = ...\n    """\n    Mapping\n    """\n') == {"Seq"}


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.system('x')\n",
        "class A:\n    print()\n",
        "for x in y: pass\n",
        "if x: pass\n",
        "a = eval('x')\n",
        "a = __import__('x')\n",
        "raise X\n",
        "with x: pass\n",
        "async def f(): pass\n",
        "a = (\n",
        "\x00",
    ],
)
def test_a_statement_that_no_emitter_writes_is_refused(text: str) -> None:
    """(F1)"""
    with pytest.raises(SchemaError, match=r"x\.py"):
        check_source("x.py", text)


@pytest.mark.parametrize("name", ["", "a b", "a-b", "class", "None", "größe", "1a", "a.b", "a\n", "ａ"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """(F1) Letters that Python would normalize to others are not names either."""
    with pytest.raises(SchemaError, match="not a name"):
        identifier(name)


BAD = 'x"\nimport os'


@pytest.mark.parametrize(
    "make",
    [
        lambda: Module(BAD, "x", "v1", {}, {}),
        lambda: Module("x_v1", BAD, "v1", {}, {}),
        lambda: Module("x_v1", "x", "../v1", {}, {}),
        lambda: Module("x_v1", "x", "v1", {BAD: Struct("A", [])}, {}),
        lambda: Module("x_v1", "x", "v1", {}, {}, enums={BAD: []}),
        lambda: Module("x_v1", "x", "v1", {}, {}, aliases={"A": BAD}),
        lambda: Struct(BAD, []),
        lambda: SchemaField(BAD, Type("string")),
        lambda: SchemaField("a", Type("string"), enum=BAD),
        lambda: Type("ref", name=BAD),
        lambda: Kind(BAD, "A", "x/v1"),
        lambda: Kind("A", BAD, "x/v1"),
        lambda: Kind("A", "A", BAD),
        lambda: Kind("A", "A", "x/v1", items=BAD),
        lambda: Resource(BAD, "as", True, frozenset()),
        lambda: Resource("A", BAD, True, frozenset()),
        lambda: Resource("A", "as", True, frozenset({BAD})),
        lambda: Resource("A", "as", True, frozenset(), response=BAD),
        lambda: Subresource(BAD, frozenset()),
        lambda: Subresource("a", frozenset({BAD})),
        lambda: Subresource("a", frozenset(), request=BAD),
        lambda: Subresource("a", frozenset(), response=BAD),
        lambda: Subresource("a", frozenset(), requests_also=[BAD]),
    ],
)
def test_each_part_of_the_neutral_form_checks_its_names(make: object) -> None:
    """(F1)"""
    with pytest.raises(SchemaError):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("group", "version"), [("A.b", "v1"), ("a..b", "v1"), ("-a", "v1"), ("a" * 254, "v1"), ("a", "1"), ("a", "v1-")]
)
def test_groups_and_versions_are_those_of_kubernetes(group: str, version: str) -> None:
    with pytest.raises(SchemaError):
        check_group_version(group, version)
    check_group_version("", "v1")
    check_group_version("1password.com", "v1-beta")


def test_no_class_is_called_as_something_that_models_use() -> None:
    """(I6) A marker or a name that is added to the imports of model modules has to be added to the reserved names."""
    used = {*_MARKERS, *_DRAFT_NAMES, *(name for names in _STATIC_NAMES.values() for name in names)}
    assert {name for name in used if type_name(name) == name} == set()


def test_unique_names_are_numbered() -> None:
    taken: set[str] = set()
    assert [unique("A", taken), unique("A", taken), unique("A", taken, "_"), unique("A2", taken)] == [
        "A", "A2", "A_2", "A22",
    ]  # fmt: skip


@pytest.mark.parametrize(("length", "shown"), [(100, "a " + "x" * 98), (101, "a " + "x" * 95 + "...")])
def test_a_long_name_is_cut_in_the_message_that_refuses_it(length: int, shown: str) -> None:
    """(F1)"""
    with pytest.raises(SchemaError) as refused:
        identifier("a " + "x" * (length - 2))
    assert str(refused.value) == f"name '{shown}' is not a name in Python"
