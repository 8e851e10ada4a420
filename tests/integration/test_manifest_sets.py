"""Whole sets of manifests: definitions with their objects, deletions with waits, and sets of which a part fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

import kubeloop
from kubeloop.models import apiregistration_v1, core_v1, meta_v1
from kubeloop.testing import ControlPlane, Kubectl
from tests.support.real_clientset import connect

FINALIZER = "example.com/keep"


def documents(group: str, namespace: str) -> str:
    """Return a namespace, a definition and an object of its kind, in the worst order."""
    return f"""
apiVersion: {group}/v1
kind: Backup
metadata: {{name: nightly, namespace: {namespace}}}
spec: {{copies: 3}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {namespace}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: backups.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Backup, listKind: BackupList, plural: backups, singular: backup}}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {{spec: {{type: object, properties: {{copies: {{type: integer}}}}}}}}
"""


@pytest_asyncio.fixture
async def group(clientset: kubeloop.Clientset, namespace: str) -> AsyncIterator[str]:
    """A group of its own for the custom kinds of a test, whose definitions are deleted afterwards."""
    name = f"{namespace}.example.com"
    yield name
    definitions = clientset.apiextensions_v1.custom_resource_definitions()
    for each in await definitions.list():
        if each.metadata.name.endswith(name):
            await definitions.delete(each.metadata.name)


def outcomes(report: kubeloop.ApplyReport) -> list[str]:
    return [result.outcome for result in report]


async def test_a_definition_and_its_objects_are_applied_and_deleted_from_one_file(
    clientset: kubeloop.Clientset, namespace: str, group: str, tmp_path: Path
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(documents(group, namespace))
    objects = kubeloop.load_manifests(file)

    dry = await clientset.apply_manifests(objects, field_manager="me", dry_run=True)
    assert outcomes(dry) == ["created", "created", "skipped"]
    applied = await clientset.apply_manifests(objects, field_manager="me")
    assert [str(result) for result in applied] == [
        f"customresourcedefinition.apiextensions.k8s.io/backups.{group} created",
        "configmap/settings created",
        f"backup.{group}/nightly created",
    ]
    assert outcomes(await clientset.apply_manifests(objects, field_manager="me")) == ["unchanged"] * 3
    again = await clientset.apply_manifests(objects[:1], field_manager="me", dry_run=True)
    assert outcomes(again) == ["unchanged"]

    deleted = await clientset.delete_manifests(objects, timeout=30.0)
    assert outcomes(deleted) == ["deleted"] * 3
    assert not await clientset.core_v1.config_maps(namespace).exists("settings")
    gone = await clientset.delete_manifests(objects, ignore_not_found=True)
    assert outcomes(gone) == ["absent"] * 3


async def test_a_definition_whose_names_are_taken_fails_with_its_objects(
    clientset: kubeloop.Clientset, namespace: str, group: str
) -> None:
    text = documents(group, namespace)
    (await clientset.apply_manifests(kubeloop.parse_manifests(text), field_manager="me")).raise_failed()
    other = text.replace("plural: backups", "plural: copies").replace(f"name: backups.{group}", f"name: copies.{group}")

    report = await clientset.apply_manifests(kubeloop.parse_manifests(other), field_manager="me", timeout=2.0)

    assert outcomes(report) == ["failed", "unchanged", "failed"]
    assert isinstance(report[0].error, kubeloop.WaitTimeout)
    assert "is already in use" in str(report[0].error)


async def test_one_error_per_object_and_the_rest_is_applied(
    clientset: kubeloop.Clientset, namespace: str, group: str
) -> None:
    text = f"""
