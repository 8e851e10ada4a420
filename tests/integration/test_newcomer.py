"""The newcomer's tasks: each program does the same with kubeloop, lightkube and kr8s.

The programs with other libraries run if `make bench` has installed these.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1
from tools.newcomer import LIBRARIES, ROOT, TASKS, program

READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}

LABELS = {"app": "web"}
CONTAINERS = [core_v1.Container(name="main", image="registry.example/web:1")]

Running = asyncio.subprocess.Process
Follow = Callable[[kubeloop.Clientset, str, Running], Awaitable[list[str]]]


@pytest.fixture
def namespaced(kubeconfig: Path, namespace: str, tmp_path: Path) -> Path:
    """Return a kubeconfig whose namespace is that of the test."""
    document = yaml.safe_load(kubeconfig.read_text())
    for each in document["contexts"]:
        each["context"]["namespace"] = namespace
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
async def web(clientset: kubeloop.Clientset, namespace: str) -> None:
    """Create a Deployment, a pod with its label, and another pod."""
    metadata = meta_v1.ObjectMeta(labels=LABELS)
    template = core_v1.PodTemplateSpec(metadata=metadata, spec=core_v1.PodSpec(containers=CONTAINERS))
    spec = apps_v1.DeploymentSpec(replicas=1, selector=meta_v1.LabelSelector(match_labels=LABELS), template=template)
    deployment = apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="web"), spec=spec)
    await clientset.apps_v1.deployments(namespace).create(deployment)
    for name, labels in (("web-0", LABELS), ("db-0", {"app": "db"})):
        pod = core_v1.Pod(
            metadata=meta_v1.ObjectMeta(name=name, labels=labels), spec=core_v1.PodSpec(containers=CONTAINERS)
        )
        await clientset.core_v1.pods(namespace).create(pod)


async def rest_of(running: Running) -> list[str]:
    """Return the lines that are left, after the program has ended well."""
    output, errors = await running.communicate()
    assert running.returncode == 0, errors.decode()
    return output.decode().splitlines()


async def list_pods(clientset: kubeloop.Clientset, namespace: str, running: Running) -> list[str]:
    return await rest_of(running)


async def apply_file(clientset: kubeloop.Clientset, namespace: str, running: Running) -> list[str]:
    output = "\n".join(await rest_of(running))
    assert [kind for kind in ("ConfigMap", "Service", "Deployment") if kind.lower() in output.lower()] == [
        "ConfigMap",
        "Service",
        "Deployment",
    ]
    shop = await clientset.core_v1.config_maps(namespace).get("shop")
    await clientset.core_v1.services(namespace).get("shop")
    deployment = await clientset.apps_v1.deployments(namespace).get("shop")
    return [shop.data["color"], deployment.spec.template.spec.containers[0].image]


async def follow_pods(clientset: kubeloop.Clientset, namespace: str, running: Running) -> list[str]:
    assert running.stdout is not None
    first = await running.stdout.readline()
    pods = clientset.core_v1.pods(namespace)
    await pods.delete("db-0", grace_period_seconds=0)
    await pods.delete("web-0", grace_period_seconds=0)
    found = [first.decode().strip(), *await rest_of(running)]
    return [line for line in found if not line.startswith("MODIFIED")]


async def wait(clientset: kubeloop.Clientset, namespace: str, running: Running) -> list[str]:
    await clientset.core_v1.pods(namespace).patch_status("web-0", READY)
    return await rest_of(running)


async def patch_scale_evict(clientset: kubeloop.Clientset, namespace: str, running: Running) -> list[str]:
    output = await rest_of(running)
    deployment = await clientset.apps_v1.deployments(namespace).get("web")
    left = [pod.metadata.name async for pod in clientset.core_v1.pods(namespace).iterate()]
    return [*output, deployment.metadata.annotations["example.com/owner"], str(deployment.spec.replicas), *left]


FOLLOW: dict[str, tuple[Follow, list[str], list[str]]] = {
    "09_list_by_label": (list_pods, [], ["web-0: Pending"]),
    "10_apply_file": (apply_file, ["examples/shop.yaml"], ["blue", "registry.example/shop:1"]),
    "11_follow_pods": (follow_pods, [], ["ADDED web-0", "DELETED web-0"]),
    "12_wait": (wait, ["web-0"], ["web-0 is ready"]),
    "13_patch_scale_evict": (patch_scale_evict, [], ["scaled to 5", "evicted web-0", "shop", "5", "db-0"]),
    "14_apply_dict": (list_pods, [], ["settings: blue"]),
}
"""What a test does while a program runs, its arguments, and what is found in the end."""


def interpreter(library: str) -> str:
    """Return the interpreter of a library's environment, which the benchmarks create."""
    return sys.executable if library == "kubeloop" else str(ROOT / f"bench/.work/venv-{library}/bin/python")


INSTALLED = [library for library in LIBRARIES if Path(interpreter(library)).exists()]
"""The libraries that are here: `make bench ARGS=manifests` installs the others."""


@pytest.mark.parametrize("library", INSTALLED)
@pytest.mark.parametrize("task", TASKS)
async def test_a_task_is_carried_out(
    task: str,
    library: str,
    clientset: kubeloop.Clientset,
    namespace: str,
    namespaced: Path,
    tmp_path: Path,
    web: None,
) -> None:
    follow, arguments, expected = FOLLOW[task]
    strict = {"PYTHONWARNINGS": "error", "PYTHONASYNCIODEBUG": "1"} if library == "kubeloop" else {}
    leftovers = {"TMPDIR": str(tmp_path)}  # the others leave the files of their certificates
    running = await asyncio.create_subprocess_exec(
        interpreter(library),
        str(program(task, library)),
        *arguments,
        env={**os.environ, "KUBECONFIG": str(namespaced), **leftovers, **strict},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        assert await follow(clientset, namespace, running) == expected
