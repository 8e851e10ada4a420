"""No two modules or packages have the same name, so that a file name alone says what is inside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest

import kubeloop

ROOT = Path(kubeloop.__file__).parent
# Generated packages have one module per group and version, which has the same name in each of them.
GENERATED = ("models/", "clients/groups/", "cache/informers/")
# The packages whose names are imported when they are first used.
LAZY_ROOMS = ("cache", "certificates", "config", "drain", "record", "serving", "telemetry", "testing", "transport")


def shared_names(files: Iterable[str]) -> dict[str, list[str]]:
    """Return the names that several modules or packages have. A package may have a module of its own name."""
    named = defaultdict(set)
    for file in map(PurePosixPath, files):
        if file.stem == "__init__":
            named[file.parent.name].add(str(file.parent))
        elif not file.stem.startswith("__"):
            named[file.stem].add(str(file.parent if file.parent.name == file.stem else file))
    return {name: sorted(places) for name, places in named.items() if len(places) > 1}


def test_no_two_modules_have_the_same_name() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")]
    assert len(files) > 400
    assert shared_names(file for file in files if not file.startswith(GENERATED)) == {}


def test_finds_modules_and_packages_of_the_same_name() -> None:
    files = ["config/__init__.py", "config/config.py", "a/watch.py", "b/watch.py", "c/a.py", "a/__init__.py"]
    assert shared_names(files) == {"a": ["a", "c/a.py"], "watch": ["a/watch.py", "b/watch.py"]}


@pytest.mark.parametrize("package", [kubeloop, *(import_module(f"kubeloop.{room}") for room in LAZY_ROOMS)])
def test_no_public_name_is_also_that_of_a_module(package: ModuleType) -> None:
    """The import system would put the module in the place of the name."""
    files = {path.stem for path in Path(str(package.__file__)).parent.iterdir()}
    assert [name for name in dir(package) if name in files and not isinstance(getattr(package, name), ModuleType)] == []
