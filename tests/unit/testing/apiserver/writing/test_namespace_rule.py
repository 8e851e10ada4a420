"""What is special about namespaces."""

from __future__ import annotations

from random import Random

from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.namespace_rule import (
    changed_namespace,
    is_terminating,
    new_namespace,
    terminating_namespace,
)
from tests.support.served_kinds import NOW, NOW_TEXT

MOMENT = Moment(NOW, Random(1))


def test_a_new_namespace_is_active_and_has_its_finalizer_and_label() -> None:
    created = new_namespace({"metadata": {"name": "a"}, "spec": {"finalizers": ["example.com/x"]}}, MOMENT)

    assert created == {
        "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a"}},
        "spec": {"finalizers": ["example.com/x", "kubernetes"]},
        "status": {"phase": "Active"},
    }


def test_an_update_changes_no_finalizers_of_the_spec() -> None:
    old = new_namespace({"metadata": {"name": "a"}}, MOMENT)

    changed = changed_namespace({"metadata": {"name": "a"}, "spec": {"finalizers": []}}, old, MOMENT)

    assert changed["spec"] == {"finalizers": ["kubernetes"]}
    assert changed["metadata"]["labels"] == {"kubernetes.io/metadata.name": "a"}


def test_a_terminating_namespace_keeps_its_first_deletion_time() -> None:
    first = terminating_namespace({"metadata": {"name": "a"}}, MOMENT)
    second = terminating_namespace(first, Moment(NOW + 60, Random(1)))

    assert first["metadata"]["deletionTimestamp"] == NOW_TEXT
    assert second == first
    assert is_terminating(first)
    assert not is_terminating({"status": {"phase": "Active"}})
