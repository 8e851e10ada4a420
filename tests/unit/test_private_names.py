"""No module uses a private name of another module.

A name with a leading underscore belongs to the module that defines it. So an attribute `value._name` is used only on
`self`, `cls` and `super()`, or where the same module defines `_name` in a class; no module imports a `_name` of another
module; and a module or package `_name` is imported only within the package that contains it. Attributes of libraries'
modules, and names such as `__name__`, are excepted.
"""

import ast
from pathlib import Path

import pytest

import kubeloop

ROOT = Path(kubeloop.__file__).parent
GENERATED = ("models/", "clients/groups/", "cache/informers/")
FILES = [path for path in sorted(ROOT.rglob("*.py")) if not path.relative_to(ROOT).as_posix().startswith(GENERATED)]


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def own_names(tree):
    """Return the private names that the classes of a module define."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for each in ast.walk(node):
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.add(each.name)
                elif isinstance(each, ast.Attribute) and is_self(each.value) and isinstance(each.ctx, ast.Store):
                    found.add(each.attr)
            for each in node.body:
                targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
                found.update(target.id for target in targets if isinstance(target, ast.Name))
                if isinstance(each, ast.Assign) and "__slots__" in {getattr(target, "id", "") for target in targets}:
                    found.update(ast.literal_eval(each.value))
    return found


def is_self(value):
    is_super = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super"
    return is_super or (isinstance(value, ast.Name) and value.id in {"self", "cls"})


def faults(source, module):
    tree = ast.parse(source)
    own = own_names(tree)
    libraries = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            of_library = isinstance(node.value, ast.Name) and node.value.id in libraries
            if not (is_self(node.value) or node.attr in own or of_library):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kubeloop"):
            *package, last = node.module.split(".")
            for alias in node.names:
                path = [*package, last, alias.name]
                for at, name in enumerate(path):
                    if is_private(name) and not module.startswith(".".join(path[:at]) + "."):
                        yield node.lineno, f"{node.module}.{alias.name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_uses_a_private_name_of_another_one(path):
    module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    assert list(faults(path.read_text(encoding="utf-8"), module)) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x._y", ["x._y"]),
        ("x._y = 1", ["x._y"]),
        ("f()._y", ["f()._y"]),
        ("self._y; cls._y; super()._y", []),
        ("x.__class__", []),
        ("class A:\n    def f(self, other): return self._y, other._y", ["other._y"]),
        ("class A:\n    def f(self, other):\n        self._y = other._y", []),
        ("class A:\n    _y: int\n\ndef f(a): return a._y", []),
        ("class A:\n    __slots__ = ('_y',)\n\ndef f(a): return a._y", []),
        ("class A:\n    def _y(self): ...\n\ndef f(a): return a._y()", []),
        ("import zlib\nx: zlib._Decompress", []),
        ("from kubeloop.meta.yaml import _words", ["kubeloop.meta.yaml._words"]),
        ("from kubeloop.meta._yaml_events import EventSource", ["kubeloop.meta._yaml_events.EventSource"]),
        ("from kubeloop._kit.text import safe_text", []),
        ("from kubeloop._kit import waiting", []),
    ],
)
def test_finds_a_private_name_of_another_module(source, expected):
    assert [name for _, name in faults(source, "kubeloop.cache.lister")] == expected


def test_a_private_module_is_for_its_package():
    source = "from kubeloop.meta._yaml_events import EventSource\nfrom kubeloop.meta import _yaml_events"
    assert list(faults(source, "kubeloop.meta.yaml")) == []
