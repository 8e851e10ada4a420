"""The names of classes and methods in a module of clients collide with no other name (I6)."""

from __future__ import annotations

import ast
from dataclasses import replace

from kubeloop.clients import resource_client as resource
from kubeloop.clients import subresource, verbs
from kubeloop.codegen.accessors import emit_clients
from kubeloop.codegen.client_names import _IMPORTED, _METHODS, client_names  # pyright: ignore[reportPrivateUsage]
from kubeloop.codegen.crd import VERBS
from kubeloop.codegen.schema import Module, Resource, Subresource
from kubeloop.codegen.target import Target


def _resource(kind: str, plural: str, *subs: str) -> Resource:
    scale = "autoscaling_v1.Scale"
    found = [Subresource(name, frozenset({"get"}), scale, scale) for name in subs]
    return Resource(kind, plural, namespaced=True, verbs=VERBS, subresources=found)


def _module(*resources: Resource) -> Module:
    return Module("x_v1", "x", "v1", structs={}, kinds={}, resources=resources)


def test_a_subresource_gives_way_to_a_kind() -> None:
    names = client_names(_module(_resource("Foo", "foos", "scale"), _resource("FooScale", "fooscale")))
    assert [(one.cls, one.accessor) for one in names] == [("FooScale", "foo_scale"), ("Foos", "foos")]
    assert names[1].subresources[0].cls == "FooScale2"


def test_resources_that_come_to_one_name_are_numbered() -> None:
    names = client_names(_module(_resource("FooBar", "foobars"), _resource("Foobar", "foo-bars")))
    assert len({one.cls for one in names}) == len({one.accessor for one in names}) == 2


def test_a_subresource_never_hides_a_verb() -> None:
    (names,) = client_names(_module(_resource("Foo", "foos", "get", "edit", "class", "x-v1")))
    assert {one.sub.name: one.method for one in names.subresources} == {
        "get": "get2",
        "edit": "edit2",
        "class": "class_",
        "x-v1": "x_v12",
    }


def test_names_of_an_earlier_run_stay_also_those_of_subresources() -> None:
    given = {"foos": ("Fooes", "fooes"), "foos/scale": ("FooScale2", "scale_"), "bars": ("Bars", "bars")}
    module = _module(_resource("Foo", "foos", "scale", "size"), _resource("FooScale", "fooscale"))
    scale, foo = client_names(replace(module, given_clients=given))
    assert (foo.cls, foo.accessor, scale.cls) == ("Fooes", "fooes", "FooScale")
    assert [(one.cls, one.method) for one in foo.subresources] == [("FooScale2", "scale_"), ("FooSize", "size")]


def test_a_name_of_an_earlier_run_that_is_reserved_since_is_chosen_again() -> None:
    given = {"foos": ("Watch", "foos"), "foos/scale": ("FooScale", "apply")}
    (foo,) = client_names(replace(_module(_resource("Foo", "foos", "scale")), given_clients=given))
    assert (foo.cls, foo.accessor, foo.subresources[0].method) == ("Foos", "foos", "scale")


def test_what_modules_of_clients_import_is_reserved() -> None:
    module = _module(
        _resource("StatusResourceClient", "statusresourceclient"), _resource("Xv", "xv1"), _resource("V", "v", "s")
    )
    tree = ast.parse(emit_clients(module, Target("kubeloop.models", lambda _: "# Generated.")))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(set(classes)) == len(classes)
    assert not imported & set(classes)


def test_every_name_of_a_client_is_reserved() -> None:
    """A verb, a mixin or a method that is added to clients has to be added to the reserved names."""
    bases = [resource.StatusResourceClient, *(getattr(subresource, name) for name in subresource.__all__)]
    methods = {name for base in bases for name in dir(base) if not name.startswith("_")}
    assert methods <= _METHODS
    mixins = {*resource.__all__, *subresource.__all__, *verbs.__all__}
    assert mixins - _IMPORTED <= {"ModelClient", "Subresource"}, "these are not imported"
