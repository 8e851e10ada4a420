"""Objects as Go's types read and write them."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from kubeloop.models import (
    apps_v1,
    autoscaling_v1,
    batch_v1,
    certificates_v1,
    coordination_v1,
    core_v1,
    meta_v1,
    rbac_v1,
    resource_v1,
)
from kubeloop.testing.apiserver.encoding.canonical_form import form_of
from kubeloop.testing.apiserver.encoding.scalar_forms import OMIT, Unfit

SCHEMA = Path(__file__).parents[5] / "schema"


def written(cls: Any, value: Any) -> Any:
    return form_of(cls)(value, [])


def faults(cls: Any, value: Any) -> list[str]:
    found: list[list[str]] = []
    form_of(cls)(value, found)
    return [path for _, path in found]


@pytest.mark.parametrize(
    ("cls", "value", "expected"),
    [
        (core_v1.ConfigMap, {"data": {}, "immutable": None}, {"metadata": {}}),
        (core_v1.ConfigMap, {"metadata": None, "data": {"a": None}}, {"metadata": {}, "data": {"a": ""}}),
        (core_v1.ConfigMap, {"immutable": False}, {"metadata": {}, "immutable": False}),
        (meta_v1.ObjectMeta, {"name": "", "creationTimestamp": None, "labels": {}, "finalizers": []}, {}),
        (
            core_v1.PodSpec,
            {"containers": [], "hostNetwork": False, "activeDeadlineSeconds": 0},
            {"containers": None, "activeDeadlineSeconds": 0},
        ),
        (core_v1.PodSpec, {"containers": [None]}, {"containers": [{"name": "", "resources": {}}]}),
        (core_v1.PodSpec, {"securityContext": {}}, {"containers": None, "securityContext": {}}),
        (core_v1.ServicePort, {"port": 80}, {"port": 80, "targetPort": 0}),
        (core_v1.ResourceFieldSelector, {"resource": "a"}, {"resource": "a", "divisor": "0"}),
        (rbac_v1.ClusterRole, {"rules": []}, {"metadata": {}, "rules": None}),
        (apps_v1.ControllerRevision, {}, {"metadata": {}, "data": None, "revision": 0}),
        (apps_v1.DeploymentStatus, {"conditions": [{}]}, {"conditions": [
            {"type": "", "status": "", "lastUpdateTime": None, "lastTransitionTime": None}
        ]}),
        (core_v1.Secret, {"data": {"a": "YQ==", "b": ""}}, {"metadata": {}, "data": {"a": "YQ==", "b": ""}}),
        (core_v1.Secret, {"data": {"a": "YW\nJj"}}, {"metadata": {}, "data": {"a": "YWJj"}}),
        (core_v1.ConfigMap, {"binaryData": {"a": None}}, {"metadata": {}, "binaryData": {"a": ""}}),
        (certificates_v1.CertificateSigningRequestSpec, {"extra": {"a": None, "b": [], "c": [None]}},
         {"extra": {"a": [], "b": [], "c": [""]}, "request": None, "signerName": ""}),
        (autoscaling_v1.ScaleSpec, {"replicas": 0}, {}),
    ],
)  # fmt: skip
def test_empty_values_are_written_as_go_writes_them(cls: Any, value: Any, expected: Any) -> None:
    assert written(cls, value) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        (1, "1"),
        (0.5, "500m"),
        ("1024Mi", "1Gi"),
        (" 1 ", "1"),
        (None, "0"),
        ("", None),
    ],
)
def test_quantities_are_canonical(quantity: Any, expected: str | None) -> None:
    value = {"limits": {"cpu": quantity}}
    if expected is None:
        with pytest.raises(Unfit, match="quantities must match the regular expression"):
            written(core_v1.ResourceRequirements, value)
    else:
        assert written(core_v1.ResourceRequirements, value) == {"limits": {"cpu": expected}}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.999Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05Z"),
        ("0001-01-01T00:00:00Z", None),
        ("0000-02-29T00:00:00+01:00", "0000-02-28T23:00:00Z"),
        ("0000-12-31T23:30:00-01:00", "0001-01-01T00:30:00Z"),
        (None, None),
    ],
)
def test_times_are_in_whole_seconds_and_utc(time: Any, expected: str | None) -> None:
    condition = {"type": "A", "status": "True", "lastTransitionTime": time}

    assert written(core_v1.NodeCondition, condition)["lastTransitionTime"] == expected


@pytest.mark.parametrize("time", ["2026-13-02T03:04:05Z", "2026-01-02", "", "now", "0000-01-01T00:00:00+01:00"])
def test_a_text_that_is_no_time_is_refused(time: str) -> None:
    with pytest.raises(Unfit, match="parsing time"):
        written(meta_v1.ObjectMeta, {"creationTimestamp": time})


def test_micro_times_have_six_digits() -> None:
    spec = {"renewTime": "2026-01-02T03:04:05.000001+01:00"}

    assert written(coordination_v1.LeaseSpec, spec) == {"renewTime": "2026-01-02T02:04:05.000001Z"}
    with pytest.raises(Unfit, match="parsing time"):
        written(coordination_v1.LeaseSpec, {"renewTime": "2026-01-02T03:04:05Z"})


@pytest.mark.parametrize(
    ("cls", "value", "found", "field", "wanted"),
    [
        (core_v1.PodSpec, {"hostNetwork": 1}, "number", "PodSpec.hostNetwork", "bool"),
        (core_v1.PodSpec, {"containers": {}}, "object", "PodSpec.containers", "[]v1.Container"),
        (core_v1.PodSpec, {"containers": [1]}, "number", "PodSpec.containers", "v1.Container"),
        (core_v1.PodSpec, {"containers": [{"env": [{"name": True}]}]}, "bool", "EnvVar.containers.env.name", "string"),
        (core_v1.PodSpec, {"nodeSelector": {"a": 1}}, "number", "PodSpec.nodeSelector", "string"),
        (core_v1.PodSpec, {"nodeSelector": []}, "array", "PodSpec.nodeSelector", "map[string]string"),
        (apps_v1.DeploymentSpec, {"replicas": 2**31}, "number 2147483648", "DeploymentSpec.replicas", "int32"),
        (apps_v1.DeploymentSpec, {"replicas": 1.0}, "number 1.0", "DeploymentSpec.replicas", "int32"),
        (apps_v1.DeploymentSpec, {"replicas": "1"}, "string", "DeploymentSpec.replicas", "int32"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_with_its_path(
    cls: Any, value: Any, found: str, field: str, wanted: str
) -> None:
    with pytest.raises(Unfit) as caught:
        written(cls, value)

    assert caught.value.message() == f"json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(Unfit) as caught:
        written(core_v1.ConfigMap, [])

    assert caught.value.message() == "json: cannot unmarshal array into Go value of type v1.ConfigMap"


def test_an_integer_may_have_64_bits_where_go_has_them() -> None:
    spec = {"activeDeadlineSeconds": 2**40, "securityContext": {"runAsUser": 2**40}}

    assert written(core_v1.PodSpec, spec)["securityContext"] == {"runAsUser": 2**40}
    with pytest.raises(Unfit, match="number"):
        written(batch_v1.JobSpec, {"parallelism": 2**40})
    with pytest.raises(Unfit, match="number"):
        written(core_v1.PodSpec, {"activeDeadlineSeconds": 2**63})
    assert written(resource_v1.ExactDeviceRequest, {"count": 2**40})["count"] == 2**40


def test_unknown_fields_are_dropped_and_reported_with_their_paths() -> None:
    value = {
        "x": 1,
        "metadata": {"labels": {"free": "text"}, "y": {"z": 1}},
        "spec": {"template": {"spec": {"containers": [{}, {"a": 1, "ports": [{"b": 2}]}]}}},
    }

    assert faults(apps_v1.Deployment, value) == [
        "x",
        "metadata.y",
        "spec.template.spec.containers[1].a",
        "spec.template.spec.containers[1].ports[0].b",
    ]
    assert faults(apps_v1.Deployment, value) == []


def test_at_most_a_hundred_unknown_fields_are_reported() -> None:
    assert len(faults(core_v1.ConfigMap, {f"x{number}": 1 for number in range(150)})) == 100


def test_free_form_parts_are_left_alone() -> None:
    entry = {"manager": "a", "fieldsV1": {"f:metadata": {"f:x": {}}}}

    assert written(meta_v1.ObjectMeta, {"managedFields": [entry]}) == {"managedFields": [entry]}


def test_an_embedded_kind_may_name_itself() -> None:
    claim = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": {"name": "a"}}

    spec = written(apps_v1.StatefulSetSpec, {"volumeClaimTemplates": [claim]})

    assert spec["volumeClaimTemplates"][0]["kind"] == "PersistentVolumeClaim"


def _modules() -> list[str]:
    return sorted(path.stem for path in SCHEMA.glob("*_v*.json"))


@pytest.mark.parametrize("module", _modules())
def test_absent_fields_are_written_as_the_json_tags_say(module: str) -> None:
    schema = json.loads((SCHEMA / f"{module}.json").read_text())
    models = importlib.import_module(f"kubeloop.models.{module}")
    for name, struct in schema.get("types", {}).items():
        empty = written(getattr(models, name), {})
        for field in struct["fields"]:
            if (name, field["wire"]) in _LEGACY:
                continue
            found = empty.get(field["wire"], OMIT)
            assert (dict if isinstance(found, dict) else found) == _absent(field), (name, field["wire"])


# Structs of versions that no server serves any more, and of parts that are in annotations only.
_LEGACY = {
    ("IngressBackend", "servicePort"),
    ("ContainerResourceMetricStatus", "currentAverageValue"),
    ("ExternalMetricStatus", "currentValue"),
    ("ObjectMetricSource", "targetValue"),
    ("ObjectMetricStatus", "currentValue"),
    ("PodsMetricSource", "targetAverageValue"),
    ("PodsMetricStatus", "currentAverageValue"),
    ("ResourceMetricStatus", "currentAverageValue"),
}


def _absent(field: dict[str, Any]) -> Any:
    """Return what Go writes for a field that was not set; `dict` for an object."""
    kind = field["type"]["k"]
    if kind in ("ptr", "list", "map", "any", "bytes"):
        return OMIT if field["omitempty"] else None
    if kind in ("string", "int", "bool", "float"):
        return OMIT if field["omitempty"] else {"string": "", "int": 0, "bool": False, "float": 0}[kind]
    if kind in ("time", "microtime"):
        return OMIT if field["omitzero"] else None
    return {"ref": dict, "raw": None, "quantity": "0", "int_or_string": 0}[kind]
