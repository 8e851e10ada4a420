"""RESTClient on the real API server."""

from __future__ import annotations

import asyncio
import io
import logging
import uuid
from pathlib import Path

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1
from kubeloop.rest.warnings import ServerWarning
from kubeloop.testing.apiserver.writing.reply import UNCHECKED
from kubeloop.unstructured import Unstructured, UnstructuredList
from tests.support.real_clientset import config_map, config_of


async def test_every_method_with_every_kind_of_response(kubeconfig: Path, namespace: str) -> None:
    async with kubeloop.RESTClient(config_of(kubeconfig), group_version="v1") as rest:
        created = await rest.post(
            "configmaps", namespace=namespace, body=config_map("a", x="1"), into=core_v1.ConfigMap
        )
        assert created.data == {"x": "1"}
        replaced = await rest.put("configmaps", namespace=namespace, name="a", body=config_map("a", x="2"))
        assert isinstance(replaced, Unstructured)
        patched = await rest.patch(
            "configmaps", namespace=namespace, name="a", body={"data": {"y": "1"}}, into=core_v1.ConfigMap
        )
        assert patched.data == {"x": "2", "y": "1"}
        read = await rest.get("configmaps", namespace=namespace, name="a", into=core_v1.ConfigMap)
        assert read == patched
        assert isinstance(await rest.get("configmaps", namespace=namespace), UnstructuredList)
        raw = await rest.get("configmaps", namespace=namespace, name="a", into=bytes)
        assert raw.startswith(b'{"kind":"ConfigMap"')
        async with rest.stream("configmaps", namespace=namespace, name="a") as stream:
            assert b"".join([chunk async for chunk in stream]) == raw
        status = await rest.delete("configmaps", namespace=namespace, name="a")
        assert status["status"] == "Success"
        with pytest.raises(kubeloop.NotFound, match=f"/api/v1/namespaces/{namespace}/configmaps/a"):
            await rest.get("configmaps", namespace=namespace, name="a")


async def test_other_groups_and_absolute_paths(kubeconfig: Path, namespace: str) -> None:
    async with kubeloop.RESTClient(config_of(kubeconfig)) as rest:
        deployments = await rest.get(
            "deployments", group_version="apps/v1", namespace=namespace, into=apps_v1.DeploymentList
        )
        assert list(deployments.items) == []
        assert (await rest.get("/version"))["gitVersion"].startswith("v1.37")
        assert await rest.get("/readyz", into=bytes) == b"ok"
        document = await rest.get("/openapi/v3", into=dict)
        assert "api/v1" in document["paths"]


async def test_a_name_with_odd_characters_reaches_its_object(kubeconfig: Path) -> None:
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        roles = clientset.rbac_v1.cluster_roles()
        assert (await roles.get("system:node")).metadata.name == "system:node"
        with pytest.raises(kubeloop.NotFound):
            await roles.get("what? a #name & more")


