"""Binding a pod to a node: the server stores no Binding and responds with a Status."""

from __future__ import annotations

from pathlib import Path

from kubeloop.clients.clientset import Clientset
from kubeloop.models import core_v1, meta_v1
from tests.support.real_clientset import config_of


def _pod(name: str) -> core_v1.Pod:
    container = core_v1.Container(name="main", image="example.com/app")
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name=name), spec=core_v1.PodSpec(containers=[container]))


async def test_a_pod_is_bound_by_its_subresource_and_by_a_binding(kubeconfig: Path, namespace: str) -> None:
    async with Clientset(config_of(kubeconfig)) as clientset:
        pods = clientset.core_v1.pods(namespace)
        await pods.create(_pod("a"))
        await pods.create(_pod("b"))
        target = core_v1.ObjectReference(kind="Node", name="n1")

        first = await pods.binding("a").create(core_v1.Binding(target=target))
        binding = core_v1.Binding(metadata=meta_v1.ObjectMeta(name="b"), target=target)
        second = await clientset.core_v1.bindings(namespace).create(binding)

        assert (first.status, second.status) == ("Success", "Success")
        assert [(await pods.get(name)).spec.node_name for name in ("a", "b")] == ["n1", "n1"]
