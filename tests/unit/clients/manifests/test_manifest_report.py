"""What a report prints, counts and raises."""

from __future__ import annotations

import pickle

import pytest

import kubeloop
from kubeloop.clients.manifests.manifest_report import ApplyReport, FieldConflict, ManifestResult, conflicts_of
from kubeloop.errors import StatusCause, StatusDetails

CREATED = ManifestResult("created", "v1", "Namespace", "", "shop")
UNCHANGED = ManifestResult("unchanged", "apps/v1", "Deployment", "shop", "web")


def conflict() -> ManifestResult:
    causes = (
        StatusCause("FieldManagerConflict", 'conflict with "hpa" using v1', ".spec.replicas"),
        StatusCause("Other"),
    )
    error = kubeloop.Conflict(StatusDetails(code=409, reason="Conflict", message="Apply\nfailed", causes=causes))
    return ManifestResult("conflict", "v1", "Pod", "shop", "a", error, conflicts_of(error))


def test_a_report_prints_as_a_table() -> None:
    report = ApplyReport([CREATED, UNCHANGED, conflict()])
    assert str(report) == (
        "NAMESPACE   OBJECT                OUTCOME     DETAIL\n"
        "            namespace/shop        created\n"
        "shop        deployment.apps/web   unchanged\n"
        'shop        pod/a                 conflict    conflict with "hpa" using v1: .spec.replicas'
    )
    assert repr(report) == "<ApplyReport of 3 objects: 1 created, 1 unchanged, 1 conflict>"


def test_a_report_without_details_has_no_column_for_them() -> None:
    assert str(ApplyReport([CREATED])).splitlines() == [
        "NAMESPACE   OBJECT           OUTCOME",
        " " * 12 + "namespace/shop   created",
    ]
    assert str(ApplyReport([])) == "NAMESPACE   OBJECT   OUTCOME"
    assert repr(ApplyReport([])) == "<ApplyReport of 0 objects>"


def test_a_report_is_a_sequence_of_results() -> None:
    report = ApplyReport([CREATED, UNCHANGED])
    assert (len(report), report[0], report[1:], list(report)) == (2, CREATED, (UNCHANGED,), [CREATED, UNCHANGED])
    assert (report.count("created"), report.count("failed"), report.count(CREATED)) == (1, 0, 1)
    assert UNCHANGED in report
    assert report.failed == []
    report.raise_failed()


def test_errors_of_a_report_are_raised_together() -> None:
    failed = ManifestResult("failed", "v1", "Pod", "shop", "b", kubeloop.DecodeError("no"))
    results = [CREATED, conflict(), failed.replace(name="c"), failed.replace(name="d"), failed]
    with pytest.raises(ExceptionGroup) as caught:
        ApplyReport(results).raise_failed()
    assert caught.value.message == "4 of 5 objects failed: pod/a, pod/c, pod/d and 1 more"
    assert [type(error) for error in caught.value.exceptions] == [kubeloop.Conflict, *[kubeloop.DecodeError] * 3]


def test_a_result_prints_its_name_and_what_went_wrong() -> None:
    assert str(UNCHANGED) == "deployment.apps/web unchanged"
    assert str(conflict()) == 'pod/a conflict: conflict with "hpa" using v1: .spec.replicas'
    assert str(ManifestResult("failed", error=kubeloop.DecodeError("no\nname"))) == "object failed: no name"
    assert str(ManifestResult("skipped", "v1", "Pod", "", "a", reason="why")) == "pod/a skipped: why"
    assert ManifestResult("created", warnings=("one", "two")).detail == "one; two"


def test_control_characters_of_names_and_messages_do_not_reach_a_terminal() -> None:
    result = ManifestResult("failed", "v1", "Pod\x1b[2J", "shop", "a\x1b[0m", kubeloop.DecodeError("\x1b[31m"))
    assert "\x1b" not in str(ApplyReport([result])) + str(result) + repr(result)


def test_a_result_can_be_pickled_with_its_error() -> None:
    copied = pickle.loads(pickle.dumps(conflict()))
    assert copied.conflicts == (FieldConflict("hpa", ".spec.replicas", 'conflict with "hpa" using v1'),)
    assert str(copied.error) == str(conflict().error)


def test_an_object_is_not_shown_in_the_repr_of_a_result() -> None:
    secret = kubeloop.Unstructured({"kind": "Secret", "data": {"password": "aGlkZGVu"}})
    assert "aGlkZGVu" not in repr(CREATED.replace(object=secret))
