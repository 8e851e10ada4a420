"""Tables, compared byte for byte with what kubectl prints."""

from __future__ import annotations

import re
from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1
from kubeloop.testing import ControlPlaneError, Kubectl
from kubeloop.unstructured import Unstructured
from tests.support.definitions import definition
from tests.support.real_clientset import THINGS_CRD, config_map, pod, wait_until_served
from tests.support.servers import is_python_server

AGE = re.compile(r"(?m)(?<= )\d+[smhd](\d+[smhd])?( *$| +(?=\S))")


def ageless(text: str) -> str:
    """Return a text without the seconds of ages, which two requests may tell differently."""
    return AGE.sub(lambda found: "#" + " " * (len(found.group()) - 1), text)


async def same(kubectl: Kubectl, table: kubeloop.Table, *arguments: str, **options: Any) -> None:
    """Compare the text of a table with what `kubectl get` prints."""
    printed = await kubectl.run("get", *arguments)
    text = table.text(**options)
    assert ageless(f"{text}\n" if text else "") == ageless(printed)


async def make_objects(clientset: kubeloop.Clientset, namespace: str) -> None:
    """Create objects of several kinds."""
    for name, labels in (("web-0", {"app": "web", "example.com/tier": "front"}), ("a-pod-with-a-long-name", {})):
        await clientset.core_v1.pods(namespace).create(pod(name, labels=labels))
    await clientset.core_v1.pods(namespace).patch_status(
        "web-0",
        {
            "status": {
                "phase": "Running",
                "podIP": "10.0.0.7",
                "podIPs": [{"ip": "10.0.0.7"}],
                "containerStatuses": [
                    {
                        "name": "main",
                        "image": "x",
                        "imageID": "x",
                        "ready": True,
                        "restartCount": 12,
                        "state": {"running": {}},
                    }
                ],
            }
        },
    )
    labels = {"app": "web"}
    await clientset.apps_v1.deployments(namespace).create(
        apps_v1.Deployment.from_dict(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web", "labels": labels},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {
                            "containers": [
                                {"name": "main", "image": "example.com/web:1"},
                                {"name": "side", "image": "example.com/side:2"},
                            ]
                        },
                    },
                },
            }
        )
    )
    service = {
        "metadata": {"name": "web"},
        "spec": {"selector": labels, "ports": [{"port": 80}, {"port": 443, "name": "b"}]},
    }
    service["spec"]["ports"][0]["name"] = "a"  # type: ignore[index]
    await clientset.core_v1.services(namespace).create(service)
    await clientset.core_v1.config_maps(namespace).create(config_map("settings", a="1", b="2"))
    secret = {"metadata": {"name": "password"}, "stringData": {"a": "b"}}
    await clientset.core_v1.secrets(namespace).create(secret)
    event = {
        "metadata": {"name": "started"},
        "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": namespace},
        "reason": "Started",
        "type": "Normal",
        "message": "first line\nsecond\tline with \x1b[31mcolor\x1b[0m and ünicode",
        "count": 3,
    }
    await clientset.core_v1.events(namespace).create(event)
    colored = {**event, "metadata": {"name": "tab"}, "message": "a\ttab, \x1b[31mred\x1b[0m, grün"}
    await clientset.core_v1.events(namespace).create(colored)


OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    (("-o", "wide"), {"wide": True}),
    (("--no-headers",), {"no_headers": True}),
    (("--show-labels",), {"show_labels": True}),
    (("-L", "app", "-L", "example.com/tier"), {"label_columns": ["app", "example.com/tier"]}),
    (("--show-kind",), {"show_kind": True}),
    (
        ("-o", "wide", "--show-labels", "-L", "app", "--show-kind", "--no-headers"),
        {"wide": True, "show_labels": True, "label_columns": ["app"], "show_kind": True, "no_headers": True},
    ),
]


