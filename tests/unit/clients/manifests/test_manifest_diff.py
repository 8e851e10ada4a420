"""How two states of an object are compared and shown, without the values of Secrets."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.clients.manifests.managed_fields_upgrade import LAST_APPLIED
from kubeloop.clients.manifests.manifest_diff import DiffReport, ObjectDiff, compare
from kubeloop.clients.manifests.manifest_report import ManifestResult
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status, query

CONFIG_MAP = ManifestResult("unchanged", "v1", "ConfigMap", "shop", "a")
SECRET = ManifestResult("unchanged", "v1", "Secret", "shop", "a")


def obj(data: Any, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **metadata}, "data": data}


def diff(before: Any, after: Any, result: ManifestResult = CONFIG_MAP, *, shows_secrets: bool = False) -> ObjectDiff:
    return compare(result, before, after, shows_secrets=shows_secrets)


def test_a_change_is_shown_as_a_unified_diff_of_yaml_and_as_values() -> None:
    found = diff(obj({"a": "1", "b": "2"}), obj({"a": "1", "b": "3", "c": "4"}))
    assert found.result.outcome == "configured"
    assert found.text == (
        "--- LIVE/v1.ConfigMap.shop.a\n"
        "+++ MERGED/v1.ConfigMap.shop.a\n"
        "@@ -1,7 +1,8 @@\n"
        " apiVersion: v1\n"
        " data:\n"
        "   a: '1'\n"
        "-  b: '2'\n"
        "+  b: '3'\n"
        "+  c: '4'\n"
        " kind: ConfigMap\n"
        " metadata:\n"
        "   name: a\n"
    )
    assert list(map(str, found.changes)) == ['data.b: changed from "2" to "3"', 'data.c: added "4"']


def test_the_name_of_a_group_stands_before_its_version() -> None:
    result = ManifestResult("unchanged", "apps/v1", "Deployment", "shop", "web")
    assert diff(None, {"kind": "Deployment"}, result).text.startswith("--- LIVE/apps.v1.Deployment.shop.web\n")


def test_the_items_of_lists_are_matched_as_kubectl_apply_matches_them() -> None:
    def pod(*images: str) -> dict[str, Any]:
        containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": containers}}

    found = diff(pod("x", "y"), pod("x", "z"))
    assert list(map(str, found.changes)) == ['spec.containers[name=c1].image: changed from "y" to "z"']


def test_an_object_that_does_not_exist_is_created() -> None:
    found = diff(None, obj({"x": "1"}))
    assert found.result.outcome == "created"
    assert "@@ -0,0 +1,6 @@" in found.text
    assert found.changes.paths == ["apiVersion", "kind", "metadata", "data"]


def test_managed_fields_are_not_compared() -> None:
    found = diff(obj({}, managedFields=[{"manager": "a"}]), obj({}, managedFields=[{"manager": "b"}]))
    assert (found.result.outcome, found.text, len(found.changes)) == ("unchanged", "", 0)


def test_values_of_secrets_are_masked_and_their_changes_stay_visible() -> None:
    last = {LAST_APPLIED: '{"data":{"same":"aaaa"}}', "note": "n"}
    before = obj({"same": "aaaa", "changed": "bbbb", "gone": "cccc"}, annotations=last)
    after = obj({"same": "aaaa", "changed": "dddd", "new": "eeee"}, annotations={**last, LAST_APPLIED: "{}"})
    found = diff(before, after, SECRET)
    lines = [line for line in found.text.splitlines() if line[0] in "+- "][2:]
    assert [line for line in lines if "***" in line] == [
        "-  changed: '*** (before)'",
        "-  gone: '***'",
        "+  changed: '*** (after)'",
        "+  new: '***'",
        "   same: '***'",
        f"-    {LAST_APPLIED}: '*** (before)'",
        f"+    {LAST_APPLIED}: '*** (after)'",
    ]
    for value in ("aaaa", "bbbb", "cccc", "dddd", "eeee"):
        assert value not in found.text + repr(found)


def test_a_new_secret_is_masked_and_its_values_are_shown_on_request() -> None:
    assert "hidden" not in repr(diff(None, obj({"p": "hidden"}), SECRET))
    assert "hidden" in diff(None, obj({"p": "hidden"}), SECRET, shows_secrets=True).text


@pytest.mark.parametrize("data", [None, [], "text"])
def test_a_secret_with_data_of_another_type_is_compared_all_the_same(data: Any) -> None:
    assert diff(obj(data), obj({"p": "hidden"}), SECRET).result.outcome == "configured"


async def test_each_object_costs_a_read_and_a_dry_run_and_errors_concern_one_object() -> None:
    causes = [{"reason": "FieldManagerConflict", "message": 'conflict with "b" using v1', "field": ".data.x"}]
    client, transport = clientset(
        ScriptedResponse.of(obj({"x": "1"})),
        ScriptedResponse.of(obj({"x": "2"})),
        error_status(404, "NotFound", "no"),
        ScriptedResponse.of(obj({"x": "2"}), 201),
        ScriptedResponse.of(obj({})),
        error_status(409, "Conflict", "no", details={"causes": causes}),
        error_status(403, "Forbidden", "no"),
    )
    maps = [{**obj({"x": "2"}), "metadata": {"name": name, "namespace": "shop"}} for name in "abcd"]
    report = await client.diff_manifests([*maps, {"kind": "ConfigMap"}], field_manager="me")
    outcomes = [each.result.outcome for each in report]
    assert sorted(outcomes) == ["configured", "conflict", "created", "failed", "failed"]
    assert query(transport.requests[1]) == {"fieldManager": "me", "dryRun": "All"}
    assert report.has_changes
    assert len(report.failed) == 3
    assert "# configmap/c conflict: conflict with" in str(report)
    assert repr(report) == "<DiffReport of 5 objects: 2 with changes, 3 failed>"
    assert transport.left == 0


def test_a_report_without_changes_prints_nothing() -> None:
    report = DiffReport([diff(obj({}), obj({}))])
    assert (str(report), report.has_changes, report.failed, report[0:1]) == ("", False, [], (report[0],))


async def test_a_diff_needs_a_list_and_a_field_manager() -> None:
    client, _ = clientset()
    with pytest.raises(ValueError, match="field_manager"):
        await client.diff_manifests([], field_manager="")
    with pytest.raises(TypeError, match="expected a list"):
        await client.diff_manifests(kubeloop.Unstructured({}), field_manager="me")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"data": {"a": "s3same"}}, {"data": {"a": "s3same-2"}}, id="no kind"),
        pytest.param({"kind": "Secret", "data": {"a": "s3same"}}, {"data": ["s3same"]}, id="a list"),
        pytest.param(None, {"apiVersion": "v1", "kind": "Secret", "data": "s3same"}, id="text"),
        pytest.param({"metadata": []}, {"stringData": {"a": "s3same"}}, id="metadata"),
    ],
)
def test_values_of_a_secret_are_masked_in_whatever_a_server_sends(before: Any, after: Any) -> None:
    found = diff(before, after, SECRET)
    assert found.text
    assert "s3same" not in f"{found.text} {found.changes} {found!r} {[*found.changes]}"
