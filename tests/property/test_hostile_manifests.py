"""Whatever a set of manifests contains, applying and deleting it return one result per object, and raise nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import kubeloop
from kubeloop.clients.manifests.manifest_report import ApplyReport
from kubeloop.testing import virtual_time
from kubeloop.unstructured import Unstructured
from tests.support.apply_server import ApplyServer
from tests.support.scripted_clientset import clientset

TEXTS = st.sampled_from(
    ["", "a", "b", "v1", "apps/v1", "a/b/c", "../x", "A b", "\ud800", "ConfigMap", "Status", "x%2f"]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-1, 3), st.floats(), TEXTS)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2))
METADATA = st.fixed_dictionaries(
    {"name": st.one_of(TEXTS, VALUES)},
    optional={"namespace": st.one_of(TEXTS, VALUES), "labels": VALUES, "managedFields": VALUES, "generateName": VALUES},
)
OBJECTS = st.fixed_dictionaries(
    {"apiVersion": st.one_of(st.just("v1"), TEXTS, VALUES), "metadata": st.one_of(METADATA, VALUES)},
    optional={"kind": st.one_of(st.sampled_from(["ConfigMap", "Pod", "List", "PodList"]), VALUES), "items": VALUES},
)


def results(objects: list[Any]) -> tuple[ApplyReport, ApplyReport]:
    """Apply and delete objects on a server in the test."""

    async def run() -> tuple[ApplyReport, ApplyReport]:
        server = ApplyServer()
        client, _ = clientset(server.respond)
        applied = await client.apply_manifests(objects, field_manager="me")
        return applied, await client.delete_manifests(objects, ignore_not_found=True)

    return virtual_time.run(run())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(OBJECTS, VALUES), max_size=4))
def test_a_set_of_mappings(objects: list[Any]) -> None:
    for report in results(objects):
        for result in report:
            assert result.has_failed is (result.error is not None)
            assert isinstance(str(result), str)
        assert "\ud800" not in str(report)


@settings(max_examples=100, deadline=None)
@given(st.lists(OBJECTS, max_size=4))
def test_a_set_of_unstructured_objects(objects: list[dict[str, Any]]) -> None:
    for report in results([Unstructured.owning(each) for each in objects]):
        assert all(result.has_failed is (result.error is not None) for result in report)


def test_a_good_object_is_applied_beside_hostile_ones() -> None:
    good = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "good"}}
    hostile: list[Any] = [{"metadata": {"name": []}}, [good], {"apiVersion": [], "kind": {}}, float("nan")]
    applied, deleted = results([*hostile, good])
    assert [result.outcome for result in applied].count("created") == 1
    assert [result.outcome for result in deleted].count("deleted") == 1
    assert len(applied.failed) == len(hostile)
    assert all(isinstance(result.error, (kubeloop.KubeloopError, ValueError)) for result in applied.failed)