async def test_typed_objects_are_sent_and_read_in_the_chosen_format(
    kubeconfig: Path, namespace: str, content_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(5, "kubeloop.rest.request_log")
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        config_maps = clientset.core_v1.config_maps(namespace)
        created = await config_maps.create(config_map("a", x="1"))
        assert await config_maps.get("a") == created
        await config_maps.delete("a", uid=created.metadata.uid)
    name = {"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}[content_type]
    requests = [line for line in caplog.messages if line.startswith("curl")]
    responses = [line.lower() for line in caplog.messages if "response headers" in line]
    assert [f"Content-Type: {name}" in line for line in requests] == [True, False, True]
    assert [f"content-type: {name}" in line for line in responses] == [True, True, True]


async def test_a_result_says_whether_an_object_was_created_and_what_the_server_warned_of(
    kubeconfig: Path, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    out, theirs = io.StringIO(), list[ServerWarning]()
    async with kubeloop.RESTClient(config_of(kubeconfig).replace(warning_handler=theirs.append)) as rest:
        update = rest.new_request("PUT", f"{path}/a", body)
        assert (await rest.send(rest.new_request("POST", path, body))).was_created
        assert not (await rest.send(update)).was_created
        unknown = {**body, "metadata": {"name": "b"}, "colour": "red"}
        writer = kubeloop.WarningWriter(out)
        result = await rest.send(rest.new_request("POST", path, unknown), warning_handler=writer)
        assert (result.status, result.was_created) == (201, True)
        await rest.delete(
            "configmaps", namespace=namespace, name="b", headers={"X-A": "b"}, warning_handler=kubeloop.ignore_warnings
        )
    assert [warning.text for warning in theirs if warning.text != UNCHECKED] == []
    told = [warning.text for warning in result.warnings if warning.text != UNCHECKED]
    assert len(told) == 1
    assert "colour" in told[0]
    assert out.getvalue() == "".join(f"Warning: {warning.text}\n" for warning in result.warnings)
    assert writer.count == len(result.warnings)


async def test_an_apply_says_whether_it_created_the_object(kubeconfig: Path, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/a?fieldManager=test"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    async with kubeloop.RESTClient(config_of(kubeconfig)) as rest:
        applied = rest.new_request("PATCH", path, body, content_type="application/apply-patch+yaml")
        assert [(await rest.send(applied)).was_created for _ in range(2)] == [True, False]


async def test_the_server_warns_through_the_handler(kubeconfig: Path, namespace: str) -> None:
    seen: list[ServerWarning] = []
    config = config_of(kubeconfig).replace(warning_handler=seen.append)
    async with kubeloop.Clientset(config) as clientset:
        await clientset.core_v1.config_maps(namespace).create(
            {"metadata": {"name": "a"}, "colour": "red"}, field_validation="Warn"
        )
    [unknown] = [warning for warning in seen if warning.text != UNCHECKED]
    assert unknown.code == 299
    assert "colour" in unknown.text


async def test_many_requests_at_once_share_the_connections(kubeconfig: Path, namespace: str) -> None:
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        config_maps = clientset.core_v1.config_maps(namespace)
        await asyncio.gather(*(config_maps.create(config_map(f"a{number}")) for number in range(100)))
        found = await asyncio.gather(*(config_maps.get(f"a{number}") for number in range(100)))
    assert len({one.metadata.uid for one in found}) == 100


async def test_without_credentials_the_server_says_so(kubeconfig: Path) -> None:
    known = config_of(kubeconfig)
    stranger = kubeloop.Config(host=known.host, ca_data=known.ca_data, ca_file=known.ca_file, token="nobody")
    async with kubeloop.Clientset(stranger) as clientset:
        with pytest.raises(kubeloop.Unauthorized):
            await clientset.core_v1.pods("default").list()


async def test_an_error_has_the_ids_of_the_real_server(kubeconfig: Path, namespace: str) -> None:
    async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
        with pytest.raises(kubeloop.NotFound) as caught:
            await clientset.core_v1.pods(namespace).get("missing")
        schemas = {each.metadata.uid async for each in clientset.flowcontrol_v1.flow_schemas().iterate()}
    for identifier in (caught.value.audit_id, caught.value.flow_schema_uid, caught.value.priority_level_uid):
        assert str(uuid.UUID(identifier)) == identifier
    assert caught.value.flow_schema_uid in schemas


async def test_requests_are_counted_and_logged(
    kubeconfig: Path, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = kubeloop.Metrics()
    config = config_of(kubeconfig).replace(metrics=metrics)
    caplog.set_level(5, "kubeloop.rest.request_log")
    async with kubeloop.Clientset(config) as clientset:
        created = await clientset.core_v1.config_maps(namespace).create(config_map("counted", x="1"))
        async with clientset.core_v1.config_maps(namespace).watch(resource_version=created.metadata.resource_version):
            pass
    host = config.host.removeprefix("https://")
    assert metrics.value("rest_client_requests_total", code="201", method="POST", host=host) == 1
    assert metrics.value("rest_client_request_duration_seconds_count", verb="POST", host=host) == 1
    assert metrics.value("rest_client_response_size_bytes_sum", verb="POST", host=host) > 100
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert any(line.startswith(f"POST /api/v1/namespaces/{namespace}/configmaps: 201 in ") for line in lines)
    assert "audit-id: " in caplog.text
