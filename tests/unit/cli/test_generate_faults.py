"""`kubeloop generate` with hostile, odd and broken input: one message and nothing written, or a package that works."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubeloop.cli import main
from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.custom import generate_package
from kubeloop.codegen.given_names import FILE
from kubeloop.codegen.schema import SchemaError
from kubeloop.codegen.source_text import check_source
from tests.support.definitions import at, definition, places, replaced, rich_definition
from tests.support.type_checkers import pyright

Generate = Callable[..., int]


@pytest.fixture
def generate(tmp_path: Path) -> Generate:
    """Run the command on documents; the package is written to `out` in the test's folder, and `out/name` is checked."""

    def run(*documents: Any, option: str = "--crd", name: str = "in.json") -> int:
        file = tmp_path / name
        value = documents[0] if len(documents) == 1 else {"kind": "List", "items": documents}
        file.write_text(json.dumps(value))
        return main(["generate", option, str(file), "--out", str(tmp_path / "deep" / "out")])

    return run


def _refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> None:
    """Check that the last command wrote one line, which contains these words, and nothing else anywhere."""
    error = capsys.readouterr().err
    assert error.startswith("kubeloop: ")
    assert error.count("\n") == 1
    assert error.rstrip("\n").isprintable()
    for word in words:
        assert word in error
    assert list(tmp_path.rglob("*.py*")) == []
    assert not (tmp_path / "deep").exists()


