"""apply_manifests with an apply set: what prevents pruning, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.applyset.applyset_format import PART_OF
from kubeloop.clients.manifests.manifest_report import ApplyReport, ManifestResult
from kubeloop.errors import ApplySetError
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from tests.support.applyset_world import World, mapping_of, split
from tests.support.scripted_transport import ScriptedResponse, error_status


def manifest(obj: str, **metadata: Any) -> dict[str, Any]:
    """Return the manifest of an object such as `ConfigMap a/x`."""
    kind, name, namespace = split(obj)
    mapping = mapping_of(kind)
    place = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": str(mapping.group_version),
        "kind": mapping.kind.kind,
        "metadata": {**place, **metadata},
    }


async def applied(world: World, *objects: str | dict[str, Any], **options: Any) -> ApplyReport:
    """Apply objects as the set `configmaps/shop` of the namespace `web`."""
    world.transport.requests.clear()
    arguments: dict[str, Any] = {"apply_set": "configmaps/shop", "apply_set_namespace": "web", **options}
    manifests = [manifest(each) if isinstance(each, str) else each for each in objects]
    return await world.clientset.apply_manifests(manifests, field_manager="test", **arguments)


def outcomes(report: ApplyReport) -> list[str]:
    return [f"{each.outcome} {each.kind} {each.namespace}/{each.name}" for each in report]


@in_virtual_time
async def test_leftovers_are_in_the_report_as_pruned_after_what_was_applied() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "Secret b/y", "Namespace c")
    report = await applied(world, "ConfigMap a/x")
    assert outcomes(report) == ["unchanged ConfigMap a/x", "pruned Secret b/y", "pruned Namespace /c"]
    assert str(report[1]) == "secret/y pruned"
    assert report.failed == []


@in_virtual_time
async def test_without_a_set_nothing_is_labelled_or_pruned() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "Secret b/y")
    report = await applied(world, "ConfigMap a/z", apply_set=None, apply_set_namespace=None)
    assert outcomes(report) == ["created ConfigMap a/z"]
    assert world.metadata("ConfigMap a/z").get("labels") is None


@in_virtual_time
async def test_the_namespace_of_the_set_is_that_of_the_parent_unless_another_is_given() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", namespace="a", apply_set_namespace=None)
    assert "a/configmaps/shop" in world.names()
    with pytest.raises(ValueError, match="the apply set configmaps/shop needs a namespace"):
        await applied(world, "ConfigMap a/x", apply_set_namespace=None)
    with pytest.raises(TypeError, match="apply_set_namespace needs apply_set"):
        await applied(world, "ConfigMap a/x", apply_set=None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"generateName": "x-"}},
        manifest("ConfigMap a/z", labels={PART_OF: "mine"}),
        {"kind": "Unknown", "apiVersion": "nothing.dev/v1", "metadata": {"name": "x"}},
        manifest("ConfigMap a/x"),
    ],
    ids=["no name", "labelled", "unknown kind", "twice"],
)
@pytest.mark.parametrize("on_error", ["continue", "stop"])
@in_virtual_time
async def test_an_object_that_cannot_be_applied_prevents_pruning(wrong: dict[str, Any], on_error: str) -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "Secret b/y")
    report = await applied(world, "ConfigMap a/x", wrong, on_error=on_error)
    assert len(report.failed) == 1
    assert world.deleted == []
    assert "b/secrets/y" in world.names()


@pytest.mark.parametrize(
    "response",
    [
        error_status(403, "Forbidden", "no"),
        error_status(409, "Conflict", details={"causes": [{"reason": "FieldManagerConflict", "field": ".data.a"}]}),
        error_status(422, "Invalid", "wrong"),
    ],
)
@in_virtual_time
async def test_an_apply_that_the_server_refuses_prevents_pruning(response: ScriptedResponse) -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "Secret b/y")

    def fault(request: Request) -> ScriptedResponse | None:
        return response if request.method == "PATCH" and request.path.endswith("/x") else None

    world.fault = fault
    report = await applied(world, "ConfigMap a/x", "ConfigMap a/z")
    assert [each.has_failed for each in report] == [True, False]
    assert world.deleted == []


@in_virtual_time
async def test_nothing_is_sent_for_the_set_if_every_object_is_wrong() -> None:
    world = World()
    report = await applied(world, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}})
    assert len(report.failed) == 1
    assert world.sent == []


@in_virtual_time
async def test_a_set_without_objects_is_refused_and_nothing_is_sent() -> None:
    world = World()
    await applied(world, "ConfigMap a/x")
    with pytest.raises(ValueError, match=r"got none, which would prune all of it; use delete_manifests"):
        await applied(world)
    assert world.sent == []


@in_virtual_time
async def test_a_member_of_another_set_is_refused_without_force() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", apply_set="secrets/other")
    report = await applied(world, "ConfigMap a/x", "ConfigMap a/y")
    assert outcomes(report) == ["failed ConfigMap a/x", "created ConfigMap a/y"]
    assert "ConfigMap a/x is a member of another apply set, applyset-" in str(report[0].error)
    report = await applied(world, "ConfigMap a/x", "ConfigMap a/y", force=True)
    assert outcomes(report) == ["configured ConfigMap a/x", "unchanged ConfigMap a/y"]


@in_virtual_time
async def test_a_member_of_another_set_is_refused_without_permission_to_list() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", apply_set="secrets/other")
    before = world.metadata("ConfigMap a/x")

    def forbid(request: Request) -> ScriptedResponse | None:
        is_list = request.method == "GET" and request.path.endswith("/a/configmaps")
        return error_status(403, "Forbidden", "you may not list configmaps") if is_list else None

    world.fault = forbid
    report = await applied(world, "ConfigMap a/x", "ConfigMap a/y")
    assert outcomes(report) == ["failed ConfigMap a/x", "created ConfigMap a/y"]
    assert "is a member of another apply set" in str(report[0].error)
    assert world.metadata("ConfigMap a/x") == before


@in_virtual_time
async def test_a_set_of_another_tool_is_an_error_before_anything_is_applied() -> None:
    world = World()
    await applied(world, "ConfigMap a/x")
    world.annotate("ConfigMap web/shop", "applyset.kubernetes.io/tooling", "helm/v3")
    with pytest.raises(ApplySetError, match="is managed by 'helm'"):
        await applied(world, "ConfigMap a/new")
    assert "a/configmaps/new" not in world.names()


@in_virtual_time
async def test_what_could_not_be_pruned_has_failed_and_is_told_to_progress() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "Secret b/y")

    def fault(request: Request) -> ScriptedResponse | None:
        return error_status(403, "Forbidden", "no") if request.method == "DELETE" else None

    world.fault = fault
    seen: list[ManifestResult] = []
    report = await applied(world, "ConfigMap a/x", progress=seen.append)
    assert outcomes(report) == ["unchanged ConfigMap a/x", "failed Secret b/y"]
    assert seen == list(report)
    with pytest.raises(ExceptionGroup, match="1 of 2 objects failed: secret/y"):
        report.raise_failed()


@in_virtual_time
async def test_a_dry_run_tells_what_would_be_pruned_though_new_objects_cannot_be_checked() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "Secret b/y")
    before = dict(world.objects)
    report = await applied(world, "ConfigMap a/x", "Namespace new", "ConfigMap new/z", dry_run=True)
    assert "pruned Secret b/y" in outcomes(report)
    assert (world.objects, world.deleted) == (before, [])


@in_virtual_time
async def test_labels_that_are_no_mapping_fail_one_object_and_nothing_is_pruned() -> None:
    world = World()
    await applied(world, "ConfigMap a/x", "ConfigMap a/y")
    report = await applied(world, manifest("ConfigMap a/x", labels=["a"]), "ConfigMap a/z")
    assert outcomes(report) == ["failed ConfigMap a/x", "created ConfigMap a/z"]
    assert str(report[0].error) == "ConfigMap a/x: expected a mapping, got list: metadata.labels"
    assert world.deleted == []
