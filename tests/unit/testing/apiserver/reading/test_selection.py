"""Which objects a list or a watch is about."""

from __future__ import annotations

import pytest

from kubeloop import fields, labels
from kubeloop.testing.apiserver.reading.selection import Selection, select
from kubeloop.testing.apiserver.storage.stored import Key, Stored
from tests.support.read_world import NODES, PODS

KEY = Key("pods", "ns", "a")
DATA = b'{"metadata":{"name":"a","namespace":"ns","labels":{"app":"web"}},"spec":{"nodeName":"n1"}}'
UNREADABLE = Stored(KEY, 5, 5, b"not decoded")


def selection(namespace: str = "", label: str = "", field: str = "", *, may_be_single: bool = True) -> Selection:
    selectors = labels.Selector.parse(label), fields.Selector.parse(field)
    return select(PODS, namespace, *selectors, may_be_single=may_be_single)


@pytest.mark.parametrize(("namespace", "field", "expected"), [
    ("ns", "", ("ns", "")),
    ("", "", ("", "")),
    ("ns", "metadata.name=a", ("ns", "a")),
    ("", "metadata.name=a", ("", "")),
    ("", "metadata.namespace=ns", ("ns", "")),
    ("", "metadata.namespace=ns,metadata.name=a", ("ns", "a")),
    ("other", "metadata.namespace=ns", ("other", "")),
    ("", "metadata.namespace=Not_A_Name,metadata.name=a", ("", "")),
    ("ns", "metadata.name=", ("ns", "")),
    ("ns", "metadata.name!=a", ("ns", "")),
    ("ns", "metadata.name=..", ("ns", "")),
    ("ns", "metadata.name=a/b", ("ns", "")),
    ("ns", "metadata.name=a%b", ("ns", "")),
])  # fmt: skip
def test_field_selectors_narrow_the_range(namespace: str, field: str, expected: tuple[str, str]) -> None:
    found = selection(namespace, field=field)
    assert (found.namespace, found.name) == expected


def test_a_list_with_a_token_reads_a_range() -> None:
    found = selection("", field="metadata.namespace=ns,metadata.name=a", may_be_single=False)
    assert (found.namespace, found.name) == ("", "")


def test_an_object_of_the_cluster_has_no_namespace() -> None:
    found = select(NODES, "ns", labels.everything(), fields.equals("metadata.name", "a"))
    assert (found.namespace, found.name) == ("", "a")


@pytest.mark.parametrize(("namespace", "field", "is_covered"), [
    ("", "", True), ("ns", "", True), ("n", "", False), ("ns2", "", False),
    ("ns", "metadata.name=a", True), ("ns", "metadata.name=ab", False),
])  # fmt: skip
def test_a_range_covers_keys(namespace: str, field: str, is_covered: bool) -> None:
    assert selection(namespace, field=field).covers(KEY) is is_covered


@pytest.mark.parametrize(("label", "field", "is_selected"), [
    ("", "", True),
    ("app=web", "", True),
    ("app=db", "", False),
    ("app!=db,!canary", "", True),
    ("", "spec.nodeName=n1", True),
    ("", "spec.nodeName=n2", False),
    ("", "spec.nodeName!=n2", True),
    ("", "status.phase=", True),
    ("", "metadata.name=a,spec.nodeName=n1", True),
    ("", "metadata.name=b,spec.nodeName=n1", False),
    ("app=web", "spec.nodeName=n2", False),
    ("app=db", "spec.nodeName=n1", False),
])  # fmt: skip
def test_selectors_select_objects(label: str, field: str, is_selected: bool) -> None:
    assert selection(label=label, field=field).matches(Stored(KEY, 5, 5, DATA)) is is_selected


@pytest.mark.parametrize(("field", "is_selected"), [
    ("", True), ("metadata.name=a", True), ("metadata.namespace!=ns", False), ("metadata.name!=b", True),
])  # fmt: skip
def test_nothing_is_decoded_for_the_name_and_the_namespace(field: str, is_selected: bool) -> None:
    assert selection(field=field).matches(UNREADABLE) is is_selected
