"""What is special about other kinds."""

from __future__ import annotations

import base64
from random import Random
from typing import Any

from kubeloop.testing.apiserver.writing.kind_rule import kind_rule_of
from kubeloop.testing.apiserver.writing.moment import Moment
from tests.support.served_kinds import NOW, NOW_TEXT

MOMENT = Moment(NOW, Random(1))


def created(resource: str, document: dict[str, Any]) -> dict[str, Any]:
    return kind_rule_of(resource).create(document, MOMENT)


def changed(resource: str, new: dict[str, Any], old: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    return kind_rule_of(resource).updates[subresource](new, old, MOMENT)


def test_most_kinds_have_no_rule() -> None:
    rule = kind_rule_of("configmaps")

    assert rule.create({"data": {}}, MOMENT) == {"data": {}}
    assert rule.updates == {}


def test_a_volume_begins_as_pending() -> None:
    assert created("persistentvolumes", {})["status"] == {"phase": "Pending", "lastPhaseTransitionTime": NOW_TEXT}


def test_the_time_of_a_volume_changes_with_its_phase() -> None:
    old = {"status": {"phase": "Pending", "lastPhaseTransitionTime": "2026-01-01T00:00:00Z"}}

    same = changed("persistentvolumes", {"status": {"phase": "Pending"}}, old, "status")
    other = changed("persistentvolumes", {"status": {**old["status"], "phase": "Bound"}}, old, "status")
    given = {"status": {"phase": "Bound", "lastPhaseTransitionTime": "2026-02-01T00:00:00Z"}}

    assert same == old
    assert other == {"status": {"phase": "Bound", "lastPhaseTransitionTime": NOW_TEXT}}
    assert changed("persistentvolumes", given, old, "status") == given


def test_a_job_selects_the_pods_of_its_template_by_its_uid() -> None:
    job = created("jobs.batch", {"metadata": {"name": "a", "uid": "u"}, "spec": {"template": {"metadata": {}}}})

    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    assert job["spec"]["template"]["metadata"]["labels"] == job["metadata"]["labels"]
    assert job["metadata"]["labels"] == {
        "job-name": "a",
        "batch.kubernetes.io/job-name": "a",
        "controller-uid": "u",
        "batch.kubernetes.io/controller-uid": "u",
    }


def test_a_job_keeps_its_own_labels() -> None:
    job = created("jobs.batch", {"metadata": {"name": "a", "uid": "u", "labels": {"x": "y"}}, "spec": {"template": {}}})

    assert job["metadata"]["labels"] == {"x": "y"}


def test_a_job_with_a_manual_selector_is_left_alone() -> None:
    job = {"metadata": {"name": "a"}, "spec": {"manualSelector": True}}

    assert created("jobs.batch", job) == job


def test_a_daemon_set_counts_the_changes_of_its_template() -> None:
    annotation = "deprecated.daemonset.template.generation"
    first = created("daemonsets.apps", {"metadata": {}, "spec": {"template": {"a": 1}}})
    same = changed("daemonsets.apps", {"metadata": {}, "spec": {"template": {"a": 1}}}, first)
    other = changed("daemonsets.apps", {"metadata": {}, "spec": {"template": {"a": 2}}}, first)

    assert [each["metadata"]["annotations"][annotation] for each in (first, same, other)] == ["1", "1", "2"]


def test_the_texts_of_a_secret_become_data() -> None:
    secret = created("secrets", {"data": {"a": "YQ=="}, "stringData": {"b": "text", "a": "other"}})

    assert secret == {"data": {"a": base64.b64encode(b"other").decode(), "b": base64.b64encode(b"text").decode()}}


def test_a_secret_keeps_its_type() -> None:
    assert changed("secrets", {"data": {}}, {"type": "Opaque"}) == {"data": {}, "type": "Opaque"}
    assert changed("secrets", {"type": "other"}, {"type": "Opaque"}) == {"type": "other"}


def test_a_service_account_keeps_only_the_names_of_secrets() -> None:
    account = {"secrets": [{"name": "a", "namespace": "b"}, {"kind": "Secret"}]}

    assert created("serviceaccounts", account) == {"secrets": [{"name": "a"}, {}]}
    assert changed("serviceaccounts", {}, account) == {}


def test_a_limit_range_without_a_name_gets_a_uid() -> None:
    assert len(created("limitranges", {"metadata": {}})["metadata"]["name"]) == 36
    assert created("limitranges", {"metadata": {"name": "a"}})["metadata"]["name"] == "a"
