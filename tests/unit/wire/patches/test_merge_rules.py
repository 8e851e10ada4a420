"""The merge rules of kinds: from the models and the generated patch keys."""

from __future__ import annotations

import pytest

from kubeloop.models.kind_index import KINDS
from kubeloop.models.patch_keys import PATCH_KEYS
from kubeloop.objects.reflection import fields_of
from kubeloop.scheme import Scheme
from kubeloop.wire.patches.merge_rules import FieldRule, MergeRules, rules_for
from kubeloop.wire.patches.patch_errors import PatchFailed


def pod() -> MergeRules:
    rules = rules_for("v1", "Pod")
    assert rules is not None
    return rules


def test_custom_kinds_have_no_rules() -> None:
    assert rules_for("example.com/v1", "Certificate") is None
    assert rules_for("v1", "Certificate") is None


def test_the_rule_of_a_list_names_its_strategy_and_its_merge_key() -> None:
    _, spec = pod().object_field("spec")
    rule, container = spec.list_field("containers")
    assert rule == FieldRule("merge", "name")
    assert container.list_field("ports")[0] == FieldRule("merge", "containerPort")
    assert spec.list_field("volumes")[0] == FieldRule("merge", "name", retain_keys=True)
    assert spec.list_field("tolerations")[0] == FieldRule()
    assert pod().object_field("metadata")[1].list_field("finalizers")[0] == FieldRule("merge")


def test_the_rule_of_an_object_can_be_to_replace_it_or_to_retain_keys() -> None:
    budget, deployment = rules_for("policy/v1", "PodDisruptionBudget"), rules_for("apps/v1", "Deployment")
    assert budget is not None
    assert deployment is not None
    assert budget.object_field("spec")[1].object_field("selector")[0] == FieldRule("replace")
    assert deployment.object_field("spec")[1].object_field("strategy")[0] == FieldRule(retain_keys=True)


def test_names_that_differ_in_case_are_found_as_in_go() -> None:
    assert pod().object_field("Spec")[1].list_field("CONTAINERS")[0] == FieldRule("merge", "name")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("x", 'unable to find api field in struct Pod for the json field "x"'),
        ("$setElementOrder/x", 'unable to find api field in struct Pod for the json field "$setElementOrder/x"'),
    ],
)
def test_an_unknown_field_is_an_error(field: str, text: str) -> None:
    with pytest.raises(PatchFailed) as caught:
        pod().object_field(field)
    assert str(caught.value) == text
    assert caught.value.code == 500


def test_a_map_has_no_fields_of_its_own() -> None:
    _, labels = pod().object_field("metadata")[1].object_field("labels")
    with pytest.raises(PatchFailed, match="merging an object in json but data type is not struct, instead is: map"):
        labels.object_field("a")


def test_a_field_that_is_no_list_has_no_rules_for_items() -> None:
    with pytest.raises(PatchFailed, match="expected slice or array type"):
        pod().list_field("spec")


def test_free_json_has_no_fields() -> None:
    rules = rules_for("apps/v1", "ControllerRevision")
    assert rules is not None
    with pytest.raises(PatchFailed, match="unable to find api field in struct RawExtension"):
        rules.object_field("data")[1].object_field("spec")


def test_each_row_of_the_table_belongs_to_fields_of_a_model() -> None:
    known = {}
    waiting = [cls for key in KINDS if (cls := Scheme().lookup(*key)) is not None]
    while waiting:
        model = waiting.pop()
        name = f"{model.__module__.removeprefix('kubeloop.models.')}.{model.__name__}"
        if name in known:
            continue
        shapes = [field.shape for field in fields_of(model).values()]
        known[name] = {field.wire for field in fields_of(model).values()}
        inner = [each for shape in shapes for each in (shape.model, shape.item.model if shape.item else None)]
        waiting += [each for each in inner if each is not None]
    # Go embeds this type in another, whose fields have rows of their own.
    assert PATCH_KEYS.keys() - known.keys() == {"core_v1.EphemeralContainerCommon"}
    for name in PATCH_KEYS.keys() & known.keys():
        fields = {part.partition("=")[0] for part in PATCH_KEYS[name].split()}
        assert fields <= known[name], name