async def test_the_text_of_many_kinds_is_that_of_kubectl(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str
) -> None:
    await make_objects(clientset, namespace)
    namespaced: list[tuple[str, Any]] = [
        ("pods", clientset.core_v1.pods(namespace)),
        ("deployments", clientset.apps_v1.deployments(namespace)),
        ("services", clientset.core_v1.services(namespace)),
        ("configmaps", clientset.core_v1.config_maps(namespace)),
        ("secrets", clientset.core_v1.secrets(namespace)),
        ("serviceaccounts", clientset.core_v1.service_accounts(namespace)),
        ("events", clientset.core_v1.events(namespace)),
        ("replicasets", clientset.apps_v1.replica_sets(namespace)),
    ]
    for plural, client in namespaced:
        table = await client.as_table()
        for arguments, options in OPTIONS if plural == "pods" else OPTIONS[:2]:
            await same(kubectl, table, plural, "-n", namespace, *arguments, **options)
    cluster: list[tuple[str, Any]] = [
        ("nodes", clientset.core_v1.nodes()),
        ("priorityclasses", clientset.scheduling_v1.priority_classes()),
        ("apiservices", clientset.apiregistration_v1.api_services()),
        ("flowschemas", clientset.flowcontrol_v1.flow_schemas()),
        ("clusterroles", clientset.rbac_v1.cluster_roles()),
    ]
    for plural, client in cluster:
        await same(kubectl, await client.as_table(), plural, "-o", "wide", wide=True)


async def test_names_and_selectors_choose_rows(clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str) -> None:
    await make_objects(clientset, namespace)
    pods = clientset.core_v1.pods(namespace)
    await same(kubectl, await pods.as_table("web-0"), "pod", "web-0", "-n", namespace)
    both = await pods.as_table("web-0", "a-pod-with-a-long-name")
    await same(kubectl, both, "pod", "web-0", "a-pod-with-a-long-name", "-n", namespace)
    await same(kubectl, await pods.as_table(label_selector="app=web"), "pods", "-l", "app=web", "-n", namespace)
    nothing = await pods.as_table(label_selector="app=nothing")
    await same(kubectl, nothing, "pods", "-l", "app=nothing", "-n", namespace)
    assert (str(nothing), len(nothing)) == ("", 0)
    with pytest.raises(kubeloop.NotFound):
        await pods.as_table("web-0", "missing")
    with pytest.raises(ControlPlaneError):
        await kubectl.run("get", "pod", "missing", "-n", namespace)
    row = both[0]
    assert row.object is not None
    assert (row.cells[0], row.object.metadata.labels["app"]) == ("web-0", "web")
    assert both.values("name") == ["web-0", "a-pod-with-a-long-name"]
    if not is_python_server():
        assert both.values("Ready") == ["1/1", "0/1"]
        assert both.to_dicts()[0]["Status"] == "Running"


async def test_all_namespaces_have_a_column(clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str) -> None:
    await clientset.core_v1.config_maps(namespace).create(config_map("a", x="1"))
    selection = "metadata.name=a"
    table = await clientset.core_v1.config_maps().as_table(field_selector=selection)
    await same(kubectl, table, "configmaps", "-A", "--field-selector", selection)
    dynamic = await clientset.dynamic.resource("v1", "configmaps").as_table(field_selector=selection)
    assert ageless(str(dynamic)) == ageless(str(table))
    await same(kubectl, await clientset.core_v1.nodes().as_table(), "nodes", "-A")


async def test_pages_are_aligned_as_kubectl_aligns_them(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str
) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    for number in range(230):
        # The widest names come late, where kubectl has printed most rows.
        await config_maps.create(config_map(f"c{number:03}{'-wide' * (number // 45)}"))
    for size in (20, 100, 150):
        table = await config_maps.as_table(limit=size)
        assert len(table) >= 230
        for arguments, options in (((), {}), (("--no-headers",), {"no_headers": True})):
            chunk = f"--chunk-size={size}"
            await same(kubectl, table, "configmaps", "-n", namespace, chunk, *arguments, **options)


async def test_objects_at_hand_of_several_kinds_are_printed_as_kubectl_prints_them(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str
) -> None:
    await make_objects(clientset, namespace)
    pods = (await clientset.core_v1.pods(namespace).list()).items
    deployments = await clientset.apps_v1.deployments(namespace).list()
    tables = await clientset.as_table([*pods, *deployments.items])
    for arguments, options in OPTIONS:
        printed = await kubectl.run("get", "pods,deployments", "-n", namespace, *arguments)
        text = tables.text(**{**options, "show_kind": None})
        assert ageless(text + "\n") == ageless(printed)
    assert ageless(str(await clientset.as_table(pods[0]))) == ageless(
        str(await clientset.core_v1.pods(namespace).as_table(pods[0].metadata.name))
    )
    dynamic = await clientset.resource(
        Unstructured, kubeloop.GroupVersionKind("apps", "v1", "Deployment"), namespace
    ).list()
    assert ageless(str(await clientset.as_table(dynamic))) == ageless(str(await clientset.as_table(deployments)))


