"""The names that `import kubeloop` provides, and the small cost of the import."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from hatchling.version.source.regex import RegexSource

import kubeloop
from kubeloop import (
    cache,
    certificates,
    config,
    errors,
    health,
    leaderelection,
    record,
    serving,
    telemetry,
    testing,
    transport,
)

HEAVY = {"httptools", "websockets", "asyncio", "yaml", "msgspec", "typing", "logging", "ssl", "kubeloop.models"}


def names_for_type_checkers(package: ModuleType) -> set[str]:
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    return {
        alias.name
        for block in tree.body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize(
    "package",
    [kubeloop, cache, certificates, config, health, leaderelection, record, serving, telemetry, testing, transport],
    ids=lambda package: package.__name__,
)
def test_type_checkers_and_the_interpreter_see_the_same_names(package: ModuleType) -> None:
    names = names_for_type_checkers(package)
    assert names - {"__version__"} == set(package.__all__)
    assert names <= set(dir(package))
    assert all(hasattr(package, name) for name in names)


def test_the_wheel_has_the_version_that_the_package_tells() -> None:
    root = Path(__file__).parents[2]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["version"]
    assert RegexSource(str(root), settings).get_version_data()["version"] == kubeloop.__version__


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


def test_a_misspelt_name_is_an_attribute_error_with_the_near_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Clientest'; did you mean 'Clientset'"):
        _ = kubeloop.Clientest  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "package",
    [kubeloop, cache, certificates, config, health, leaderelection, record, serving, telemetry, testing, transport],
    ids=lambda package: package.__name__,
)
def test_dir_lists_the_public_names_and_no_internals(package: ModuleType) -> None:
    assert set(dir(package)) - {"__version__"} == set(package.__all__)


def test_selectors_can_be_imported_as_modules() -> None:
    program = "import kubeloop.labels, kubeloop.fields; print(kubeloop.labels.Selector.parse('a=b'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "a=b\n"


def test_importing_the_package_imports_next_to_nothing() -> None:
    program = "import sys; before = set(sys.modules); import kubeloop; print(*sorted(set(sys.modules) - before))"
    answer = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(answer.stdout.split())
