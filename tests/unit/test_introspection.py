"""`help`, `inspect.signature` and `dir` on everything public: what a person tries first at the prompt."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import pydoc
from collections.abc import Iterator
from types import ModuleType
from typing import Any, is_typeddict

import msgspec
import pytest

import kubeloop
from kubeloop import cache, certificates, config, discovery, fields, labels, models, telemetry, testing, workqueue
from kubeloop._kit.value import Value
from kubeloop.models import core_v1

PACKAGES = [kubeloop, cache, certificates, config, discovery, fields, labels, telemetry, testing, workqueue]
# help() on a text looks for a module or topic of this name.
NAMES = [
    (package, name) for package in PACKAGES for name in package.__all__ if not isinstance(getattr(package, name), str)
]


def name_of(value: object) -> str:
    return value.__name__ if isinstance(value, ModuleType) else str(value)


def public_members(cls: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the members that kubeloop defines in a class; the signatures of built-in methods are Python's."""
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] == "kubeloop":
            yield from ((name, getattr(cls, name)) for name in vars(base) if not name.startswith("_"))


@pytest.mark.parametrize("package", [*PACKAGES, models], ids=name_of)
def test_help_on_a_package_works(package: ModuleType) -> None:
    assert (package.__doc__ or "").splitlines()[0] in pydoc.render_doc(package, renderer=pydoc.plaintext)


@pytest.mark.parametrize(("package", "name"), NAMES, ids=name_of)
def test_help_and_signature_of_a_public_name_work(package: ModuleType, name: str) -> None:
    found = getattr(package, name)
    text = pydoc.render_doc(found, renderer=pydoc.plaintext)
    if isinstance(found, type) or inspect.isroutine(found):
        assert name in text
        assert is_typeddict(found) or inspect.signature(found) is not None  # Python has none for a TypedDict
    if isinstance(found, type):
        for _, member in public_members(found):
            if inspect.isroutine(member):
                assert inspect.signature(member) is not None


@pytest.mark.parametrize(("package", "name"), NAMES, ids=name_of)
def test_a_public_class_or_function_has_a_docstring_of_its_own(package: ModuleType, name: str) -> None:
    found = getattr(package, name)
    if isinstance(found, type) or inspect.isroutine(found):
        assert (found.__doc__ or "").strip()


def test_every_record_has_a_signature() -> None:
    # msgspec resolves a record's annotations for the signature, which fails for names that only type checkers import.
    for module in pkgutil.walk_packages(kubeloop.__path__, "kubeloop."):
        if not module.name.endswith(("__main__", "pytest_plugin")) and not module.name.startswith(
            "kubeloop.clients.groups."
        ):
            importlib.import_module(module.name)
    failed = {}
    for cls in all_subclasses(msgspec.Struct):
        if cls.__module__.partition(".")[0] == "kubeloop":
            try:
                inspect.signature(cls)
            except NameError as error:
                failed[cls.__qualname__] = str(error)
    assert failed == {}
    assert issubclass(kubeloop.Config, Value)  # these are the records that this test looks at


def all_subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for each in cls.__subclasses__():
        yield each
        yield from all_subclasses(each)


def test_the_signature_of_a_config_names_its_settings() -> None:
    assert {"host", "token", "namespace"} <= set(inspect.signature(kubeloop.Config).parameters)


def test_the_models_are_listed_and_explained() -> None:
    assert {"apps_v1", "core_v1", "meta_v1"} <= set(dir(models))
    assert not [name for name in dir(models) if name.startswith("_")]
    assert "spec" in inspect.signature(core_v1.Pod).parameters


def test_a_misspelt_module_of_models_is_an_attribute_error_with_the_near_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'core_v2'; did you mean 'core_v1'"):
        getattr(models, "core_v2")  # noqa: B009 (an attribute that type checkers refuse)
