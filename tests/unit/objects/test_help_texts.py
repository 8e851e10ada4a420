"""What a person tries first on a model: help(), dir(), inspect.signature(), a misspelt name."""

from __future__ import annotations

import inspect
import pydoc
import subprocess
import sys

import pytest

import kubeloop.models
from kubeloop.models import apiextensions_v1, core_v1, meta_v1, policy_v1
from kubeloop.objects.model import Kind, Model


def test_the_signature_of_a_model_has_its_fields_as_its_stub_has_them() -> None:
    assert str(inspect.signature(core_v1.Pod)) == (
        "(*, metadata: 'ObjectMeta' = ObjectMeta(), spec: 'PodSpec' = PodSpec(), status: 'PodStatus' = PodStatus())"
    )
    parameters = inspect.signature(core_v1.PodList).parameters
    assert {name: one.annotation for name, one in parameters.items()} == {
        "metadata": "ListMeta",
        "items": "Sequence[Pod]",
    }
    assert inspect.signature(meta_v1.ObjectMeta).parameters["managed_fields"].annotation == (
        "Sequence[ManagedFieldsEntry]"
    )
    budget = inspect.signature(policy_v1.PodDisruptionBudgetStatus).parameters
    assert budget["disrupted_pods"].annotation == "Mapping[str, datetime | None]"
    assert inspect.signature(core_v1.ServicePort).parameters["target_port"].annotation == "int | str | None"
    schema = inspect.signature(apiextensions_v1.JSONSchemaProps).parameters
    assert schema["default"].annotation == "Any"


@pytest.mark.parametrize("shown", [core_v1.Pod, core_v1.Pod()])
def test_dir_lists_fields_and_methods_and_no_machinery(shown: object) -> None:
    names = dir(shown)
    assert {"metadata", "spec", "status", "draft", "to_dict", "to_yaml", "kind", "api_version", "resource"} <= {*names}
    assert [name for name in names if name.startswith("_")] == []
    assert all(hasattr(shown, name) for name in names)


def test_dir_of_a_draft_lists_its_fields() -> None:
    draft = core_v1.Pod().draft()
    assert dir(draft.spec.affinity) == [
        *("finish", "node_affinity", "pod_affinity", "pod_anti_affinity", "to_dict"),
    ]
    assert all(hasattr(draft, name) for name in dir(draft))


def test_help_shows_the_fields_and_no_machinery() -> None:
    text = pydoc.render_doc(core_v1.ConfigMap, renderer=pydoc.plaintext)  # type: ignore[attr-defined]
    assert "ConfigMap of v1." in text
    assert "binary_data: Mapping[str, bytes]  (binaryData)" in text
    assert "draft(self)" in text
    for hidden in ("_given", "_kind", "__lazy__", "__struct_fields__", "__plain__", "<factory>"):
        assert hidden not in text


def test_docstrings_that_a_class_has_stay() -> None:
    class Documented(Model):
        """A docstring of its own."""

    assert Documented.__doc__ == "A docstring of its own."
    assert (Kind.__doc__ or "").startswith("A model with an apiVersion and a kind")
    assert (core_v1.PodSpec.__doc__ or "").startswith("PodSpec, a part of an object.")
    read = meta_v1.ObjectMeta.from_dict({"more": 1})
    assert type(read).__doc__ == meta_v1.ObjectMeta.__doc__


def test_modules_of_models_are_attributes_that_are_imported_when_they_are_used() -> None:
    check = "import sys, kubeloop.models as m; assert 'kubeloop.models.core_v1' not in sys.modules; m.core_v1.Pod"
    subprocess.run([sys.executable, "-c", check], check=True)
    with pytest.raises(AttributeError, match=r"module 'kubeloop\.models' has no attribute 'core_v9'"):
        _ = kubeloop.models.core_v9  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="cannot import name 'core_v9'"):
        exec("from kubeloop.models import core_v9")
    assert "core_v1" in dir(kubeloop.models)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("core_v1.Pod().spec.nodeName", "node_name"), ("core_v1.Contaner", "Container"), ("models.cor_v1", "core_v1")],
)
def test_python_suggests_the_near_name(typed: str, meant: str) -> None:
    code = f"from kubeloop import models; from kubeloop.models import core_v1; {typed}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"Did you mean: '{meant}'?" in ended.stderr
