"""The text of typed clients, informers and listers."""

from __future__ import annotations

import ast

import pytest

from kubeloop.codegen.accessors import emit_clients, emit_groups
from kubeloop.codegen.crd import VERBS
from kubeloop.codegen.informers import emit_group_informers, emit_informers
from kubeloop.codegen.schema import Module, Resource, SchemaError, Subresource
from kubeloop.codegen.target import Target

TARGET = Target("kubeloop.models", lambda _: "# Generated.")


def _module(*resources: Resource) -> Module:
    return Module("x_v1", "x.io", "v1", structs={}, kinds={}, resources=resources)


def _resource(*verbs: str, plural: str = "things", **more: object) -> Resource:
    values = {"kind": "Thing", "plural": plural, "namespaced": True, "verbs": frozenset(verbs or VERBS), **more}
    return Resource(**values)  # type: ignore[arg-type]


def _bases(text: str) -> dict[str, list[str]]:
    tree = ast.parse(text)
    return {node.name: [ast.unparse(one) for one in node.bases] for node in tree.body if isinstance(node, ast.ClassDef)}


def test_a_resource_with_every_verb_is_a_resource_client() -> None:
    assert _bases(emit_clients(_module(_resource()), TARGET))["Things"] == [
        "ResourceClient[x_v1.Thing, x_v1.ThingList]"
    ]


def test_a_status_makes_it_a_status_resource_client() -> None:
    found = _bases(emit_clients(_module(_resource(status=True)), TARGET))["Things"]
    assert found == ["StatusResourceClient[x_v1.Thing, x_v1.ThingList]"]


def test_a_resource_that_lacks_verbs_is_composed_of_those_it_has() -> None:
    found = _bases(emit_clients(_module(_resource("create", "get", "list", status=True)), TARGET))["Things"]
    assert found == [
        "Get[x_v1.Thing]",
        "List[x_v1.Thing, x_v1.ThingList]",
        "Create[x_v1.Thing]",
        "Status[x_v1.Thing]",
    ]


def test_an_unknown_verb_is_an_error() -> None:
    with pytest.raises(SchemaError, match="explode"):
        emit_clients(_module(_resource("explode")), TARGET)


def test_only_namespaced_resources_take_a_namespace() -> None:
    text = emit_clients(_module(_resource()), TARGET)
    assert "def things(self, namespace: str | DefaultNamespace | None = None) -> Things:" in text
    assert "def things(self) -> Things:" in emit_clients(_module(_resource(namespaced=False)), TARGET)


def test_a_subresource_has_its_verbs_and_imports_its_types_when_it_is_used() -> None:
    sub = Subresource("eviction", frozenset({"create"}), "policy_v1.Eviction", "meta_v1.Status")
    text = emit_clients(_module(_resource(subresources=[sub])), TARGET)
    assert _bases(text)["ThingEviction"] == ["CreateSub['policy_v1.Eviction', 'meta_v1.Status']"]
    assert "    from kubeloop.models import meta_v1, policy_v1" in text
    assert "        from kubeloop.models import meta_v1\n" in text
    assert 'return ThingEviction(self._endpoint, name, "eviction", meta_v1.Status)' in text


def test_other_versions_of_a_request_are_taken_too() -> None:
    sub = Subresource("eviction", frozenset({"create"}), "y_v1.A", "meta_v1.Status", requests_also=["y_v1beta1.A"])
    text = emit_clients(_module(_resource(subresources=[sub])), TARGET)
    assert _bases(text)["ThingEviction"] == ["CreateSub['y_v1.A | y_v1beta1.A', 'meta_v1.Status']"]


def test_a_create_whose_response_is_a_status_has_that_type() -> None:
    text = emit_clients(_module(_resource("create", response="meta_v1.Status")), TARGET)
    assert _bases(text)["Things"] == ["CreateReturningStatus[x_v1.Thing]"]


def test_text_and_upgrades() -> None:
    log = Subresource("log", frozenset({"get"}), text=True)
    execute = Subresource("exec", frozenset({"get"}), upgrade=True)
    text = emit_clients(_module(_resource(subresources=[log, execute])), TARGET)
    assert _bases(text)["Things"] == ["ResourceClient[x_v1.Thing, x_v1.ThingList]", "Log"]
    assert "exec" not in text
    other = Subresource("diary", frozenset({"get"}), text=True)
    with pytest.raises(SchemaError, match="diary"):
        emit_clients(_module(_resource(subresources=[other])), TARGET)


def test_groups_import_when_they_are_read() -> None:
    text = emit_groups([_module(_resource()), Module("y_v1", "y", "v1", structs={}, kinds={})], "# Generated.")
    assert "        from kubeloop.clients.groups.x_v1 import XV1\n\n        return XV1(self.rest)" in text
    assert "y_v1" not in text


def test_only_what_can_be_listed_and_watched_has_an_informer() -> None:
    module = _module(_resource(), _resource("create", "list", plural="reviews", kind="Review"))
    text = emit_informers(module, TARGET)
    methods = {node.name: ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    assert ") -> SharedInformer[x_v1.Thing]:" in methods["things"]
    assert "**options: Unpack[InformerOptions[x_v1.Thing]]" in methods["things"]
    assert "return self._factory.informer(x_v1.Thing, namespace=namespace, **options)" in methods["things"]
    assert "reviews" not in text
    assert "def x_v1(self) -> XV1Informers:" in emit_group_informers([module], "# Generated.")


def test_informers_of_resources_without_namespaces_take_none() -> None:
    text = emit_informers(_module(_resource(namespaced=False)), TARGET)
    methods = {node.name: ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    assert methods["things"].startswith("def things(self, **options: Unpack[InformerOptions[x_v1.Thing]])")
    assert "return self._factory.informer(x_v1.Thing, **options)" in methods["things"]
