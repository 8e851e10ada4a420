"""ResourceTable: which resource a name means. Many cases are those of client-go's restmapper tests."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop import GroupKind, GroupResource, GroupVersionKind, GroupVersionResource
from kubeloop.discovery.resource_table import ResourceTable
from tests.support.discovered import found, resource

PODS = resource("pods", "Pod", singular="pod", short=("po",), categories=["all"])
DEPLOYMENTS = resource("deployments", "Deployment", singular="deployment", short=("deploy",), categories=["all"])
CLASSES = resource("storageclasses", "StorageClass", singular="storageclass", short=("sc",), namespaced=False)
SERVER: dict[str, list[dict[str, Any]]] = {
    "v1": [PODS, resource("pods/log", "Pod"), resource("events", "Event", short=("ev",)),
           resource("endpoints", "Endpoints", singular="endpoints")],
    "apps/v1": [DEPLOYMENTS, resource("deployments/scale", "Scale")],
    "events.k8s.io/v1": [resource("events", "Event", singular="event", short=("ev",))],
    "autoscaling/v2": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", short=("hpa",))],
    "autoscaling/v1": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", short=("hpa",))],
    "storage.k8s.io/v1": [CLASSES],
    "metrics.k8s.io/v1beta1": [resource("pods", "PodMetrics")],
}  # fmt: skip
TABLE = ResourceTable(found(SERVER), "https://server")


@pytest.mark.parametrize(("text", "expected"), [
    ("pods", "pods.v1."),
    ("pod", "pods.v1."),
    ("Pod", "pods.v1."),
    ("PODS", "pods.v1."),
    ("po", "pods.v1."),
    ("pods.v1.", "pods.v1."),
    ("pods.metrics.k8s.io", "pods.v1beta1.metrics.k8s.io"),
    ("pods.v1beta1.metrics.k8s.io", "pods.v1beta1.metrics.k8s.io"),
    ("PodMetrics", "pods.v1beta1.metrics.k8s.io"),
    ("podmetrics", "pods.v1beta1.metrics.k8s.io"),
    ("PodMetrics.v1beta1.metrics.k8s.io", "pods.v1beta1.metrics.k8s.io"),
    ("PodMetrics.metrics.k8s.io", "pods.v1beta1.metrics.k8s.io"),
    ("deploy", "deployments.v1.apps"),
    ("Deployment", "deployments.v1.apps"),
    ("deployments", "deployments.v1.apps"),
    ("deployment.apps", "deployments.v1.apps"),
    ("deploy.apps", "deployments.v1.apps"),
    ("deployments.v1.apps", "deployments.v1.apps"),
    ("Deployment.v1.apps", "deployments.v1.apps"),
    ("deploy.v1.apps", "deployments.v1.apps"),
    ("events", "events.v1."),
    ("ev", "events.v1."),
    ("events.events", "events.v1.events.k8s.io"),
    ("events.v1.events.k8s.io", "events.v1.events.k8s.io"),
    ("hpa", "horizontalpodautoscalers.v2.autoscaling"),
    ("hpa.v1.autoscaling", "horizontalpodautoscalers.v1.autoscaling"),
    ("hpa.autoscal", "horizontalpodautoscalers.v2.autoscaling"),
    ("storageclasses.storage", "storageclasses.v1.storage.k8s.io"),
    ("sc.storage", "storageclasses.v1.storage.k8s.io"),
    ("endpoints", "endpoints.v1."),
])  # fmt: skip
def test_a_text_means_what_kubectl_means(text: str, expected: str) -> None:
    assert str(TABLE.resolve(text)) == expected


@pytest.mark.parametrize(("name", "expected"), [
    (GroupVersionKind("apps", "v1", "Deployment"), "deployments.v1.apps"),
    (GroupVersionKind("", "v1", "Event"), "events.v1."),
    (GroupVersionKind("autoscaling", "", "HorizontalPodAutoscaler"), "horizontalpodautoscalers.v2.autoscaling"),
    (GroupKind("autoscaling", "HorizontalPodAutoscaler"), "horizontalpodautoscalers.v2.autoscaling"),
    (GroupKind("autoscaling", "horizontalpodautoscaler"), "horizontalpodautoscalers.v2.autoscaling"),
    (GroupVersionResource("", "v1", "pods"), "pods.v1."),
    (GroupVersionResource("metrics.k8s.io", "v1beta1", "pods"), "pods.v1beta1.metrics.k8s.io"),
    (GroupVersionResource("autoscaling", "", "horizontalpodautoscalers"), "horizontalpodautoscalers.v2.autoscaling"),
    (GroupResource("apps", "deployments"), "deployments.v1.apps"),
])  # fmt: skip
def test_a_value_is_exact(name: Any, expected: str) -> None:
    assert str(TABLE.resolve(name)) == expected


@pytest.mark.parametrize("name", [
    "nothing", "deploys", "deployments.v2.apps", "deployments.v1", "nothing.apps", "deployments.example.com",
    GroupVersionKind("", "v1", "Deployment"), GroupVersionKind("apps", "v2", "Deployment"),
    GroupVersionKind("apps", "v1", "DEPLOYMENT"), GroupKind("", "PodMetrics"), GroupVersionResource("", "v1", "deploy"),
    GroupVersionResource("", "", "deployments"), GroupResource("storage", "storageclasses"),
])  # fmt: skip
def test_a_name_that_the_server_does_not_have_is_told(name: Any) -> None:
    with pytest.raises(kubeloop.NoMatch, match=r"the server at https://server has no (resource|kind)") as caught:
        TABLE.resolve(name)
    assert caught.value.code == 404
    assert isinstance(caught.value, kubeloop.NotFound)


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(kubeloop.NoMatch, match=r"no resource or kind 'deploymnets'; did you mean 'deployments'\?"):
        TABLE.resolve("deploymnets")
    with pytest.raises(kubeloop.NoMatch, match=r"no kind Deploymnet in apps/v1; did you mean 'Deployment'\?"):
        TABLE.resolve(GroupVersionKind("apps", "v1", "Deploymnet"))
    with pytest.raises(kubeloop.NoMatch, match=r"no kind Deployment in apps/v9; it is in apps/v1"):
        TABLE.resolve(GroupVersionKind("apps", "v9", "Deployment"))
    with pytest.raises(kubeloop.NoMatch, match=r"no resource deployments in example.com/v1; it is in apps/v1"):
        TABLE.resolve(GroupVersionResource("example.com", "v1", "deployments"))


@pytest.mark.parametrize("name", ["", ".apps", "a/b", 7, None])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"expected the name of a resource such as"):
        TABLE.resolve(name)


def test_a_mapping_tells_what_discovery_says() -> None:
    mapping = TABLE.resolve("deploy")
    assert mapping.kind == GroupVersionKind("apps", "v1", "Deployment")
    assert mapping.resource == GroupVersionResource("apps", "v1", "deployments")
    assert mapping.namespaced
    assert mapping.verbs == ("get", "list", "watch")
    assert (mapping.singular, mapping.short_names, mapping.categories) == ("deployment", ("deploy",), ("all",))
    assert not TABLE.resolve("sc").namespaced
    assert len(TABLE) == 9
    assert repr(TABLE) == "<ResourceTable of 9 resources, 0 group versions missing>"


UNPREFERRED = found(
    {
        "extensions/v1beta": [resource("jobs", "Job"), resource("pods", "Pod")],
        "v1": [resource("pods", "Pod")],
        "v2": [resource("pods", "Pod")],
        "unpreferred/v1": [resource("broccoli", "Broccoli")],
        "unpreferred/v2beta1": [resource("broccoli", "Broccoli"), resource("peas", "Pea")],
        "unpreferred/v2alpha1": [resource("broccoli", "Broccoli"), resource("peas", "Pea")],
    }
)


@pytest.mark.parametrize(("partial", "kind", "plural"), [
    (("", "", "pods"), ("", "v1", "Pod"), "pods"),
    (("", "v1", "pods"), ("", "v1", "Pod"), "pods"),
    (("", "v2", "pods"), ("", "v2", "Pod"), "pods"),
    (("", "", "jobs"), ("extensions", "v1beta", "Job"), "jobs"),
    (("extensions", "", "pods"), ("extensions", "v1beta", "Pod"), "pods"),
    (("", "", "peas"), ("unpreferred", "v2beta1", "Pea"), "peas"),
    (("", "", "pea"), ("unpreferred", "v2beta1", "Pea"), "peas"),
    (("unpref", "", "peas"), ("unpreferred", "v2beta1", "Pea"), "peas"),
    (("", "v2alpha1", "peas"), ("unpreferred", "v2alpha1", "Pea"), "peas"),
])  # fmt: skip
def test_a_partial_resource_is_searched_for_by_the_priority_of_groups_and_versions(
    partial: tuple[str, str, str], kind: tuple[str, str, str], plural: str
) -> None:
    table = ResourceTable(UNPREFERRED)
    assert table.kind_for(GroupVersionResource(*partial)) == GroupVersionKind(*kind)
    assert table.resource_for(GroupVersionResource(*partial)) == GroupVersionResource(*kind[:2], plural)


def test_every_resource_that_could_be_meant_is_told() -> None:
    table = ResourceTable(UNPREFERRED)
    partial = GroupVersionResource("", "", "pods")
    versions = [("extensions", "v1beta"), ("", "v1"), ("", "v2")]
    assert table.resources_for(partial) == [GroupVersionResource(*each, "pods") for each in versions]
    assert table.kinds_for(partial) == [GroupVersionKind(*each, "Pod") for each in versions]
    with pytest.raises(kubeloop.NoMatch):
        table.resources_for(GroupVersionResource("", "", "carrots"))


@pytest.mark.parametrize(("versions", "expected"), [
    ((), "v1"),
    (("v2alpha1",), "v2alpha1"),
    (("v2alpha1", "v1"), "v2alpha1"),
    (("v9", "v2beta1"), "v2beta1"),
    (("",), "v1"),
])  # fmt: skip
def test_the_versions_of_a_kind_are_searched_in_their_order(versions: tuple[str, ...], expected: str) -> None:
    kind = GroupKind("unpreferred", "Broccoli")
    assert ResourceTable(UNPREFERRED).mapping(kind, *versions).kind.version == expected


def test_all_mappings_of_a_kind_are_told() -> None:
    table = ResourceTable(UNPREFERRED)
    kind = GroupKind("unpreferred", "Pea")
    assert [each.kind.version for each in table.mappings(kind)] == ["v2beta1", "v2alpha1"]
    assert [each.kind.version for each in table.mappings(kind, "v2alpha1")] == ["v2alpha1"]
    with pytest.raises(kubeloop.NoMatch, match="no kind Pea in unpreferred/v1"):
        table.mappings(kind.with_version("v1"))


def test_the_preferred_version_of_a_group_need_not_be_its_first() -> None:
    table = ResourceTable(
        found({"a/v1": [resource("foos", "Foo")], "a/v2": [resource("foos", "Foo")]}, preferred={"a": "v2"})
    )
    assert str(table.resolve("foos")) == "foos.v2.a"
    assert [each.version for each in table.resources_for(GroupVersionResource("a", "", "foos"))] == ["v1", "v2"]


def test_an_exact_group_wins_over_one_that_only_begins_with_it() -> None:
    table = ResourceTable(
        found({"apps.kruise.io/v1": [resource("deployments", "Deployment")], "apps/v1": [DEPLOYMENTS]})
    )
    assert str(table.resolve("deployments.apps")) == "deployments.v1.apps"
    assert str(table.resolve("deployments")) == "deployments.v1.apps.kruise.io"


@pytest.mark.parametrize(("resources", "name", "expected", "others"), [
    ({"a/v1": [resource("superscalers", "A", short=("hpa",)), resource("scalers", "B", short=("hpa",))]},
     "hpa", "superscalers.a", ["scalers.a"]),
    ({"foo/v1": [resource("deployments", "A", short=("dpl",))],
      "extension/v1beta1": [resource("deployments", "A", short=("deploy",))]}, "dpl", "deployments.foo", []),
    ({"v1": [PODS], "acme.com/v1": [resource("poddlers", "P", short=("pods", "pod"))]}, "pods", "", []),
    ({"v1": [PODS], "acme.com/v1": [resource("poddlers", "P", short=("pods", "pod"))]}, "pod", "", []),
    ({"v1": [PODS], "acme.com/v1": [resource("poddlers", "P", short=("po",))],
      "acme.com/v1beta1": [resource("poddlers", "P", short=("po",))]}, "po", "pods", ["poddlers.acme.com"]),
    ({"autoscaling/v1alpha": [resource("scalers", "S", short=("hpa",))],
      "autoscaling/v1": [resource("scalers", "S", short=("hpa",))], "foo/v1": [resource("foo", "F", short=("hpa",))],
      "foo/v1beta1": [resource("foo", "F", short=("hpa",))], "bar/v1": [resource("bar", "B", short=("hpa",))]},
     "hpa", "scalers.autoscaling", ["foo.foo", "bar.bar"]),
    ({"storage.k8s.io/v1": [CLASSES]}, "storageclasses", "", []),
])  # fmt: skip
def test_a_short_name_means_the_first_resource_that_has_it(
    resources: dict[str, list[dict[str, Any]]], name: str, expected: str, others: list[str]
) -> None:
    choices = ResourceTable(found(resources)).short_name_choices(GroupVersionResource("", "", name))
    assert [str(each) for each in choices] == ([expected, *others] if expected else [])


def test_a_group_may_limit_a_short_name_and_may_be_cut_short() -> None:
    for group in ("storage.k8s.io", "storage", ""):
        assert TABLE.kind_for(GroupVersionResource(group, "", "sc")).kind == "StorageClass"
    with pytest.raises(kubeloop.NoMatch):
        TABLE.kind_for(GroupVersionResource("apps", "", "sc"))


def test_the_singular_of_a_resource_is_told() -> None:
    assert [TABLE.singular(name) for name in ("pods", "po", "endpoints", "hpa")] == [
        "pod", "pod", "endpoints", "horizontalpodautoscaler",
    ]  # fmt: skip


def test_a_category_has_each_resource_once() -> None:
    table = ResourceTable(found({
        "v1": [PODS], "apps/v1": [DEPLOYMENTS], "apps/v1beta1": [DEPLOYMENTS], "a/v1": [resource("foos", "Foo")],
    }))  # fmt: skip
    assert table.category("all") == (GroupResource("", "pods"), GroupResource("apps", "deployments"))
    assert table.category("none") is None


def test_several_resources_of_one_kind_and_version_are_told_apart_by_their_plurals() -> None:
    table = ResourceTable(found({"a/v1": [resource("foos", "Foo"), resource("oldfoos", "Foo")]}))
    with pytest.raises(kubeloop.AmbiguousMatch) as caught:
        table.mapping(GroupKind("a", "Foo"))
    assert str(caught.value) == "'Foo.a' could be any of foos.v1.a, oldfoos.v1.a: use one of these"
    assert caught.value.candidates == ("foos.v1.a", "oldfoos.v1.a")
    with pytest.raises(kubeloop.AmbiguousMatch, match="'foo' could be any of"):
        table.resolve("foo")
    assert [str(table.resolve(name)) for name in caught.value.candidates] == ["foos.v1.a", "oldfoos.v1.a"]


def test_a_plural_wins_over_a_singular_of_the_same_text() -> None:
    table = ResourceTable(found({"a/v1": [resource("news", "Newspaper", singular="new"), resource("new", "New")]}))
    assert str(table.resolve("new")) == "new.v1.a"
    assert str(table.resolve("news")) == "news.v1.a"


DOWN = kubeloop.KubeloopError("it is down")
PARTIAL = ResourceTable(found({"v1": [PODS], "apps/v1": [DEPLOYMENTS]}, failures={
    "down.example.com/v1": DOWN, "apps/v1beta1": DOWN,
}), "https://server")  # fmt: skip


@pytest.mark.parametrize(("name", "groups"), [
    ("foos", ["down.example.com/v1", "apps/v1beta1"]),
    ("foos.example.com", []),
    ("foos.down.example.com", ["down.example.com/v1"]),
    ("foos.down", ["down.example.com/v1"]),
    ("foos.v1.down.example.com", ["down.example.com/v1"]),
    ("foos.v2.down.example.com", []),
    ("controllerrevisions.apps", ["apps/v1beta1"]),
    (GroupVersionKind("down.example.com", "v1", "Foo"), ["down.example.com/v1"]),
    (GroupVersionKind("down.example.com", "v2", "Foo"), []),
    (GroupKind("apps", "Foo"), ["apps/v1beta1"]),
    (GroupVersionKind("apps", "v1", "Foo"), []),
    (GroupVersionResource("", "v1", "foos"), []),
    (GroupResource("down.example.com", "foos"), ["down.example.com/v1"]),
])  # fmt: skip
def test_a_name_that_could_be_in_a_group_that_failed_is_not_told_to_be_missing(name: Any, groups: list[str]) -> None:
    expected = kubeloop.DiscoveryIncomplete if groups else kubeloop.NoMatch
    with pytest.raises(expected) as caught:
        PARTIAL.resolve(name)
    if isinstance(caught.value, kubeloop.DiscoveryIncomplete):
        assert list(caught.value.failures) == groups
        assert "So it is not known whether the server at https://server has the" in str(caught.value)


def test_what_was_found_is_not_hidden_by_a_group_that_failed() -> None:
    assert str(PARTIAL.resolve("po")) == "pods.v1."
    assert str(PARTIAL.resolve("deployments.apps")) == "deployments.v1.apps"


def test_no_name_is_suggested_in_place_of_itself() -> None:
    table = ResourceTable(found({"v1": [resource("pods", "Pod", singular="pod", short=("po",))]}), "server")
    with pytest.raises(kubeloop.NoMatch) as caught:
        table.resolve(GroupResource("", "po"))  # a value names no short name
    assert "did you mean 'po'" not in str(caught.value)
