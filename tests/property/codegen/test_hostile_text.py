"""For every text in a definition or an OpenAPI document, the output is inert and stays in its folder (F1)."""

from __future__ import annotations

import ast
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.custom import generate_package
from kubeloop.codegen.generated_files import origin_line, write
from kubeloop.codegen.openapi import read_openapi
from kubeloop.codegen.schema import Module, SchemaError
from tests.support.definitions import at, places, renamed, replaced, rich_definition

CODE = "__import__('os').abort()"
HOSTILE = st.one_of(
    st.sampled_from(
        [
            f'"""\n{CODE}\n"""',
            f"'''\n{CODE}\n'''",
            f'"\n{CODE}\n#',
            f'"); {CODE}; ("',
            f"x\r{CODE}",
            f"x\x0c{CODE}",
            f"x\u2028{CODE}",
            f"x\x85{CODE}",
            f"]\n{CODE}",
            "\\",
            '\\"""',
            '""""',
            "\\N{DIGIT ONE}",
            "\\x",
            "\x00",
            "\ud800",
            "\u202eabc",
            "../../../../escaped",
            "/escaped",
            "..",
            "a/b",
            ".",
            "",
            "None",
            "class",
            "__init__",
            "{0}",
            "%s",
            "a" * 300,
        ]
    ),
    st.text(max_size=30),
)
STATEMENTS = (
    *(ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign),
    *(ast.Return, ast.Pass),
)


def _openapi() -> dict[str, Any]:
    kind = {"group": "x.io", "version": "v1", "kind": "Thing"}

    def reference(name: str) -> dict[str, str]:
        return {"$ref": f"#/components/schemas/{name}"}

    def operation(action: str, name: str) -> dict[str, Any]:
        content = {"application/json": {"schema": reference(name)}}
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
            "responses": {"200": {"content": content}},
            "requestBody": {"content": content},
        }

    things = "/apis/x.io/v1/namespaces/{namespace}/things"
    return {
        "paths": {
            things: {"get": operation("list", "io.x.v1.ThingList"), "post": operation("post", "io.x.v1.Thing")},
            f"{things}/{{name}}": {"get": operation("get", "io.x.v1.Thing")},
            f"{things}/{{name}}/turn": {
                "get": operation("get", "io.x.v1.Turn"),
                "put": operation("put", "io.x.v1.Turn"),
            },
        },
        "components": {
            "schemas": {
                "io.x.v1.Thing": {
                    "type": "object",
                    "description": "A thing.",
                    "x-kubernetes-group-version-kind": [kind],
                    "properties": {"spec": {"allOf": [reference("io.x.v1.Part")], "default": {"a": "b"}}},
                },
                "io.x.v1.ThingList": {
                    "type": "object",
                    "x-kubernetes-group-version-kind": [{**kind, "kind": "ThingList"}],
                    "properties": {"items": {"type": "array", "items": reference("io.x.v1.Thing")}},
                },
                "io.x.v1.Part": {"type": "object", "properties": {"word": reference("io.x.v1.Word")}},
                "io.x.v1.Word": {"type": "string", "enum": ["a"], "description": "One word."},
                "io.x.v1.Turn": {"type": "object", "properties": {"by": {"type": "integer"}}},
            }
        },
    }


@st.composite
def _hostile(draw: st.DrawFn, document: dict[str, Any]) -> Any:
    """Return a document in which one to three texts, values or keys, are hostile."""
    for _ in range(draw(st.integers(1, 3))):
        found = [path for path in places(document) if path]
        path = draw(st.sampled_from(found))
        value = at(document, path)
        if isinstance(path[-1], str) and draw(st.booleans()):
            document = renamed(document, path, draw(HOSTILE))
        elif isinstance(value, str):
            document = replaced(document, path, draw(HOSTILE))
    return document


def _crd_modules(document: Any) -> dict[str, Module]:
    return read_crds([document], "test")


def _openapi_modules(document: Any) -> dict[str, Module]:
    module = read_openapi(document, "test", {"meta_v1": ["ObjectMeta"]})
    return {module.name: module}


def _check(folder: Path, modules: dict[str, Module], source: str) -> None:
    out = folder / "deep" / "out"
    files = generate_package(modules, origin_line(f"kubeloop generate {source}", [b""]))
    write(files, out)
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    assert written == sorted(out / name for name in files), "files outside the folder"
    for path in written:
        text = path.read_text(encoding="utf-8")
        if path.name == "names.json":
            json.loads(text)
        else:
            _check_text(text)


def _check_text(text: str) -> None:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), "an expression that runs"
        elif isinstance(node, ast.If):
            assert ast.unparse(node.test) == "TYPE_CHECKING"
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called.rpartition(".")[2][0].isupper() or called in {"self._factory.informer", "cast", "scaled"}
            assert CODE not in called
        elif isinstance(node, ast.stmt):
            assert isinstance(node, STATEMENTS), ast.dump(node)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_hostile(rich_definition()), HOSTILE)
def test_a_definition_becomes_inert_files_or_an_error(document: Any, source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            _check(Path(folder), _crd_modules(document), source)
        except SchemaError:
            assert list(Path(folder).iterdir()) == []


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_hostile(_openapi()), HOSTILE)
def test_an_openapi_document_becomes_inert_files_or_an_error(document: Any, source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            _check(Path(folder), _openapi_modules(document), source)
        except SchemaError:
            assert list(Path(folder).iterdir()) == []


def test_the_documents_themselves_are_generated() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check(Path(folder) / "a", _crd_modules(rich_definition()), "a.yaml")
        _check(Path(folder) / "b", _openapi_modules(_openapi()), "b.json")
