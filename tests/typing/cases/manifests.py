"""Sets of manifests: what is loaded, and what the reports contain."""

from typing import Any, assert_type

import kubeloop
from kubeloop.clients.clientset import Clientset


async def sets(clientset: Clientset) -> None:
    objects = kubeloop.load_manifests("deploy", recursive=True)
    assert_type(objects, list[kubeloop.Kind | kubeloop.Unstructured])
    report = await clientset.apply_manifests(objects, field_manager="me", on_error="stop", progress=print)
    assert_type(report, kubeloop.ApplyReport)
    assert_type(report[0], kubeloop.ManifestResult)
    assert_type(report.failed, list[kubeloop.ManifestResult])
    assert_type(report[0].object, kubeloop.Unstructured | None)
    diff = await clientset.diff_manifests([{"apiVersion": "v1", "kind": "Pod"}], field_manager="me")
    assert_type(diff, kubeloop.DiffReport)
    for each in diff:
        assert_type(each, kubeloop.ObjectDiff)
        assert_type(each.changes, tuple[kubeloop.FieldChange, ...])
    assert_type(await clientset.delete_manifests(iter(objects), timeout=3), kubeloop.ApplyReport)
    await clientset.apply_manifests([], field_manager="me", on_error="raise")  # error
    await clientset.apply_manifests([])  # error


def show(result: kubeloop.ManifestResult) -> Any:
    return [conflict.manager for conflict in result.conflicts]
