"""What is special about certificate signing requests."""

from __future__ import annotations

from random import Random
from typing import Any

from kubeloop.testing.apiserver.writing.certificate_rule import certificate_update_rules, new_certificate_request
from kubeloop.testing.apiserver.writing.moment import Moment
from tests.support.served_kinds import NOW, NOW_TEXT

MOMENT = Moment(NOW, Random(1))
RULES = certificate_update_rules()
OLD: dict[str, Any] = {
    "spec": {"request": "cGVt"},
    "status": {
        "certificate": "old",
        "conditions": [{"type": "Approved", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    },
}


def test_the_user_of_a_new_request_is_that_of_the_server() -> None:
    given = {"spec": {"request": "cGVt", "username": "me", "uid": "1", "extra": {}}, "status": {"certificate": "x"}}

    created = new_certificate_request(given, MOMENT)

    assert created["spec"] == {
        "request": "cGVt",
        "username": "system:admin",
        "groups": ["system:masters", "system:authenticated"],
    }
    assert created["status"] == {}


def test_an_update_changes_neither_spec_nor_status() -> None:
    assert RULES[""]({"metadata": {"labels": {"a": "b"}}, "spec": {}, "status": {}}, OLD, MOMENT) == {
        "metadata": {"labels": {"a": "b"}},
        **OLD,
    }


def test_the_status_keeps_the_verdicts() -> None:
    new = {"status": {"certificate": "new", "conditions": [{"type": "Approved", "status": "True", "reason": "forged"}]}}

    changed = RULES["status"](new, OLD, MOMENT)

    assert changed["status"]["certificate"] == "new"
    assert [each.get("reason") for each in changed["status"]["conditions"]] == [None]


def test_the_approval_changes_conditions_only_and_sets_their_times() -> None:
    new = {"status": {"certificate": "new", "conditions": [{"type": "Approved", "status": "True"}, {"type": "Failed"}]}}

    changed = RULES["approval"](new, OLD, MOMENT)

    assert changed["status"]["certificate"] == "old"
    assert [(each["lastTransitionTime"], each["lastUpdateTime"]) for each in changed["status"]["conditions"]] == [
        ("2026-01-01T00:00:00Z", NOW_TEXT),
        (NOW_TEXT, NOW_TEXT),
    ]
