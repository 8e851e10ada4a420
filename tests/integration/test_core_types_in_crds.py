"""Types of Kubernetes inside of custom resources are the classes of `kubeloop.models`, and the real server agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kubeloop.clients.clientset import Clientset
from kubeloop.errors import BadRequest
from kubeloop.models import core_v1, meta_v1
from tests.support.core_schemas import core_schema
from tests.support.custom_resources import generated, served
from tests.support.definitions import definition
from tests.support.real_clientset import config_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PACKAGE = "generated_with_core_types"
OLDER = ("resizePolicy", "restartPolicyRules", "volumeDevices")
"""Fields of containers that the definition does not have, as that of an older Kubernetes."""

DEFINITION = definition(
    group="embedding.example.com",
    kind="Job",
    plural="jobs",
    properties={
        "spec": {
            "type": "object",
            "properties": {
                "template": core_schema("core_v1.PodTemplateSpec", without=OLDER),
                "selector": core_schema("meta_v1.LabelSelector"),
            },
        },
        "status": {
            "type": "object",
            "properties": {"conditions": {"type": "array", "items": core_schema("meta_v1.Condition")}},
        },
    },
    subresources={"status": {}},
    storage=True,
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The generated package, importable as PACKAGE."""
    folder = tmp_path_factory.mktemp("generated")
    file = folder / "jobs.json"
    file.write_text(json.dumps(DEFINITION))
    with generated(PACKAGE, folder, file):
        yield


@pytest.fixture(scope="module")
def server(kubeconfig: Path) -> Iterator[Path]:
    """The kubeconfig of a server that has the custom resource."""
    with served(kubeconfig, [DEFINITION]):
        yield kubeconfig


def _job(name: str, **container: Any) -> Any:
    jobs = import_module(f"{PACKAGE}.models.embedding_example_com_v1")
    main = core_v1.Container(
        name="main",
        image="web",
        env=[
            core_v1.EnvVar(name="A", value="a"),
            core_v1.EnvVar(
                name="B",
                value_from=core_v1.EnvVarSource(secret_key_ref=core_v1.SecretKeySelector(name="s", key="k")),
            ),
        ],
        ports=[core_v1.ContainerPort(container_port=80)],
        resources=core_v1.ResourceRequirements(limits={"cpu": "1", "memory": "1.50Gi"}),
        liveness_probe=core_v1.Probe(grpc=core_v1.GRPCAction(port=80)),
        **container,
    )
    claim = core_v1.EphemeralVolumeSource(
        volume_claim_template=core_v1.PersistentVolumeClaimTemplate(
            spec=core_v1.PersistentVolumeClaimSpec(
                data_source=core_v1.TypedLocalObjectReference(kind="PersistentVolumeClaim", name="old")
            )
        )
    )
    pod = core_v1.PodSpec(containers=[main], volumes=[core_v1.Volume(name="v", ephemeral=claim)])
    return jobs.Job(
        metadata=meta_v1.ObjectMeta(name=name),
        spec=jobs.JobSpec(
            template=core_v1.PodTemplateSpec(spec=pod), selector=meta_v1.LabelSelector(match_labels={"a": "b"})
        ),
    )


async def test_a_pod_template_goes_to_the_server_and_back(package: None, server: Path, namespace: str) -> None:
    clients = import_module(f"{PACKAGE}.clients.embedding_example_com_v1")
    async with Clientset(config_of(server)) as clientset:
        jobs = clients.bind(clientset).jobs(namespace)
        sent = _job("a")
        created = await jobs.create(sent, field_validation="Strict")
        (container,) = created.spec.template.spec.containers
        assert isinstance(container, core_v1.Container)
        assert container.resources.limits == {"cpu": "1", "memory": "1.50Gi"}
        assert container.ports[0].protocol == "TCP", "the schema's default"
        probe = container.liveness_probe
        assert probe is not None
        assert probe.grpc == core_v1.GRPCAction(port=80, service=""), (
            "the null of Go's type is no value of the definition"
        )

        unchanged = await jobs.update(created)
        assert unchanged.metadata.resource_version == created.metadata.resource_version

        async with jobs.edit("a") as draft:
            draft.spec.template.spec.containers[0].env[1].value_from.secret_key_ref.name = "other"
            draft.spec.template.spec.node_selector["zone"] = "a"
        edited = await jobs.get("a")
        assert edited.spec.template.spec.containers[0].env[1].value_from.secret_key_ref.name == "other"
        assert edited.spec.template.spec.node_selector == {"zone": "a"}

        draft = edited.draft()
        ready = meta_v1.Condition(type="Ready", status="True", reason="Done", message="", last_transition_time=NOW)
        draft.status.conditions = [ready]
        after = await jobs.update_status(draft.finish().after)
        assert list(after.status.conditions) == [ready]


async def test_an_edit_replaces_lists_which_servers_do_not_merge_in_custom_resources(
    package: None, server: Path, namespace: str
) -> None:
    clients = import_module(f"{PACKAGE}.clients.embedding_example_com_v1")
    async with Clientset(config_of(server)) as clientset:
        jobs = clients.bind(clientset).jobs(namespace)
        await jobs.create(_job("a"))
        async with jobs.edit("a") as draft:
            draft.spec.template.spec.containers.append({"name": "side", "image": "other"})
            del draft.spec.template.spec.containers[0].env[0]
        edited = await jobs.get("a")
        assert [one.name for one in edited.spec.template.spec.containers] == ["main", "side"]
        assert [one.name for one in edited.spec.template.spec.containers[0].env] == ["B"]


async def test_a_field_that_only_the_newer_class_has_is_dropped_or_refused(
    package: None, server: Path, namespace: str
) -> None:
    clients = import_module(f"{PACKAGE}.clients.embedding_example_com_v1")
    async with Clientset(config_of(server)) as clientset:
        jobs = clients.bind(clientset).jobs(namespace)
        newer = _job("a", volume_devices=[core_v1.VolumeDevice(name="v", device_path="/dev/x")])
        with pytest.raises(BadRequest, match="volumeDevices"):
            await jobs.create(newer, field_validation="Strict")
        created = await jobs.create(newer)
        assert created.spec.template.spec.containers[0].volume_devices == ()
