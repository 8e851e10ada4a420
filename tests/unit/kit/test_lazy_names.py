"""Names of a package that are loaded when they are first used."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

INIT = """
from kubeloop._kit.lazy_names import lazy_names

__all__ = ["own"]
own = 1
__getattr__, __dir__ = lazy_names(__name__, {"shapes": "Circle Square", "rooms.kitchen": "Stove", "": "rooms"})
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    files = {
        "__init__": INIT,
        "shapes": "Circle, Square = 'c', 's'",
        "rooms/__init__": "",
        "rooms/kitchen": "Stove = 's'",
    }
    for name, text in files.items():
        file = tmp_path / "lazy_example" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.startswith("lazy_example")]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("lazy_example")


def test_importing_the_package_imports_none_of_its_modules(package: ModuleType) -> None:
    assert [name for name in sys.modules if name.startswith("lazy_example.")] == []


def test_a_name_is_loaded_from_its_module_when_it_is_first_used(package: ModuleType) -> None:
    assert package.Circle == "c"
    assert "lazy_example.shapes" in sys.modules
    assert "lazy_example.rooms" not in sys.modules
    assert package.Stove == "s"


def test_a_loaded_name_is_kept(package: ModuleType) -> None:
    assert package.Circle == "c"
    sys.modules["lazy_example.shapes"].Circle = "other"  # type: ignore[attr-defined]
    assert package.Circle == "c"


def test_a_name_without_a_module_is_a_module(package: ModuleType) -> None:
    assert package.rooms is sys.modules["lazy_example.rooms"]


def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="module 'lazy_example' has no attribute 'Circel'"):
        _ = package.Circel


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Circel", "; did you mean 'Circle'?"),
        ("circle", "; did you mean 'Circle'?"),
        ("squares", "; did you mean 'Square'?"),
        ("Pentagon", ""),
        ("_Circle", ""),
        ("__wrapped__", ""),
        ("shapes", ": it is a module, which `import lazy_example.shapes` loads"),
    ],
)
def test_the_error_names_what_to_write_instead(package: ModuleType, name: str, hint: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(package, name)
    assert str(caught.value) == f"module 'lazy_example' has no attribute {name!r}{hint}"


def test_dir_lists_the_names_before_they_are_loaded(package: ModuleType) -> None:
    assert {"Circle", "Square", "Stove", "rooms", "own"} <= set(dir(package))


def test_dir_lists_public_names_only(package: ModuleType) -> None:
    assert package.Circle == "c"
    assert dir(package) == ["Circle", "Square", "Stove", "own", "rooms"]
