"""No way in which tools display objects shows a value that the object's `repr` hides (F6)."""

from __future__ import annotations

import importlib
import io
import pkgutil
import pprint
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console
from rich.pretty import pretty_repr

import kubeloop
from kubeloop.config import Config, ExecConfig
from kubeloop.config.credential import ClientCertificate, Credential
from kubeloop.errors import KubeloopError
from kubeloop.models import core_v1
from kubeloop.unstructured import Unstructured, UnstructuredList
from kubeloop.wire.redaction import Redaction
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.watch_events import WatchEvent

# The attributes that rich, IPython, Jupyter, prompt_toolkit, attrs and others look for on an object.
HOOKS = (
    "__rich__",
    "__rich_console__",
    "__rich_repr__",
    "__rich_measure__",
    "__pt_repr__",
    "__pretty__",
    "__attrs_attrs__",
    "_repr_pretty_",
    "_repr_html_",
    "_repr_markdown_",
    "_repr_json_",
    "_repr_latex_",
    "_repr_svg_",
    "_repr_png_",
    "_repr_mimebundle_",
    "_ipython_display_",
)
SECRET = "hunter2-hunter2"
STORED = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": SECRET}}


def _classes() -> Iterator[type[Any]]:
    for module in pkgutil.walk_packages(kubeloop.__path__, "kubeloop."):
        # The plugin's own module is for pytest alone. The generator's readers of documents hold schemas only.
        if not module.name.startswith(("kubeloop.testing", "kubeloop.__main__", "kubeloop.codegen.input_documents")):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and value.__module__ == module.name:
                    yield value


def test_no_class_has_a_hook_of_its_own_for_display() -> None:
    classes = list(_classes())
    assert len(classes) > 1000
    # A hook that the class hides is a property that raises AttributeError.
    shown = [
        (each.__qualname__, hook)
        for each in classes
        for hook in HOOKS
        if hasattr(each, hook) and not isinstance(vars_of(each, hook), property)
    ]
    # Internal readers of msgspec's own class; none outlives the call that created it.
    assert [pair for pair in shown if not pair[0].startswith("_") and pair[0] not in {"TypeMeta", "WatchEvent"}] == []


def vars_of(cls: type[Any], name: str) -> object:
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


OBJECTS: dict[str, Any] = {
    "config": Config(
        host="https://server",
        token=SECRET,
        key_data=SECRET.encode(),
        cert_data=SECRET.encode(),
        proxy_url=f"http://me:{SECRET}@proxy",
    ),
    "config with a password": Config(host="https://server", username="joe", password=SECRET),
    "config with a plugin": Config(
        host="https://server", exec=ExecConfig(command="c", args=("--token", SECRET), env=(("K", SECRET),))
    ),
    "credential": Credential(f"Bearer {SECRET}", ClientCertificate(SECRET.encode(), SECRET.encode())),
    "secret": core_v1.Secret(data={"k": SECRET.encode()}, string_data={"l": SECRET}),
    "list of secrets": core_v1.SecretList(items=[core_v1.Secret(data={"k": SECRET.encode()})]),
    "event": WatchEvent("ADDED", core_v1.Secret(data={"k": SECRET.encode()})),
    "draft": core_v1.Secret(data={"k": SECRET.encode()}).draft(),
    "change": core_v1.Secret(data={"k": SECRET.encode()}).draft().finish(),
    "unstructured": Unstructured(STORED),
    "list of unstructured": UnstructuredList({"apiVersion": "v1", "kind": "SecretList", "items": [STORED]}),
    "request": Request("GET", f"/x?y={SECRET}", {"Authorization": SECRET}, SECRET.encode()),
    "response": Response(200, Headers([("A", SECRET)]), SECRET.encode()),
    "redaction": Redaction(None, [SECRET]),
}


def _console(value: object) -> str:
    written = io.StringIO()
    Console(file=written, width=10_000).print(value)
    return written.getvalue()


def _inspected(value: object) -> str:
    return repr([getattr(value, hook)() for hook in HOOKS if hasattr(value, hook)])


DISPLAYS = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "pprint": pprint.pformat,
    "in a list": lambda value: pprint.pformat([{"k": value}]),
    "rich.print": _console,
    "rich's repr": pretty_repr,
    "rich in a list": lambda value: pretty_repr([{"k": value}], expand_all=True),
    "hooks": _inspected,
    "vars": lambda value: repr(getattr(value, "__dict__", {})),
}


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("name", OBJECTS)
def test_no_display_shows_a_secret(name: str, display: str) -> None:
    assert SECRET not in DISPLAYS[display](OBJECTS[name])


def test_rich_looks_for_its_hook_as_these_tests_think() -> None:
    class Shown:
        def __rich_repr__(self) -> Iterator[str]:
            yield SECRET

    assert SECRET in pretty_repr(Shown())
    assert SECRET in _console(Shown())


def test_an_exception_shows_its_message_and_no_more() -> None:
    error = KubeloopError("no")
    assert "no" in pretty_repr(error)
    assert _inspected(error) == "[]"
