"""Manifests on the real API server, beside kubectl, which applies the same documents in another namespace."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.clients.manifests.managed_fields_upgrade import LAST_APPLIED
from kubeloop.discovery import DiskCache
from kubeloop.testing import ControlPlane, ControlPlaneError, Kubectl
from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.binaries import kubectl_steps
from kubeloop.testing.controlplane.plane import report_to_stderr
from tests.support.counting_proxy import counting_proxy

DOCUMENTS = """
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
automountServiceAccountToken: false
---
apiVersion: v1
kind: Secret
metadata:
  name: token
  labels: {app: web}
stringData:
  password: hunter2
---
apiVersion: v1
kind: ConfigMapList
items:
- metadata: {name: settings, creationTimestamp: null, annotations: {note: "a: b"}}
  data: {color: green, empty: "", lines: "one\\ntwo\\n"}
- metadata: {name: more}
  binaryData: {blob: aGVsbG8=}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: web}
  spec:
    selector: {app: web}
    ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9100, protocol: TCP}]
- apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: reader}
  rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: example.com/web:1
        env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}]
        ports: [{name: http, containerPort: 8080}]
        resources: {requests: {cpu: 100m, memory: 64Mi}}
      volumes: [{name: settings, configMap: {name: settings}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: job, image: "example.com/job:1"}]}}}
"""

RESOURCES = {
    "v1": ("serviceaccounts", "secrets", "configmaps", "services"),
    "apps/v1": ("deployments",),
    "batch/v1": ("cronjobs",),
    "networking.k8s.io/v1": ("networkpolicies",),
    "rbac.authorization.k8s.io/v1": ("roles",),
}
OF_THE_CLUSTER = ("uid", "resourceVersion", "creationTimestamp", "namespace")


@pytest.fixture
def other_namespace(control_plane: ControlPlane, kubeconfig: Path) -> Any:
    """A second namespace, for kubectl."""
    name = control_plane.create_namespace()
    yield name
    control_plane.delete_namespace(name)


@pytest_asyncio.fixture
async def other_kubectl(kubectl: Kubectl, other_namespace: str) -> AsyncIterator[Any]:
    """Run kubectl in the second namespace; the error that it prints is the result too."""

    async def run(*arguments: str, input: str = "") -> str:
        try:
            return await kubectl.run(*arguments, "--namespace", other_namespace, input=input)
        except ControlPlaneError as error:
            return str(error)

    yield run


async def kubectl_diff(kubeconfig: Path, namespace: str, text: str) -> str:
    """Run `kubectl diff`, which runs the program `diff` of the system, and return what it prints."""
    [program, *arguments] = steps.run(kubectl_steps(report_to_stderr))
    arguments += ["diff", "--server-side", "--field-manager=me", "--namespace", namespace, "-f", "-"]
    home = str(kubeconfig.parent)  # where kubectl keeps its caches
    environment = {"HOME": home, "KUBECONFIG": str(kubeconfig), "PATH": os.environ["PATH"], "KUBERC": "off"}
    running = await asyncio.create_subprocess_exec(
        program, *arguments, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await running.communicate(text.encode())
    assert running.returncode == 1, "kubectl finds differences"
    return output.decode()


async def stored(clientset: kubeloop.Clientset, namespace: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a namespace without what differs between two namespaces and times."""
    found: dict[str, dict[str, Any]] = {}
    for version, plurals in RESOURCES.items():
        for plural in plurals:
            for obj in await clientset.dynamic.resource(version, plural).namespace(namespace).list():
                if obj.metadata.name not in ("default", "kube-root-ca.crt"):
                    found[f"{plural}/{obj.metadata.name}"] = comparable(obj.to_dict())
    return found


def comparable(data: dict[str, Any]) -> dict[str, Any]:
    for name in OF_THE_CLUSTER:
        data["metadata"].pop(name, None)
    for name in ("clusterIP", "clusterIPs"):
        data.get("spec", {}).pop(name, None)
    for entry in data["metadata"].get("managedFields", ()):
        entry.pop("time", None)
    return data


async def test_objects_and_their_managed_fields_are_those_of_kubectl(
    clientset: kubeloop.Clientset, namespace: str, other_namespace: str, other_kubectl: Any
) -> None:
    await other_kubectl("apply", "--server-side", "--field-manager=me", "-f", "-", input=DOCUMENTS)

    report = await clientset.apply_manifests(
        kubeloop.parse_manifests(DOCUMENTS), field_manager="me", namespace=namespace
    )

    report.raise_failed()
    assert {result.outcome for result in report} == {"created"}
    ours = await stored(clientset, namespace)
    assert ours == await stored(clientset, other_namespace)
    assert len(ours) == len(report) == 9