apiVersion: {group}/v1
kind: Unknown
metadata: {{name: a}}
---
apiVersion: {group}/v1
kind: Unknown
metadata: {{name: b}}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {{name: old}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: misspelt}}
dada: {{}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{generateName: made-}}
---
apiVersion: v1
kind: Secret
metadata: {{name: good}}
---
apiVersion: v1
kind: Secret
metadata: {{name: good}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: elsewhere, namespace: absent-{namespace}}}
"""
    report = await clientset.apply_manifests(kubeloop.parse_manifests(text), field_manager="me")

    assert [each.resource_name for each in report if not each.has_failed] == ["secret/good"]
    errors = [str(each.error) for each in report.failed]
    assert len(errors) == 7
    expected = ("twice", "dada", "generateName", f'namespaces "absent-{namespace}" not found')
    for part in expected:
        assert sum(part in error for error in errors) == 1, part
    assert sum("Unknown" in error and group in error for error in errors) == 2
    await clientset.core_v1.secrets(kubeloop.DEFAULT).delete("good")


async def test_a_namespace_that_is_being_deleted_refuses_each_new_object(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    name = f"{namespace}-ending"
    namespaces = clientset.core_v1.namespaces()
    await namespaces.create(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name=name)))
    await namespaces.delete(name)
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": each}} for each in "ab"]
    try:
        report = await clientset.apply_manifests(maps, field_manager="me", namespace=name)
    finally:
        ending = (await namespaces.get(name)).to_dict()
        ending["spec"] = {"finalizers": []}
        await clientset.rest.put(f"/api/v1/namespaces/{name}/finalize", body=ending)
    assert outcomes(report) == ["failed", "failed"]
    assert all(isinstance(each.error, kubeloop.Forbidden) for each in report)
    assert all("it is being terminated" in each.detail for each in report)


async def test_a_group_whose_server_is_down_fails_only_its_own_objects() -> None:
    group = "down.example.com"
    spec = {
        "group": group,
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 10,
        "insecureSkipTLSVerify": True,
        "service": {"name": "absent", "namespace": "default"},
    }
    metadata = {"name": f"v1.{group}"}
    objects = [
        {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
    ]
    async with ControlPlane() as plane, connect(plane.kubeconfig) as clientset:
        services = clientset.apiregistration_v1.api_services()
        await services.create(apiregistration_v1.APIService.from_dict({"metadata": metadata, "spec": spec}))
        async with asyncio.timeout(60):
            while not (await clientset.discovery.server_groups_and_resources(allow_partial=True)).failures:
                await asyncio.sleep(0.2)
        report = await clientset.apply_manifests(objects, field_manager="me", namespace="default")
    assert outcomes(report) == ["created", "failed"]
    assert isinstance(report[1].error, kubeloop.DiscoveryIncomplete)
    assert f"{group}/v1" in str(report[1].error)


async def test_objects_are_deleted_when_their_finalizers_are_removed(
    clientset: kubeloop.Clientset, namespace: str, tmp_path: Path
) -> None:
    text = "".join(
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, finalizers: [{FINALIZER}]}}\n"
        for name in "ab"
    )
    (tmp_path / "maps.yaml").write_text(text)
    objects = kubeloop.load_manifests(tmp_path)
    config_maps = clientset.core_v1.config_maps(namespace)
    for obj in objects:
        assert isinstance(obj, core_v1.ConfigMap)
        await config_maps.create(obj)

    held = await clientset.delete_manifests(objects, namespace=namespace, timeout=0.5)
    assert outcomes(held) == ["failed", "failed"]
    assert FINALIZER in str(held[0].error)

    async def release() -> None:
        await asyncio.sleep(0.2)
        for name in "ab":
            await config_maps.patch(name, {"metadata": {"finalizers": None}})

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(release())
        deleted = await clientset.delete_manifests(objects, namespace=namespace, timeout=30.0)
    assert outcomes(deleted) == ["deleted", "deleted"]
    assert not {"a", "b"} & {each.metadata.name for each in await config_maps.list()}


async def test_a_set_is_deleted_in_the_reverse_order_of_its_kinds(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    objects: list[Any] = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMapList",
            "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}],
        },
    ]
    await clientset.core_v1.services(namespace).create(objects[0])
    await clientset.core_v1.service_accounts(namespace).create(objects[1])
    for item in objects[2]["items"]:
        await clientset.core_v1.config_maps(namespace).create({"apiVersion": "v1", "kind": "ConfigMap", **item})
    seen: list[kubeloop.ManifestResult] = []

    report = await clientset.delete_manifests(objects, namespace=namespace, progress=seen.append)

    names = ["service/web", "configmap/b", "configmap/a", "serviceaccount/web"]
    assert [result.resource_name for result in report] == names
    assert seen == list(report)
    report.raise_failed()
    missing = await clientset.delete_manifests(objects, namespace=namespace)
    assert len(missing.failed) == 4
    assert all(isinstance(result.error, kubeloop.NotFound) for result in missing)


async def test_kubectl_sees_what_was_applied(clientset: kubeloop.Clientset, namespace: str, kubectl: Kubectl) -> None:
    await clientset.apply_manifests(
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}],
        field_manager="kubectl",
        namespace=namespace,
    )
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "2"}}'
    said = await kubectl.run("apply", "--server-side", "--namespace", namespace, "-f", "-", input=text)
    assert said.strip() == "configmap/a serverside-applied"
