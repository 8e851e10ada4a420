"""One object in the versions of its resource."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.testing.apiserver.encoding.version_conversion import convert, is_same_shape

CORE_EVENT = {
    "metadata": {"name": "a"},
    "involvedObject": {"kind": "Pod", "name": "p"},
    "reason": "Started",
    "message": "hello",
    "source": {"component": "kubelet"},
    "firstTimestamp": "2026-01-02T03:04:05Z",
    "lastTimestamp": "2026-01-02T03:04:06Z",
    "count": 2,
    "type": "Normal",
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
NEW_EVENT = {
    "metadata": {"name": "a"},
    "regarding": {"kind": "Pod", "name": "p"},
    "reason": "Started",
    "note": "hello",
    "deprecatedSource": {"component": "kubelet"},
    "deprecatedFirstTimestamp": "2026-01-02T03:04:05Z",
    "deprecatedLastTimestamp": "2026-01-02T03:04:06Z",
    "deprecatedCount": 2,
    "type": "Normal",
    "eventTime": None,
}


def test_the_fields_of_an_event_have_other_names_in_each_group() -> None:
    assert convert(CORE_EVENT, "Event", "v1", "events.k8s.io/v1") == NEW_EVENT
    assert convert(NEW_EVENT, "Event", "events.k8s.io/v1", "v1") == CORE_EVENT


def test_versions_of_equal_shape_share_the_data() -> None:
    data = {"metadata": {"name": "a"}}

    assert is_same_shape("LeaseCandidate", "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1alpha2")
    assert convert(data, "LeaseCandidate", "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1alpha2") is data
    assert not is_same_shape("Event", "v1", "events.k8s.io/v1")


def test_a_request_for_a_device_is_one_level_deeper_in_newer_versions() -> None:
    new = {
        "metadata": {"name": "a"},
        "spec": {
            "devices": {
                "requests": [
                    {"name": "r", "exactly": {"deviceClassName": "c", "count": 2}},
                    {"name": "s", "firstAvailable": [{"name": "x", "deviceClassName": "c"}]},
                ]
            }
        },
    }
    old = {
        "metadata": {"name": "a"},
        "spec": {
            "devices": {
                "requests": [
                    {"name": "r", "deviceClassName": "c", "count": 2},
                    {"name": "s", "firstAvailable": [{"name": "x", "deviceClassName": "c"}]},
                ]
            }
        },
    }

    for version in ("resource.k8s.io/v1", "resource.k8s.io/v1beta2"):
        assert convert(new, "ResourceClaim", version, "resource.k8s.io/v1beta1") == old
        assert convert(old, "ResourceClaim", "resource.k8s.io/v1beta1", version) == new
    template = {"metadata": {}, "spec": {"spec": new["spec"]}}
    older = {"metadata": {}, "spec": {"spec": old["spec"]}}
    assert convert(template, "ResourceClaimTemplate", "resource.k8s.io/v1", "resource.k8s.io/v1beta1") == older
    assert convert(older, "ResourceClaimTemplate", "resource.k8s.io/v1beta1", "resource.k8s.io/v1") == template


def test_a_device_is_one_level_deeper_in_the_older_version() -> None:
    new = {"spec": {"driver": "d", "devices": [{"name": "a", "nodeName": "n", "attributes": {"x": {"int": 1}}}]}}
    old = {
        "spec": {"driver": "d", "devices": [{"name": "a", "basic": {"nodeName": "n", "attributes": {"x": {"int": 1}}}}]}
    }

    assert convert(new, "ResourceSlice", "resource.k8s.io/v1", "resource.k8s.io/v1beta1") == old
    assert convert(old, "ResourceSlice", "resource.k8s.io/v1beta1", "resource.k8s.io/v1") == new


V2: dict[str, Any] = {
    "metadata": {"name": "a", "annotations": {"mine": "1"}},
    "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
        "metrics": [
            {
                "type": "External",
                "external": {"metric": {"name": "m", "selector": {}}, "target": {"type": "Value", "value": "5"}},
            },
            {
                "type": "Object",
                "object": {
                    "describedObject": {"kind": "Service", "name": "s"},
                    "metric": {"name": "m"},
                    "target": {"type": "AverageValue", "averageValue": "7"},
                },
            },
            {
                "type": "Pods",
                "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}},
            },
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "memory",
                    "container": "c",
                    "target": {"type": "Utilization", "averageUtilization": 10},
                },
            },
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
            },
        ],
        "behavior": {
            "scaleUp": {"selectPolicy": "Max", "policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]},
            "scaleDown": {"stabilizationWindowSeconds": 300, "tolerance": "100m"},
        },
    },
    "status": {
        "desiredReplicas": 2,
        "currentReplicas": 1,
        "currentMetrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "current": {"averageUtilization": 40, "averageValue": "1"}},
            }
        ],
        "conditions": [{"type": "AbleToScale", "status": "True", "lastTransitionTime": None}],
    },
}
VERSIONS = ("autoscaling/v2", "autoscaling/v1")


def test_an_autoscaler_of_v1_keeps_in_annotations_what_it_has_no_field_for() -> None:
    old = convert(V2, "HorizontalPodAutoscaler", *VERSIONS)

    assert old["spec"] == {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 60,
    }
    assert old["status"] == {"desiredReplicas": 2, "currentReplicas": 1, "currentCPUUtilizationPercentage": 40}
    prefix = "autoscaling.alpha.kubernetes.io/"
    assert sorted(old["metadata"]["annotations"]) == [
        *(prefix + name for name in ("behavior", "conditions", "current-metrics", "metrics")),
        "mine",
    ]
    assert '"targetValue":"5"' in old["metadata"]["annotations"][prefix + "metrics"]


def test_an_autoscaler_is_the_same_after_a_round_trip() -> None:
    old = convert(V2, "HorizontalPodAutoscaler", *VERSIONS)

    assert convert(old, "HorizontalPodAutoscaler", *reversed(VERSIONS)) == V2


def test_an_autoscaler_without_metrics_wants_eighty_percent_of_the_processor() -> None:
    new = convert(
        {"metadata": {}, "spec": {"maxReplicas": 1}, "status": {}}, "HorizontalPodAutoscaler", *reversed(VERSIONS)
    )

    target = {"type": "Utilization", "averageUtilization": 80}
    assert new["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


@pytest.mark.parametrize("text", ["", "{", "1", "[1]", "null", "[" * 5000])
def test_annotations_that_cannot_be_read_say_nothing(text: str) -> None:
    names = ("metrics", "current-metrics", "behavior", "conditions")
    annotations = {f"autoscaling.alpha.kubernetes.io/{name}": text for name in names}

    new = convert(
        {"metadata": {"annotations": annotations}, "spec": {}, "status": {}},
        "HorizontalPodAutoscaler",
        *reversed(VERSIONS),
    )

    assert "annotations" not in new["metadata"]
    assert len(new["spec"]["metrics"]) == 1