async def test_kinds_are_applied_in_their_order_and_deleted_in_the_reverse_order(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    objects = kubeloop.parse_manifests(DOCUMENTS)
    applied = await clientset.apply_manifests(objects, field_manager="me", namespace=namespace)
    order = [result.resource_name for result in applied]
    assert order[:4] == ["networkpolicy.networking.k8s.io/closed", "serviceaccount/web", "secret/token", order[3]]
    assert order[-2:] == ["deployment.apps/web", "cronjob.batch/nightly"]

    deleted = await clientset.delete_manifests(objects, namespace=namespace, timeout=30.0)

    deleted.raise_failed()
    assert [result.resource_name for result in deleted] == order[::-1]
    assert await stored(clientset, namespace) == {}


async def test_a_second_apply_tells_changed_objects_from_others(clientset: kubeloop.Clientset, namespace: str) -> None:
    objects = kubeloop.parse_manifests(DOCUMENTS)
    await clientset.apply_manifests(objects, field_manager="me", namespace=namespace)
    changed = kubeloop.parse_manifests(DOCUMENTS.replace("color: green", "color: blue") + _config_map("new"))

    for dry_run in (True, False):
        report = await clientset.apply_manifests(changed, field_manager="me", namespace=namespace, dry_run=dry_run)
        outcomes = {result.resource_name: result.outcome for result in report}
        assert outcomes.pop("configmap/settings") == "configured"
        assert outcomes.pop("configmap/new") == "created"
        assert set(outcomes.values()) == {"unchanged"}
        exists = await clientset.core_v1.config_maps(namespace).exists("new")
        assert exists is not dry_run


async def test_fields_that_left_the_manifest_are_removed(clientset: kubeloop.Clientset, namespace: str) -> None:
    for data in ({"a": "1", "b": "2"}, {"a": "1"}):
        await clientset.apply_manifests([_map("settings", data)], field_manager="me", namespace=namespace)
    assert (await clientset.core_v1.config_maps(namespace).get("settings")).data == {"a": "1"}


async def test_the_text_of_a_conflict_is_that_of_kubectl(
    clientset: kubeloop.Clientset, namespace: str, other_namespace: str, other_kubectl: Any
) -> None:
    maps = [_map("settings", {"a": "1", "b": "2"}), _map("more", {"c": "3"})]
    for place in (namespace, other_namespace):
        await clientset.apply_manifests(maps, field_manager="them", namespace=place)
    text = _config_map("settings", a="8", b="9")

    said = await other_kubectl("apply", "--server-side", "--field-manager=me", "-f", "-", input=text)
    report = await clientset.apply_manifests(
        [*kubeloop.parse_manifests(text), _map("more", {"c": "3"})], field_manager="me", namespace=namespace
    )

    [failed] = report.failed
    assert failed.outcome == "conflict"
    assert [(each.manager, each.field) for each in failed.conflicts] == [("them", ".data.a"), ("them", ".data.b")]
    assert isinstance(failed.error, kubeloop.Conflict)
    assert failed.error.status.message.replace("\\n", "\n") in said
    assert "force=True" in failed.error.__notes__[0]
    assert report[1].outcome == "configured"
    with pytest.raises(ExceptionGroup, match=r"1 of 2 objects failed: configmap/settings"):
        report.raise_failed()
    forced = await clientset.apply_manifests(
        kubeloop.parse_manifests(text), field_manager="me", namespace=namespace, force=True
    )
    assert forced[0].outcome == "configured"


@pytest.mark.parametrize("manager", ["kubectl", "me"])
@pytest.mark.parametrize("was_applied_before", [False, True])
async def test_objects_of_client_side_apply_are_migrated_as_by_kubectl(
    clientset: kubeloop.Clientset,
    namespace: str,
    other_namespace: str,
    kubectl: Kubectl,
    manager: str,
    was_applied_before: bool,
) -> None:
    before = _config_map("settings", a="1", b="2")
    after = _config_map("settings", a="1", c="3")
    for place in (namespace, other_namespace):
        await kubectl.run("apply", "--namespace", place, "-f", "-", input=before)
        if was_applied_before:
            config_maps = clientset.core_v1.config_maps(place)
            await config_maps.apply(_map("settings", {"d": "4"}), field_manager=manager)
    server_side = ("apply", "--server-side", f"--field-manager={manager}", "--force-conflicts")
    await kubectl.run(*server_side, "--namespace", other_namespace, "-f", "-", input=after)

    report = await clientset.apply_manifests(
        kubeloop.parse_manifests(after), field_manager=manager, namespace=namespace, force=True
    )

    [result] = report
    assert (result.outcome, result.warnings) == ("configured", ())
    ours, theirs = [
        comparable((await clientset.dynamic.resource("v1", "configmaps").namespace(place).get("settings")).to_dict())
        for place in (namespace, other_namespace)
    ]
    for data in (ours, theirs):
        text = data["metadata"].get("annotations", {}).get(LAST_APPLIED, "")
        if text:
            data["metadata"]["annotations"][LAST_APPLIED] = re.sub(r'"namespace":"[^"]*"', "", text)
    assert ours == theirs
    assert ours["data"] == {"a": "1", "c": "3"}
    again = await clientset.apply_manifests(kubeloop.parse_manifests(after), field_manager=manager, namespace=namespace)
    assert again[0].outcome == "unchanged"


async def test_a_diff_is_that_of_kubectl(
    clientset: kubeloop.Clientset, namespace: str, other_namespace: str, kubeconfig: Path
) -> None:
    for place in (namespace, other_namespace):
        objects = kubeloop.parse_manifests(DOCUMENTS)
        await clientset.apply_manifests(objects, field_manager="me", namespace=place)
    text = DOCUMENTS.replace("green", "blue").replace("hunter2", "hunter3").replace("replicas: 2", "replicas: 5")

    said = await kubectl_diff(kubeconfig, other_namespace, text)
    diff = await clientset.diff_manifests(kubeloop.parse_manifests(text), field_manager="me", namespace=namespace)

    changed = [each for each in diff if each.text]
    assert [each.result.resource_name for each in changed] == [
        "secret/token",
        "configmap/settings",
        "deployment.apps/web",
    ]
    for each in changed:
        lines = [line for line in each.text.splitlines()[2:] if line.startswith(("+", "-", "@"))]
        assert set(lines) <= set(said.splitlines())
    shown = [line for line in said.splitlines() if re.match(r"[+-] ", line)]
    assert len(shown) == sum(line.startswith(("+ ", "- ")) for line in str(diff).splitlines())
    assert "hunter" not in str(diff) + repr(diff)
    assert [str(change) for change in changed[1].changes] == ['data.color: changed from "green" to "blue"']
    assert diff.has_changes
    same = await clientset.diff_manifests(kubeloop.parse_manifests(DOCUMENTS), field_manager="me", namespace=namespace)
    assert (same.has_changes, str(same)) == (False, "")


async def test_requests_are_those_of_kubectl_and_one_list_per_resource(
    clientset: kubeloop.Clientset,
    namespace: str,
    other_namespace: str,
    tmp_path: Path,
) -> None:
    objects = kubeloop.parse_manifests(DOCUMENTS)
    async with counting_proxy(clientset, tmp_path) as proxy:
        kubectl = Kubectl(proxy.kubeconfig)
        apply = ("apply", "--server-side", "--field-manager=me", "--namespace", other_namespace, "-f", "-")
        await kubectl.run(*apply, input=DOCUMENTS)
        theirs = proxy.without_discovery()
        proxy.clear()
        async with kubeloop.Clientset(kubeloop.load_config(proxy.kubeconfig)) as proxied:
            report = await proxied.apply_manifests(objects, field_manager="me", namespace=namespace)
            ours = list(proxy.lines)
    report.raise_failed()

    lists = [line for line in ours if line.startswith("GET")]
    writes = [line for line in theirs if not line.startswith("GET")]
    assert sorted(line.replace(namespace, other_namespace) for line in ours if line not in lists) == sorted(writes)
    assert len(ours) <= len(theirs) + len(lists)
    assert len(lists) == len(set(lists)) == 8


async def test_custom_objects_need_no_discovery_with_a_warm_cache(
    clientset: kubeloop.Clientset, namespace: str, tmp_path: Path
) -> None:
    widget: dict[str, Any] = {"apiVersion": "warm.example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}
    definition: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.warm.example.com"},
        "spec": {
            "group": "warm.example.com",
            "names": {"plural": "widgets", "kind": "Widget"},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    (await clientset.apply_manifests([definition], field_manager="me")).raise_failed()
    requests: list[list[str]] = []
    async with counting_proxy(clientset, tmp_path) as proxy:
        config = kubeloop.load_config(proxy.kubeconfig)
        for _ in range(2):
            proxy.clear()
            async with kubeloop.Clientset(config, discovery_cache=DiskCache(tmp_path / "cache")) as proxied:
                report = await proxied.apply_manifests([widget], field_manager="me", namespace=namespace)
            report.raise_failed()
            requests.append(list(proxy.lines))
    await clientset.delete_manifests([definition])
    widgets = f"/apis/warm.example.com/v1/namespaces/{namespace}/widgets"
    assert requests[1] == [f"GET {widgets}", f"PATCH {widgets}/a"]
    assert requests[0][-2:] == requests[1]


async def test_deletions_without_a_wait_send_the_requests_of_kubectl(
    clientset: kubeloop.Clientset, namespace: str, other_namespace: str, tmp_path: Path
) -> None:
    objects = kubeloop.parse_manifests(DOCUMENTS)
    for place in (namespace, other_namespace):
        await clientset.apply_manifests(objects, field_manager="me", namespace=place)
    async with counting_proxy(clientset, tmp_path) as proxy:
        arguments = ("delete", "--wait=false", "--namespace", other_namespace, "-f", "-")
        await Kubectl(proxy.kubeconfig).run(*arguments, input=DOCUMENTS)
        theirs = proxy.without_discovery()
        proxy.clear()
        async with kubeloop.Clientset(kubeloop.load_config(proxy.kubeconfig)) as proxied:
            report = await proxied.delete_manifests(objects, namespace=namespace, wait=False)
        ours = list(proxy.lines)
    report.raise_failed()
    deletions = [line for line in theirs if line.startswith("DELETE")]
    assert sorted(line.replace(namespace, other_namespace) for line in ours) == sorted(deletions)


def _map(name: str, data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _config_map(name: str, **data: str) -> str:
    lines = "".join(f"  {key}: {value!r}\n" for key, value in data.items())
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n{'data:' if lines else ''}\n{lines}"