HOSTILE_NAMES = [
    "../../../../escaped",
    'x"""\nimport os',
    "x'",
    'x"',
    "x\ny",
    "x\u2028y",
    "x\\",
    "",
    "x/y",
    "X..",
    "x" * 64,
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("field", ["group", "version", "plural", "kind"])
def test_names_that_kubernetes_does_not_allow_are_refused(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, name: str
) -> None:
    """(F1) Among them: a path as version, quotes in a plural, three quotes in a group, and similar names."""
    if field == "group" and name == "x" * 64:
        name = "x" * 254
    assert generate(definition(**{field: name})) == 1
    _refused(tmp_path, capsys, "in.json", field)


def test_a_list_kind_and_a_scope_are_checked_too(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """(F1)"""
    for path, value in ((("spec", "names", "listKind"), 'A"B'), (("spec", "scope"), "Galaxy")):
        assert generate(replaced(definition(), path, value)) == 1
        _refused(tmp_path, capsys, value.partition('"')[0])


def test_a_line_break_in_a_files_name_stays_in_the_comment(generate: Generate, tmp_path: Path) -> None:
    """(F1)"""
    assert generate(definition(), name="a\nimport os\n.json") == 0
    for path in (tmp_path / "deep" / "out").rglob("*.py*"):
        text = path.read_text()
        assert "\\x0aimport os" in text.splitlines()[0]
        assert not any(
            name.name == "os"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import)
            for name in node.names
        )


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x00"])
def test_a_field_that_no_model_can_have_is_one_message(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """(F1) msgspec does not accept such names."""
    assert generate(definition(properties={name: {"type": "string"}})) == 1
    _refused(tmp_path, capsys, "in.json", "field")


DESCRIPTIONS = [
    '"""\nraise SystemExit(7)\n"""',
    "ends with \\", 'ends with "', '\\"""', "a\x0cb\x1cc\x85d\u2028e\u2029f",
    "nul \x00 nul", "\\N{DIGIT ONE} \\x \\u", "\u202egpj", "a\r\nraise SystemExit(7)\r\n", "two\n\nparagraphs",
    "\\", "'''", "x" * 500,
]  # fmt: skip


FIELDS = ["'''", "a'b", "größe", "\u2028", "\x85", "\u202egpj", "a b", "", "__class__", "None", "#", "{0}", "x" * 300]


def test_descriptions_defaults_and_enums_say_anything(generate: Generate, tmp_path: Path) -> None:
    """(F1) Text is never code, and nothing in it is invisible."""
    fields = {
        f"f{number}": {"type": "string", "description": text, "default": text, "enum": [text, "b"]}
        for number, text in enumerate(DESCRIPTIONS)
    }
    spec = {
        "type": "object",
        "description": "\n\n".join(DESCRIPTIONS),
        "properties": {**fields, **{name: {"type": "string"} for name in FIELDS}},
    }
    assert generate(definition(properties={"spec": spec})) == 0
    stub = (tmp_path / "deep" / "out" / "models" / "example_com_v1.pyi").read_text()
    assert all(letter.isprintable() or letter == "\n" for letter in stub)
    for node in ast.walk(ast.parse(stub)):
        assert not isinstance(node, ast.Raise | ast.Call)


def test_files_are_not_written_through_a_symbolic_link(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """(F1) A folder in the package that leads out of it is not followed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    (out / "models").symlink_to(elsewhere, target_is_directory=True)
    assert generate(definition()) == 1
    assert "leads out of the folder" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in out.iterdir()] == ["models"]


MODEL_NAMES = ["str", "MAP", "SEQ", "STR", "int", "Any", "Model", "Kind", "Draft", "open", "datetime", "Literal"]

ODD = {
    "a group that begins with a digit": [definition("1password.com")],
    "a version with a dash": [definition(version="v1-beta")],
    "a plural with a dash": [definition(plural="foo-bars", kind="FooBar")],
    "a kind with a dash": [definition(plural="foo-bars", kind="Foo-Bar")],
    "keywords": [definition(kind=kind, plural=plural) for kind, plural in
                 (("Import", "import"), ("None", "none"), ("class", "class"), ("True", "true"))],
    "two groups of one module name": [definition("a-b.x"), definition("a.b.x")],
    "names that models use": [
        definition(kind=kind, plural=f"p{number}-{kind.lower()}")
        for number, kind in enumerate(MODEL_NAMES)
    ],
    "a scale beside a kind of that name": [
        definition(kind="Foo", plural="foos", subresources={"scale": {}, "status": {}}),
        definition(kind="FooScale", plural="fooscale"),
    ],
    "names that clients use": [
        definition(kind=kind, plural=kind.lower())
        for kind in ("StatusResourceClient", "ResourceClient", "Get", "RESTClient", "List", "ExampleComV1")
    ],
    "modules of kubeloop itself": [definition("meta"), definition("autoscaling", subresources={"scale": {}})],
    "fields that are called as modules and classes": [
        definition(
            kind="thing",
            properties={
                "metaV1": {"type": "string"},
                "thing": {"type": "string"},
                "exampleComV1": {"type": "string"},
                "spec": {"type": "object", "properties": {"thing": {"type": "object", "properties": {"a": {}}}}},
            },
        )
    ],
    "a list kind that sorts before its kind": [replaced(definition(), ("spec", "names", "listKind"), "All")],
}  # fmt: skip


@pytest.mark.parametrize("documents", ODD.values(), ids=ODD)
def test_odd_names_become_names_that_collide_with_nothing(
    generate: Generate, tmp_path: Path, documents: list[Any]
) -> None:
    """(I6) Every module is imported, and every kind reads an object of its own."""
    assert generate(*documents) == 0
    expected = {(one["spec"]["group"], one["spec"]["names"]["kind"]) for one in documents}
    assert _kinds(tmp_path) == {(group, kind) for group, kind in expected}


def _kinds(tmp_path: Path) -> set[tuple[str, str]]:
    """Return the kinds that the package can read, found in a separate process, as a user's program would find them."""
    program = """
import importlib, json, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import out
from kubeloop import Kind
found = []
for name in [one.name for one in pkgutil.walk_packages(out.__path__, "out.")]:
    module = importlib.import_module(name)
    for cls in [one for one in vars(module).values() if isinstance(one, type)]:
        if ".models." in name and issubclass(cls, Kind) and cls.resource and cls.__module__ == name:
            obj = cls.from_dict({"apiVersion": cls.api_version, "kind": cls.kind, "metadata": {"name": "a"}})
            assert obj.metadata.name == "a" and cls.list_type.kind, cls
            found.append((cls.api_version.partition("/")[0], cls.kind))
print(json.dumps(found))
"""
    command = [sys.executable, "-c", program, str(tmp_path / "deep")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {(group, kind) for group, kind in json.loads(done.stdout)}


def test_stubs_import_only_what_they_use(generate: Generate, tmp_path: Path) -> None:
    """(I9) Words in descriptions are not names: pyright reports nothing for the package."""
    words = "Any\n\nMapping of Sequence and Literal, a datetime, TypeAlias\n\nLists, Objects, Nested, Dicts, ObjectMap"
    properties = {"spec": {"type": "object", "description": words, "properties": {"a": {"type": "integer"}}}}
    assert generate(definition(properties=properties)) == 0
    stub = ast.parse((tmp_path / "deep" / "out" / "models" / "example_com_v1.pyi").read_text())
    imported = {
        name.asname or name.name for node in ast.walk(stub) if isinstance(node, ast.ImportFrom) for name in node.names
    }
    assert imported == {node.id for node in ast.walk(stub) if isinstance(node, ast.Name)} & imported
    assert pyright(tmp_path / "deep", "out") == {}


def test_a_definition_that_stands_twice_is_one_message(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """(I10) In one file and in two: never a class `Thing2`."""
    assert generate(definition(), definition()) == 1
    _refused(tmp_path, capsys, "in.json: things.example.com", "already defined")
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(definition()))
    files = [str(tmp_path / name) for name in ("a.json", "b.json")]
    assert main(["generate", "--crd", *files, "--out", str(tmp_path / "deep" / "out")]) == 1
    _refused(tmp_path, capsys, "a.json", "b.json", "things.example.com")


@pytest.mark.parametrize("other", [definition(plural="others"), definition(kind="Other"), definition(kind="ThingList")])
def test_a_name_that_two_definitions_share_is_one_message(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str], other: Any
) -> None:
    """(I10) A server would accept the names of only one of them."""
    other["metadata"]["name"] = "z"
    if other["spec"]["names"]["kind"] == "ThingList":
        other["spec"]["names"]["plural"] = "thinglists"
    assert generate(definition(), other) == 1
    _refused(tmp_path, capsys, "in.json", "already defined")


SERVED = ("spec", "versions", 0, "served")


@pytest.mark.parametrize("document", [
    replaced(definition(), SERVED, False),
    replaced(definition(), SERVED, None),
    replaced(definition(), ("spec", "versions"), []),
])  # fmt: skip
def test_no_served_version_is_one_message(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Any
) -> None:
    """(I10) Instead of an empty package without a message."""
    assert generate(document) == 1
    _refused(tmp_path, capsys, "in.json: things.example.com", "no version of it is served")


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\x01", "a: *b", "[" * 20000, "--- x\n"])
@pytest.mark.parametrize("option", ["--crd", "--openapi"])
def test_broken_yaml_names_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    """(I10)"""
    (tmp_path / "good.json").write_text(json.dumps(definition()))
    (tmp_path / "bad.yaml").write_text(text)
    files = [str(tmp_path / name) for name in ("bad.yaml", "good.json")]
    assert main(["generate", option, *files, "--out", str(tmp_path / "deep" / "out")]) == 1
    _refused(tmp_path, capsys, "bad.yaml")


NULLS = [
    (("spec",), "spec"),
    (("spec", "names"), "names"),
    (("spec", "group"), "group"),
    (("spec", "versions"), "versions"),
    (("spec", "versions", 0, "schema"), "no schema"),
    (("spec", "versions", 0, "schema", "openAPIV3Schema"), "no schema"),
    (("metadata",), "metadata"),
]


@pytest.mark.parametrize(("path", "word"), NULLS)
def test_a_null_where_a_value_is_needed_is_one_message(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str], path: Any, word: str
) -> None:
    """(I10)"""
    assert generate(replaced(definition(), path, None)) == 1
    _refused(tmp_path, capsys, "in.json", word)


SCHEMA = ("spec", "versions", 0, "schema", "openAPIV3Schema")


@pytest.mark.parametrize(
    "path",
    [
        ("spec", "versions", 0, "subresources"),
        ("spec", "versions", 0, "subresources", "scale"),
        ("spec", "names", "listKind"),
        (*SCHEMA, "properties"),
        (*SCHEMA, "properties", "spec", "required"),
        (*SCHEMA, "properties", "spec", "properties", "mode", "enum"),
        (*SCHEMA, "properties", "spec", "properties", "many", "items"),
        (*SCHEMA, "properties", "spec", "properties", "map", "additionalProperties"),
    ],
)
def test_a_null_is_an_absent_value_as_for_the_server(path: Any) -> None:
    """(I10) The API server decodes into Go types, for which null and absent are the same."""
    absent = rich_definition()
    del at(absent, path[:-1])[path[-1]]
    with_null = replaced(rich_definition(), path, None)
    assert generate_package(read_crds([with_null], "x"), "#") == generate_package(read_crds([absent], "x"), "#")


def test_what_was_there_stays_when_generating_fails(generate: Generate, tmp_path: Path) -> None:
    """(I10)"""
    assert generate(definition()) == 0
    out = tmp_path / "deep" / "out"
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert generate(definition("other.com"), definition(version="..")) == 1
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_definition_nested_600_deep_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """(F10)"""
    inner = '{"type": "object", "properties": {"a": ' * 600 + '{"type": "string"}' + "}}" * 600
    text = json.dumps(definition(properties={"spec": {"type": "PLACE"}})).replace('{"type": "PLACE"}', inner)
    (tmp_path / "in.json").write_text(text)
    assert main(["generate", "--crd", str(tmp_path / "in.json"), "--out", str(tmp_path / "deep" / "out")]) == 1
    _refused(tmp_path, capsys, "in.json", "nested too deeply")


def test_deep_defaults_and_lists_are_one_message_or_a_package(generate: Generate, tmp_path: Path) -> None:
    """(F10)"""
    deep: Any = {"type": "string"}
    value: Any = 1
    for _ in range(150):
        deep, value = {"type": "array", "items": deep}, [value]
    for schema in (deep, {"type": "array", "default": value}, {"type": "object", "default": {"a": value}}):
        assert generate(definition(properties={"spec": schema})) in (0, 1)


@pytest.mark.parametrize("depth", [150, 199, 205, 260, 320, 5000])
@pytest.mark.parametrize("around", ['{"type": "array", "items": ', '{"type": "object", "additionalProperties": '])
def test_types_nested_deeper_than_brackets_can_be_are_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], around: str, depth: int
) -> None:
    """(F10) Python accepts 200 nested brackets."""
    text = json.dumps(definition(properties={"spec": {"type": "PLACE"}}))
    (tmp_path / "in.json").write_text(
        text.replace('{"type": "PLACE"}', around * depth + '{"type": "string"}' + "}" * depth)
    )
    code = main(["generate", "--crd", str(tmp_path / "in.json"), "--out", str(tmp_path / "deep" / "out")])
    assert code == (depth > 200)
    if code:
        _refused(tmp_path, capsys, "in.json", "nested too deeply")


MUTANTS = [None, 7, "text", [], {}]


def test_every_single_wrong_type_is_one_message_or_a_package() -> None:
    """(F10) Each node of a definition, replaced by null, a number, text, a list and a mapping."""
    document, generated, messages = rich_definition(), 0, set[str]()
    for path in places(document):
        for value in MUTANTS:
            try:
                files = generate_package(read_crds([replaced(document, path, value)], "x.yaml"), "# Generated.")
            except SchemaError as error:
                messages.add(str(error).partition(":")[0])
                continue
            generated += 1
            for name, text in files.items():
                if name != FILE:
                    check_source(name, text)
    assert messages == {"x.yaml"}, "each message names the file"
    assert generated > 50, "descriptions, defaults and the like may be left out"
