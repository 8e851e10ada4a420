"""The suite `manifests`: its documents, its subjects and its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeloop
from bench import report
from bench.documents import KINDS, PATTERN, ensure_documents, expected, names
from bench.harness import Row
from bench.manifests import APPLIED, WAIT, manifests, parsed
from bench.peers.measure import checksum
from bench.subjects import MAKERS, takes_part_in
from bench.targets import TARGETS


def test_each_document_is_an_object_of_its_own_without_a_namespace(tmp_path: Path) -> None:
    found = kubeloop.parse_manifests(ensure_documents(tmp_path, 200).read_text())
    keys = [f"{each.kind}/{each.metadata.name}" for each in found]
    assert len(set(keys)) == 200
    assert checksum(sorted(keys)) == expected(200)
    assert {each.metadata.namespace for each in found} == {""}
    assert not any(isinstance(each, kubeloop.Unstructured) for each in found)


def test_the_documents_of_the_warm_up_have_all_kinds() -> None:
    assert {kind for kind, _ in names(len(PATTERN))} == set(KINDS)


def test_two_sizes_have_other_checksums() -> None:
    assert expected(20) != expected(21)


@pytest.mark.parametrize(("subject", "suites"), [
    ("kubeloop", {"manifests", "decode"}),
    ("lightkube", {"manifests", "decode"}),
    ("kubesdk", {"manifests"}),
    ("kubectl", {"manifests"}),
    ("kube-rs", {"decode"}),
    ("kubernetes_asyncio", {"decode"}),
])  # fmt: skip
def test_a_suite_measures_its_own_subjects(subject: str, suites: set[str]) -> None:
    assert subject in MAKERS
    assert {suite for suite in ("manifests", "decode") if takes_part_in(subject, suite)} == suites


def test_a_table_says_only_who_is_missing_in_its_own_cases() -> None:
    parsing, waiting = report.TABLES["parsing"], report.TABLES["waiting"]
    assert (parsing.concerns(parsed(200)), waiting.concerns(parsed(200))) == (True, False)
    assert (parsing.concerns(WAIT), waiting.concerns(WAIT)) == (False, True)
    assert (parsing.concerns("all"), waiting.concerns("all")) == (True, True)


def test_peers_are_compared_with_kubeloop() -> None:
    rows = [Row(APPLIED, "kubeloop", "cpu", "us", (10.0,)), Row(APPLIED, "kr8s", "cpu", "us", (40.0,))]
    assert report.markdown(report.TABLES["manifests"], rows).splitlines()[2:] == [
        "| kubeloop | 10.0 µs | – | – | – | – |",
        "| kr8s | 40.0 µs (4.00 ×) | – | – | – | – |",
    ]


def test_the_targets_are_half_of_the_cpu_of_each_python_peer() -> None:
    peers = {name for name in MAKERS if takes_part_in(name, "manifests")} - {"kubeloop", "kubectl"}
    rows = [Row(APPLIED, name, "cpu", "us", (30.0,)) for name in peers]
    rows.append(Row(APPLIED, "kubeloop", "cpu", "us", (12.0,)))
    found = [target for target in TARGETS if target.suite == manifests.__name__]
    assert [(target.limit, target.measured(rows)) for target in found] == [(0.5, 0.4)] * len(peers)
