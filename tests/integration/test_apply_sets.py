"""Apply sets on the real API server, compared with those of kubectl."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.clients.applyset.applyset_format import (
    ADDITIONAL_NAMESPACES,
    CONTAINS_GROUP_KINDS,
    ID,
    PART_OF,
    TOOLING,
    TOOLING_VALUE,
    id_of,
)
from kubeloop.clients.applyset.applyset_parent import ApplySetParent
from kubeloop.testing import ControlPlane, ControlPlaneError, Kubectl
from kubeloop.testing.controlplane.plane import report_to_stderr
from tests.support.counting_proxy import counting_proxy
from tests.support.real_clientset import config_of

GROUP = "sets.kubeloop.dev"


def config_map(name: str, namespace: str = "", **data: str) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"color": "blue"}}


def secret(name: str, namespace: str = "") -> dict[str, Any]:
    return {**config_map(name, namespace), "kind": "Secret", "data": {"key": "dmFsdWU="}}


def cluster_role(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [],
    }


def definition(plural: str, kind: str, scope: str, **labels: str) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "labels": labels},
        "spec": {
            "group": GROUP,
            "scope": scope,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def custom(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    return {**config_map(name, namespace), "apiVersion": f"{GROUP}/v1", "kind": kind}


def fleet(name: str, tooling: str = TOOLING_VALUE) -> dict[str, Any]:
    """Return a custom resource that is the parent of an empty set."""
    kind = kubeloop.GroupVersionKind(GROUP, "v1", "Fleet")
    parent = ApplySetParent(kind, kubeloop.GroupVersionResource(GROUP, "v1", "fleets"), name, "")
    labels, annotations = {ID: id_of(parent)}, {TOOLING: tooling, CONTAINS_GROUP_KINDS: ""}
    return {**custom("Fleet", name), "metadata": {"name": name, "labels": labels, "annotations": annotations}}


@pytest.fixture
def elsewhere(control_plane: ControlPlane) -> Iterator[str]:
    """Create a second namespace."""
    name = control_plane.create_namespace()
    yield name
    control_plane.delete_namespace(name)


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    """Return kubectl with apply sets."""
    return Kubectl(kubeconfig, environment={"KUBECTL_APPLYSET": "true"}, report=report_to_stderr)


@pytest_asyncio.fixture
async def clientset(kubeconfig: Path) -> AsyncIterator[kubeloop.Clientset]:
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        yield clientset
        for kind in ("clusterroles.rbac.authorization.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"):
            resource = await clientset.resolve(kind)
            async for each in resource.iterate():
                if each.metadata.name.startswith("applyset-") or each.metadata.name.endswith(f".{GROUP}"):
                    await resource.delete(each.metadata.name, ignore_not_found=True)


async def applied(
    clientset: kubeloop.Clientset, place: str, /, *objects: dict[str, Any], **options: Any
) -> kubeloop.ApplyReport:
    """Apply objects as the set `configmaps/shop` of a namespace."""
    arguments: dict[str, Any] = {
        "field_manager": "shop",
        "apply_set": "configmaps/shop",
        "apply_set_namespace": place,
        **options,
    }
    return await clientset.apply_manifests(objects, **arguments)


def outcomes(report: kubeloop.ApplyReport) -> list[str]:
    return [f"{each.outcome} {each.kind} {each.name}" for each in report]


async def names(clientset: kubeloop.Clientset, namespace: str) -> set[str]:
    """Return the ConfigMaps and Secrets of a namespace."""
    maps = await clientset.core_v1.config_maps(namespace).list()
    secrets = await clientset.core_v1.secrets(namespace).list()
    return {f"ConfigMap {each.metadata.name}" for each in maps} | {f"Secret {each.metadata.name}" for each in secrets}


async def parent_of(clientset: kubeloop.Clientset, namespace: str, name: str = "shop") -> Any:
    """Return the metadata of the parent."""
    return (await clientset.core_v1.config_maps(namespace).get(name)).metadata


async def test_exactly_the_leftovers_are_pruned_in_all_kinds_and_namespaces(
    clientset: kubeloop.Clientset, namespace: str, elsewhere: str
) -> None:
    maps = clientset.core_v1.config_maps
    await maps(namespace).create(config_map("foreign"))
    await maps(elsewhere).create(config_map("foreign"))
    first = await applied(
        clientset,
        namespace,
        config_map("stays", namespace),
        config_map("leaves", namespace),
        secret("leaves", elsewhere),
        config_map("leaves", elsewhere),
        config_map("stays", elsewhere),
        cluster_role(f"applyset-leaves-{namespace}"),
        cluster_role(f"applyset-stays-{namespace}"),
    )
    assert not first.failed
    kept = [config_map("stays", namespace), config_map("stays", elsewhere), cluster_role(f"applyset-stays-{namespace}")]
    report = await applied(clientset, namespace, *kept)
    assert sorted(outcomes(report)) == [
        f"pruned ClusterRole applyset-leaves-{namespace}",
        "pruned ConfigMap leaves",
        "pruned ConfigMap leaves",
        "pruned Secret leaves",
        f"unchanged ClusterRole applyset-stays-{namespace}",
        "unchanged ConfigMap stays",
        "unchanged ConfigMap stays",
    ]
    assert await names(clientset, elsewhere) == {"ConfigMap foreign", "ConfigMap stays"}
    assert await names(clientset, namespace) == {"ConfigMap foreign", "ConfigMap shop", "ConfigMap stays"}
    parent = await parent_of(clientset, namespace)
    assert parent.annotations == {
        TOOLING: TOOLING_VALUE,
        CONTAINS_GROUP_KINDS: "ClusterRole.rbac.authorization.k8s.io,ConfigMap",
        ADDITIONAL_NAMESPACES: elsewhere,
    }
    assert f"configmap/leaves{' ' * 5}" in str(report)
    await clientset.delete_manifests(kept)


@pytest.mark.parametrize("reference", ["configmaps/{}", "secrets/{}", "{}", f"fleets.{GROUP}/" + "{}"])
async def test_a_set_has_the_labels_and_annotations_of_one_that_kubectl_applies(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str, reference: str
) -> None:
    is_custom = "fleets" in reference
    if is_custom:
        crd = definition("fleets", "Fleet", "Cluster", **{"applyset.kubernetes.io/is-parent-type": "true"})
        fleets = [fleet("ours"), fleet("theirs", "kubectl/v1.37.0")]
        await clientset.apply_manifests([crd, *fleets], field_manager="setup")
    objects = [config_map("a"), secret("b"), cluster_role(f"applyset-{namespace}")]

    async def snapshot(name: str) -> tuple[Any, ...]:
        """Return what a set consists of, with the names of sets and tools taken out."""
        kind, _, _ = reference.rpartition("/")
        resource = await clientset.resolve(kind or "secrets", None if is_custom else namespace)
        parent = (await resource.get(name)).metadata
        members = [
            await clientset.core_v1.config_maps(namespace).get("a"),
            await clientset.core_v1.secrets(namespace).get("b"),
            await clientset.rbac_v1.cluster_roles().get(f"applyset-{namespace}"),
        ]
        assert {each.metadata.labels[PART_OF] for each in members} == {parent.labels[ID]}
        annotations = {**parent.annotations}
        tooling = annotations.pop(TOOLING)
        owned = [
            (each.operation, each.manager.replace("kubectl", "kubeloop"), str(each.fields_v1))
            for each in parent.managed_fields
            if each.manager.endswith("-applyset")
        ]
        return (
            tooling,
            parent.labels.keys(),
            annotations,
            owned,
            [dict(each.metadata.labels).keys() for each in members],
        )

    manifests = "\n---\n".join(kubeloop.Unstructured(each).to_yaml() for each in objects)
    flags = ["--server-side", "--prune", f"--applyset={reference.format('theirs')}", "-n", namespace, "-f", "-"]
    await kubectl.run("apply", *flags, input=manifests)
    theirs = await snapshot("theirs")
    await kubectl.run("delete", "--wait=false", "-n", namespace, "-f", "-", input=manifests)
    report = await clientset.apply_manifests(
        objects, field_manager="kubectl", namespace=namespace, apply_set=reference.format("ours")
    )
    report.raise_failed()
    ours = await snapshot("ours")
    assert theirs[0].startswith("kubectl/v1.")
    assert theirs[3][0][:2] == ("Apply", "kubeloop-applyset")
    assert f"f:{CONTAINS_GROUP_KINDS}" in theirs[3][0][2]
    assert ours[0] == TOOLING_VALUE
    assert ours[1:] == theirs[1:]
    await clientset.delete_manifests(objects, namespace=namespace)


async def test_the_id_is_the_one_that_kubectl_computes_for_the_same_parent(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str
) -> None:
    await applied(clientset, namespace, config_map("a", namespace))
    ours = (await parent_of(clientset, namespace)).labels[ID]
    await clientset.core_v1.config_maps(namespace).delete("shop")
    flags = ["--server-side", "--prune", "--force-conflicts", "--applyset=configmaps/shop", "-n", namespace, "-f", "-"]
    await kubectl.run("apply", *flags, input=kubeloop.Unstructured(config_map("a")).to_yaml())
    assert (await parent_of(clientset, namespace)).labels[ID] == ours


async def test_a_set_costs_no_more_requests_than_with_kubectl(
    clientset: kubeloop.Clientset, namespace: str, elsewhere: str, tmp_path: Path
) -> None:
    manifests = [config_map("a"), config_map("b"), secret("c")]
    async with counting_proxy(clientset, tmp_path) as proxy:
        kubectl = Kubectl(proxy.kubeconfig, environment={"KUBECTL_APPLYSET": "true"})
        flags = ["--server-side", "--prune", "--applyset=configmaps/shop", "-n", elsewhere, "-f", "-"]
        async with kubeloop.Clientset(kubeloop.load_config(proxy.kubeconfig)) as proxied:
            for objects in (
                manifests,
                manifests,
                manifests[:1],
                [*manifests[:1], {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "d"}}],
            ):
                proxy.clear()
                text = "---\n".join(kubeloop.Unstructured(each).to_yaml() for each in objects)
                await kubectl.run("apply", *flags, input=text)
                theirs = [line.replace(elsewhere, namespace) for line in proxy.without_discovery()]
                proxy.clear()
                report = await applied(proxied, namespace, *objects, namespace=namespace, force=True)
                assert not report.failed
                ours = proxy.without_discovery()
                for line in {line for line in ours if line.startswith("GET") and "shop" not in line}:
                    ours.remove(line)  # one list per resource and namespace shows what an apply changed
                assert set(ours) <= set(theirs)
                assert len(ours) <= len(theirs)


async def test_kubectl_refuses_our_set(clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str) -> None:
    await applied(clientset, namespace, config_map("a", namespace), config_map("b", namespace))
    flags = ["--server-side", "--prune", "--applyset=configmaps/shop", "-n", namespace, "-f", "-"]
    with pytest.raises(ControlPlaneError, match='managed by tooling "kubeloop" instead of "kubectl"'):
        await kubectl.run("apply", *flags, input=kubeloop.Unstructured(config_map("a")).to_yaml())
    assert await names(clientset, namespace) == {"ConfigMap a", "ConfigMap b", "ConfigMap shop"}


async def test_we_refuse_a_set_of_kubectl(clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str) -> None:
    flags = ["--server-side", "--prune", "--applyset=configmaps/shop", "-n", namespace, "-f", "-"]
    manifests = "---\n".join(kubeloop.Unstructured(config_map(name)).to_yaml() for name in ("a", "b"))
    await kubectl.run("apply", *flags, input=manifests)
    before = await parent_of(clientset, namespace)
    with pytest.raises(kubeloop.ApplySetError) as caught:
        await applied(clientset, namespace, config_map("c", namespace))
    assert re.match(
        r"the apply set is managed by 'kubectl', not by 'kubeloop' .*: ConfigMap \S+/shop; use that tool",
        str(caught.value),
    )
    assert await names(clientset, namespace) == {"ConfigMap a", "ConfigMap b", "ConfigMap shop"}
    assert await parent_of(clientset, namespace) == before


async def test_an_object_that_is_no_parent_is_not_taken(clientset: kubeloop.Clientset, namespace: str) -> None:
    await clientset.core_v1.config_maps(namespace).create(config_map("shop"))
    with pytest.raises(kubeloop.ApplySetError, match="it is not the parent of an apply set"):
        await applied(clientset, namespace, config_map("a", namespace))
    assert await names(clientset, namespace) == {"ConfigMap shop"}


@pytest.mark.parametrize("on_error", ["continue", "stop"])
async def test_an_apply_that_fails_in_part_prunes_nothing(
    clientset: kubeloop.Clientset, namespace: str, on_error: str
) -> None:
    maps = clientset.core_v1.config_maps(namespace)
    await applied(clientset, namespace, config_map("a", namespace), config_map("leaves", namespace))
    await maps.apply(config_map("owned", namespace, color="red"), field_manager="other")
    wrong = [
        config_map("owned", namespace, color="green"),
        {**config_map("invalid", namespace), "data": {"not a key": ""}},
        {"apiVersion": "nothing.dev/v1", "kind": "Unknown", "metadata": {"name": "x"}},
        {**config_map("member", namespace), "metadata": {"name": "member", "labels": {PART_OF: "mine"}}},
    ]
    for each in wrong:
        report = await applied(clientset, namespace, config_map("a", namespace), each, on_error=on_error)
        assert len(report.failed) == 1
        assert report.count("pruned") == 0
        assert "ConfigMap leaves" in await names(clientset, namespace)
    report = await applied(clientset, namespace, config_map("a", namespace))
    assert outcomes(report) == ["unchanged ConfigMap a", "pruned ConfigMap leaves"]


async def test_a_kind_that_is_no_longer_served_prunes_nothing(clientset: kubeloop.Clientset, namespace: str) -> None:
    crd = definition("widgets", "Widget", "Namespaced")
    report = await applied(clientset, namespace, crd, custom("Widget", "w", namespace), config_map("leaves", namespace))
    assert not report.failed
    await clientset.delete_manifests([crd])
    with pytest.raises(kubeloop.ApplySetError, match=rf"cannot find the kind Widget\.{GROUP}"):
        await applied(clientset, namespace, config_map("a", namespace))
    assert await names(clientset, namespace) == {"ConfigMap leaves", "ConfigMap shop"}
    report = await applied(clientset, namespace, crd, config_map("a", namespace))
    assert outcomes(report)[2:] == ["pruned ConfigMap leaves"]
    report = await applied(clientset, namespace, config_map("a", namespace))
    assert outcomes(report) == ["unchanged ConfigMap a", f"pruned CustomResourceDefinition widgets.{GROUP}"]


async def test_a_group_that_discovery_cannot_read_prunes_nothing(
    clientset: kubeloop.Clientset, namespace: str, kubeconfig: Path
) -> None:
    await applied(clientset, namespace, config_map("a", namespace), config_map("leaves", namespace))
    annotation = {CONTAINS_GROUP_KINDS: "ConfigMap,Widget.broken.kubeloop.dev"}
    maps = clientset.core_v1.config_maps(namespace)
    await maps.patch("shop", {"metadata": {"annotations": annotation}}, field_manager="kubeloop-applyset")
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.broken.kubeloop.dev"},
        "spec": {
            "group": "broken.kubeloop.dev", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": True, "service": {"namespace": namespace, "name": "nothing"},
        },
    }  # fmt: skip
    await clientset.apply_manifests([service], field_manager="test")
    try:
        async with kubeloop.Clientset(config_of(kubeconfig)) as fresh:
            with pytest.raises(kubeloop.ApplySetError, match=r"cannot find the kind Widget\.broken\.kubeloop\.dev"):
                await applied(fresh, namespace, config_map("a", namespace))
    finally:
        await clientset.delete_manifests([service])
    assert "ConfigMap leaves" in await names(clientset, namespace)
    assert (await parent_of(clientset, namespace)).annotations[CONTAINS_GROUP_KINDS] == annotation[CONTAINS_GROUP_KINDS]


async def test_a_custom_parent_must_be_permitted_and_exist(
    clientset: kubeloop.Clientset, namespace: str, elsewhere: str
) -> None:
    options = {"apply_set": f"fleets.{GROUP}/north", "apply_set_namespace": None}
    crd = definition("fleets", "Fleet", "Cluster")
    await clientset.apply_manifests([crd], field_manager="setup")
    with pytest.raises(kubeloop.ApplySetError, match="a Fleet cannot be the parent of an apply set"):
        await applied(clientset, namespace, config_map("a", namespace), **options)
    crd = definition("fleets", "Fleet", "Cluster", **{"applyset.kubernetes.io/is-parent-type": "true"})
    await clientset.apply_manifests([crd], field_manager="setup")
    with pytest.raises(kubeloop.ApplySetError, match="the parent of the apply set does not exist: Fleet north; create"):
        await applied(clientset, namespace, config_map("a", namespace), **options)
    await clientset.apply_manifests([custom("Fleet", "north")], field_manager="setup")
    with pytest.raises(kubeloop.ApplySetError, match=f"Fleet north; to make it one, give it the label {ID}=applyset-"):
        await applied(clientset, namespace, config_map("a", namespace), **options)
    await clientset.apply_manifests([fleet("north")], field_manager="setup")
    objects = [config_map("a", namespace), config_map("b", elsewhere), secret("c", elsewhere)]
    assert not (await applied(clientset, namespace, *objects, **options)).failed
    report = await applied(clientset, namespace, objects[0], **options)
    assert sorted(outcomes(report)) == ["pruned ConfigMap b", "pruned Secret c", "unchanged ConfigMap a"]
    north = await (await clientset.resolve(f"fleets.{GROUP}")).get("north")
    assert north.metadata.annotations[ADDITIONAL_NAMESPACES] == namespace
    assert north["data"] == {"color": "blue"}


async def test_runs_at_the_same_time_leave_a_parent_that_covers_all_members(
    clientset: kubeloop.Clientset, namespace: str, elsewhere: str
) -> None:
    await applied(clientset, namespace, config_map("first", namespace))
    sets = [
        [config_map("a", namespace), secret("a", elsewhere)],
        [config_map("b", elsewhere), cluster_role(f"applyset-{namespace}")],
        [secret("c", namespace)],
    ]
    await asyncio.gather(*(applied(clientset, namespace, *objects) for objects in sets for _ in range(2)))
    await applied(clientset, namespace, config_map("last", namespace))
    assert await names(clientset, namespace) == {"ConfigMap shop", "ConfigMap last"}
    assert await names(clientset, elsewhere) == set()
    assert not await clientset.rbac_v1.cluster_roles().exists(f"applyset-{namespace}")
    annotations = (await parent_of(clientset, namespace)).annotations
    assert (annotations[CONTAINS_GROUP_KINDS], annotations[ADDITIONAL_NAMESPACES]) == ("ConfigMap", "")


async def test_a_run_that_ends_before_it_prunes_is_repaired_by_the_next(
    clientset: kubeloop.Clientset, namespace: str, elsewhere: str
) -> None:
    await applied(clientset, namespace, config_map("first", namespace))

    def crash(_: object) -> None:
        raise RuntimeError("the program crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        await applied(clientset, namespace, secret("second", elsewhere), config_map("third", namespace), progress=crash)
    assert await names(clientset, elsewhere) == {"Secret second"}
    annotations = (await parent_of(clientset, namespace)).annotations
    assert (annotations[CONTAINS_GROUP_KINDS], annotations[ADDITIONAL_NAMESPACES]) == ("ConfigMap,Secret", elsewhere)
    await applied(clientset, namespace, config_map("last", namespace))
    assert await names(clientset, elsewhere) == set()
    assert await names(clientset, namespace) == {"ConfigMap shop", "ConfigMap last"}
    annotations = (await parent_of(clientset, namespace)).annotations
    assert (annotations[CONTAINS_GROUP_KINDS], annotations[ADDITIONAL_NAMESPACES]) == ("ConfigMap", "")


async def test_a_dry_run_tells_what_it_would_prune_and_changes_nothing(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    await applied(clientset, namespace, config_map("a", namespace), config_map("leaves", namespace))
    before = await parent_of(clientset, namespace)
    new = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{namespace}-new"}}
    objects = [config_map("a", namespace), secret("new", namespace), new, config_map("x", f"{namespace}-new")]
    report = await applied(clientset, namespace, *objects, dry_run=True)
    assert sorted(outcomes(report)) == [
        f"created Namespace {namespace}-new",
        "created Secret new",
        "pruned ConfigMap leaves",
        "skipped ConfigMap x",
        "unchanged ConfigMap a",
    ]
    assert await names(clientset, namespace) == {"ConfigMap a", "ConfigMap leaves", "ConfigMap shop"}
    assert await parent_of(clientset, namespace) == before
    fresh = await applied(clientset, namespace, config_map("a", namespace), apply_set="secrets/new", dry_run=True)
    assert not await clientset.core_v1.secrets(namespace).exists("new")
    assert fresh.failed[0].error is not None  # a member of the other set


async def test_a_diff_that_names_the_set_shows_no_label(clientset: kubeloop.Clientset, namespace: str) -> None:
    await applied(clientset, namespace, config_map("a", namespace))
    options: dict[str, Any] = {"field_manager": "shop", "namespace": namespace}
    same = await clientset.diff_manifests([config_map("a", namespace)], apply_set="configmaps/shop", **options)
    assert not same.has_changes
    assert not same.failed
    without = await clientset.diff_manifests([config_map("a", namespace)], **options)
    assert "applyset.kubernetes.io/part-of" in str(without)
    with pytest.raises(TypeError, match="apply_set_namespace needs apply_set"):
        await clientset.diff_manifests([], apply_set_namespace=namespace, **options)


async def test_an_object_of_another_set_is_moved_only_with_force(clientset: kubeloop.Clientset, namespace: str) -> None:
    await applied(clientset, namespace, config_map("a", namespace), config_map("b", namespace))
    report = await applied(clientset, namespace, config_map("a", namespace), apply_set="other")
    assert "is a member of another apply set" in str(report.failed[0].error)
    report = await applied(clientset, namespace, config_map("a", namespace), apply_set="other", force=True)
    assert outcomes(report) == ["configured ConfigMap a"]
    report = await applied(clientset, namespace, config_map("b", namespace))
    assert outcomes(report) == ["unchanged ConfigMap b"]
    assert "ConfigMap a" in await names(clientset, namespace)


async def test_fields_of_the_parent_that_somebody_else_wrote_are_taken_over(
    clientset: kubeloop.Clientset, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    await applied(clientset, namespace, config_map("a", namespace), secret("b", namespace))
    stolen = {"metadata": {"name": "shop", "annotations": {ADDITIONAL_NAMESPACES: "kube-system"}}}
    maps = clientset.core_v1.config_maps(namespace)
    await maps.apply(stolen, field_manager="thief", force=True)
    report = await applied(clientset, namespace, config_map("a", namespace))
    assert outcomes(report) == ["unchanged ConfigMap a", "pruned Secret b"]
    assert (await parent_of(clientset, namespace)).annotations[ADDITIONAL_NAMESPACES] == ""
    assert any("another field manager owns what kubeloop-applyset has to own" in text for text in caplog.messages)


async def test_definitions_and_their_objects_are_one_set(clientset: kubeloop.Clientset, namespace: str) -> None:
    crd = definition("gadgets", "Gadget", "Namespaced")
    objects = [crd, custom("Gadget", "a", namespace), custom("Gadget", "b", namespace)]
    assert not (await applied(clientset, namespace, *objects)).failed
    report = await applied(clientset, namespace, *objects[:2])
    assert outcomes(report)[2:] == ["pruned Gadget b"]
    report = await applied(clientset, namespace, objects[1])
    assert "with it, the server would delete Gadget a, which was applied" in str(report.failed[0].error)
    report = await applied(clientset, namespace, config_map("a", namespace))
    assert outcomes(report)[1:] == ["pruned Gadget a", f"pruned CustomResourceDefinition gadgets.{GROUP}"]


async def test_an_empty_set_and_a_parent_without_a_namespace_are_refused(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    await applied(clientset, namespace, config_map("a", namespace))
    with pytest.raises(ValueError, match="expected the objects of the apply set configmaps/shop, got none"):
        await applied(clientset, namespace)
    with pytest.raises(ValueError, match="the apply set configmaps/shop needs a namespace"):
        await applied(clientset, namespace, config_map("a", namespace), apply_set_namespace=None)
    assert await names(clientset, namespace) == {"ConfigMap a", "ConfigMap shop"}
