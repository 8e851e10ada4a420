"""No module uses a private name of another module.

A name with a leading underscore belongs to the module that defines it. So an attribute `value._name` is used only on
`self`, `cls` and `super()`, or where the same module defines `_name` in a class, and a constant name is passed to
`getattr` and its kind only there; no module imports a `_name` of another module; and a module or package `_name` is
imported only within the package that contains it. Attributes of libraries' modules, and names such as `__name__`, are
excepted.
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


def imported(node, module):
    """Return the dotted names that an import statement of a module names, if they are names of kubeloop."""
    if isinstance(node, ast.Import):
        found = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        home = module.split(".")[: -node.level] if node.level else []
        found = [".".join([*home, *filter(None, [node.module]), alias.name]) for alias in node.names]
    else:
        found = []
    return [name for name in found if name.partition(".")[0] == "kubeloop"]


def named(node):
    """Return the attributes that an expression or pattern names: `x._y`, `getattr(x, "_y")`, `case X(_y=1)`."""
    if isinstance(node, ast.Attribute):
        yield node.attr, node.value
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in BY_NAME:
        for each in node.args:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value, node.args[0]
    elif isinstance(node, ast.MatchClass):
        for name in node.kwd_attrs:
            yield name, node.cls


BY_NAME = {"getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller", "__setattr__", "__getattribute__"}


def faults(source, module):
    tree = ast.parse(source)
    own = own_names(tree)
    libraries = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and not imported(node, module)
        for alias in node.names
    }
    for node in ast.walk(tree):
        for attribute, value in named(node):
            of_library = isinstance(value, ast.Name) and value.id in libraries
            if is_private(attribute) and not (is_self(value) or attribute in own or of_library):
                yield node.lineno, ast.unparse(node)
        for name in imported(node, module):
            path = name.split(".")
            for at, part in enumerate(path):
                if is_private(part) and not module.startswith(".".join(path[:at]) + "."):
                    yield node.lineno, name


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
        ("import kubeloop.cache.store.lister as lister\nlister._y", ["lister._y"]),
        ("import kubeloop.meta._yaml_events", ["kubeloop.meta._yaml_events"]),
        ("from ..meta.yaml import _words", ["kubeloop.meta.yaml._words"]),
        ("from .lister import _words", ["kubeloop.clients.lister._words"]),
        ("getattr(x, '_y', None)", ["getattr(x, '_y', None)"]),
        ("object.__setattr__(x, '_y', 1)", ["object.__setattr__(x, '_y', 1)"]),
        ("operator.attrgetter('_y')", ["operator.attrgetter('_y')"]),
        ("match x:\n    case A(_y=1): ...", ["A(_y=1)"]),
        ("getattr(self, '_y'); getattr(x, '__y__')", []),
        ("class A:\n    _y: int\n\ngetattr(x, '_y')", []),
        ("from kubeloop.meta.yaml import _words", ["kubeloop.meta.yaml._words"]),
        ("from kubeloop.meta._yaml_events import EventSource", ["kubeloop.meta._yaml_events.EventSource"]),
        ("from kubeloop._kit.text import safe_text", []),
        ("from kubeloop._kit import waiting", []),
    ],
)
def test_finds_a_private_name_of_another_module(source, expected):
    assert [name for _, name in faults(source, "kubeloop.clients.resource_info")] == expected


def test_a_private_module_is_for_its_package():
    source = "from kubeloop.meta._yaml_events import EventSource\nfrom kubeloop.meta import _yaml_events"
    assert list(faults(source, "kubeloop.meta.yaml")) == []
