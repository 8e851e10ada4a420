"""The quality of service of pods."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.testing.apiserver.writing.quality_of_service import quality_of_service

SMALL = {"cpu": "100m", "memory": "1Gi"}
SAME = {"cpu": "0.1", "memory": "1024Mi"}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([], "BestEffort"),
        ([{}], "BestEffort"),
        ([{"requests": {"ephemeral-storage": "1Gi"}}], "BestEffort"),
        ([{"requests": SMALL}], "Burstable"),
        ([{"requests": SMALL, "limits": SAME}], "Guaranteed"),
        ([{"limits": SMALL}], "Guaranteed"),
        ([{"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}], "Burstable"),
        ([{"requests": SMALL, "limits": SMALL}, {}], "Burstable"),
        ([{"requests": SMALL, "limits": SMALL}, {"requests": SMALL, "limits": SAME}], "Guaranteed"),
        ([{"requests": SMALL, "limits": {"cpu": "2", "memory": "1Gi"}}], "Burstable"),
    ],
)
def test_it_follows_from_requests_and_limits(containers: list[dict[str, Any]], expected: str) -> None:
    assert quality_of_service({"containers": [{"resources": each} for each in containers]}) == expected


def test_init_containers_count() -> None:
    full = {"resources": {"requests": SMALL, "limits": SMALL}}

    assert quality_of_service({"containers": [full], "initContainers": [{}]}) == "Burstable"


def test_resources_of_the_pod_decide_alone() -> None:
    spec = {"containers": [{}], "resources": {"requests": SMALL, "limits": SMALL}}

    assert quality_of_service(spec) == "Guaranteed"
