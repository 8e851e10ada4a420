"""What `import kubeloop` offers, and how little it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kubeloop
from kubeloop import errors

HEAVY = {"httptools", "websockets", "asyncio", "yaml", "msgspec", "typing", "logging", "ssl", "kubeloop.models"}


def names_for_type_checkers() -> set[str]:
    tree = ast.parse(Path(kubeloop.__file__).read_text(encoding="utf-8"))
    return {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names} - {
        "annotations",
        "import_module",
    }


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    assert names_for_type_checkers() == set(kubeloop.__all__) == set(kubeloop._HOME)


@pytest.mark.parametrize("name", kubeloop.__all__)
def test_every_public_name_can_be_imported_from_the_top(name: str) -> None:
    assert getattr(kubeloop, name) is getattr(kubeloop, name)
    assert name in dir(kubeloop)


def test_every_error_is_a_top_level_name() -> None:
    assert set(errors.__all__) <= set(kubeloop.__all__)


def test_selectors_are_found_in_modules_of_their_own() -> None:
    assert str(kubeloop.labels.Selector.parse("a=b")) == "a=b"
    assert str(kubeloop.fields.equals("metadata.name", "a")) == "metadata.name=a"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Podd'"):
        _ = kubeloop.Podd  # type: ignore[attr-defined]


def test_importing_the_package_imports_next_to_nothing() -> None:
    program = "import sys; before = set(sys.modules); import kubeloop; print(*sorted(set(sys.modules) - before))"
    answer = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(answer.stdout.split())