async def test_a_lister_is_printed_and_deleted_objects_are_missing(
    clientset: kubeloop.Clientset, namespace: str
) -> None:
    config_maps = clientset.core_v1.config_maps(namespace)
    for name in ("a", "b", "c"):
        await config_maps.create(config_map(name))
    factory = kubeloop.SharedInformerFactory(clientset, namespace=namespace)
    informer = factory.core_v1.config_maps()
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        lister = informer.lister.namespace(namespace)
        known = {each.metadata.name: each for each in lister.list()}
        tables = await clientset.as_table(lister)
    assert {row.cells[0] for row in tables[0]} >= {"a", "b", "c"}
    await config_maps.delete("a")
    await config_maps.delete("b")
    await config_maps.create(config_map("b"))
    tables = await clientset.as_table([known["a"], known["b"], known["c"]])
    assert [row.cells[0] for row in tables[0]] == ["c"]
    assert tables.missing == (f"{namespace}/a", f"{namespace}/b")
    gone = await clientset.as_table(known["a"])
    assert (str(gone), gone.missing) == ("", (f"{namespace}/a",))


async def test_the_columns_of_a_custom_resource_are_those_of_its_definition(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str
) -> None:
    await wait_until_served(clientset)
    things = clientset.dynamic.resource("test.kubeloop.dev/v1", "things").namespace(namespace)
    head = {"apiVersion": "test.kubeloop.dev/v1", "kind": THINGS_CRD["spec"]["names"]["kind"]}
    await things.create({**head, "metadata": {"name": "red", "labels": {"a": "b"}}, "spec": {"size": 3}})
    table = await things.as_table()
    await same(kubectl, table, "things", "-n", namespace, "--show-labels", show_labels=True)
    listed = await clientset.as_table(await things.get("red"))
    assert ageless(str(listed)) == ageless(str(table))


async def test_the_client_for_metadata_has_the_same_tables(clientset: kubeloop.Clientset, namespace: str) -> None:
    await make_objects(clientset, namespace)
    metadata = await clientset.metadata.resource(core_v1.Pod, namespace).as_table()
    assert ageless(str(metadata)) == ageless(str(await clientset.core_v1.pods(namespace).as_table()))


async def test_a_definition_controls_no_terminal_and_hides_no_built_in_resource(
    clientset: kubeloop.Clientset, kubectl: Kubectl, namespace: str
) -> None:
    column = {"name": "\x1b[2J\nTEXT\x9b", "type": "string", "jsonPath": ".spec.text"}
    properties = {"spec": {"type": "object", "properties": {"text": {"type": "string"}}}}
    hostile = definition(
        "aaa.example.com", "Pod", "pods", properties=properties, storage=True, additionalPrinterColumns=[column]
    )
    hostile["spec"]["names"]["shortNames"] = ["po", "deploy"]
    crds = clientset.apiextensions_v1.custom_resource_definitions()
    await crds.create(hostile)
    try:
        await crds.wait("pods.aaa.example.com", condition="Established", timeout=30)
        pods = (await clientset.resolve("pods.aaa.example.com")).namespace(namespace)
        async with pods.watch(timeout=30):
            pass  # the server serves every path
        metadata = {"name": "one", "namespace": namespace}
        spec = {"text": "a\x07\x1b]0;title\x07\x9b2J\u202eb"}
        await pods.create({"apiVersion": "aaa.example.com/v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        shown = (await pods.as_table()).text(wide=True, show_labels=True)
        assert r"a^G^[]0;title^G\x9b2J\u202eb" in shown
        assert [char for char in shown if not char.isprintable()] == ["\n"]
        await clientset.core_v1.pods(namespace).create(pod("two"))
        for name, group in (("po", ""), ("pods", ""), ("Pod", ""), ("pods.aaa", "aaa.example.com"), ("deploy", "apps")):
            assert (await clientset.mapper.resolve(name)).kind.group == group
            printed = await kubectl.run("get", name, "-n", namespace, "-o", "name")
            assert printed == {"": "pod/two\n", "apps": ""}.get(group, "pod.aaa.example.com/one\n")
    finally:
        await crds.ensure_absent("pods.aaa.example.com")
