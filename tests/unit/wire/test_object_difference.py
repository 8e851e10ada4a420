"""`diff`: what differs between two objects of any form, in words, without secrets."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.wire.difference import Difference, Differences


def deployment(*containers: dict[str, Any], replicas: int = 1, **metadata: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": list(containers)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", **metadata},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


WEB = {"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}], "args": ["-a", "-b"]}
LOG = {"name": "log", "image": "log:1"}


def words(old: Any, new: Any, **options: Any) -> list[str]:
    return str(kubeloop.diff(old, new, **options)).split("\n")


def test_equal_objects_have_no_differences_in_any_forms() -> None:
    data = deployment(WEB)
    model = apps_v1.Deployment.from_dict(data)
    forms: list[Any] = [data, model, kubeloop.Unstructured(data), model.draft(), kubeloop.Unstructured(data).draft()]
    for old in forms:
        for new in forms:
            found = kubeloop.diff(old, new)
            assert not found
            assert (str(found), repr(found), found.paths) == ("no differences", "<0 differences>", [])


def test_fields_are_changed_added_and_removed() -> None:
    old = deployment(WEB, labels={"tier": "front", "example.com/a": "1"}, annotations={"a": "b"})
    new = deployment({**WEB, "image": "nginx:1.28"}, replicas=3, labels={"example.com/a": "2", "new": "x"})
    assert words(old, new) == [
        'metadata.labels.tier: removed "front"',
        'metadata.labels["example.com/a"]: changed from "1" to "2"',
        'metadata.labels.new: added "x"',
        'metadata.annotations: removed {"a": "b"}',
        "spec.replicas: changed from 1 to 3",
        'spec.template.spec.containers[name=web].image: changed from "nginx:1.27" to "nginx:1.28"',
    ]


def test_items_are_matched_by_the_merge_key_of_the_kind() -> None:
    ports = [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "b"}]
    old = deployment({**WEB, "ports": ports}, LOG)
    new = deployment({**LOG, "image": "log:2"}, {**WEB, "ports": [{"containerPort": 81, "name": "a"}]})
    path = "spec.template.spec.containers"
    assert words(apps_v1.Deployment.from_dict(old), kubeloop.Unstructured(new)) == [
        f'{path}[name=web].ports[containerPort=80]: removed {{"name": "a", "containerPort": 80}}',
        f'{path}[name=web].ports[containerPort=81].name: changed from "b" to "a"',
        f'{path}[name=log].image: changed from "log:1" to "log:2"',
        f"{path}: order changed from web, log to log, web",
    ]


def test_items_without_a_key_of_their_own_are_matched_by_value() -> None:
    both = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]
    old = deployment({**WEB, "ports": both})
    new = deployment({**WEB, "ports": [*both, {"containerPort": 53, "protocol": "SCTP"}], "args": ["-b", "-c"]})
    path = "spec.template.spec.containers[name=web]"
    assert words(old, new) == [
        f'{path}.ports[2]: added {{"containerPort": 53, "protocol": "SCTP"}}',
        f'{path}.args[0]: removed "-a"',
        f'{path}.args[1]: added "-c"',
    ]


def test_lists_that_are_sets_have_no_order() -> None:
    old = deployment(WEB, finalizers=["a.example/a", "a.example/b"])
    new = deployment(WEB, finalizers=["a.example/c", "a.example/a"])
    assert words(old, new) == ['metadata.finalizers: removed "a.example/b"', 'metadata.finalizers: added "a.example/c"']
    assert not kubeloop.diff(old, deployment(WEB, finalizers=["a.example/b", "a.example/a"]))


def test_objects_without_a_class_are_matched_by_usual_names() -> None:
    old = {"apiVersion": "a.example/v1", "kind": "Thing", "spec": {"parts": [{"name": "a", "n": 1}, {"name": "b"}]}}
    new = {"apiVersion": "a.example/v1", "kind": "Thing", "spec": {"parts": [{"name": "b"}, {"name": "a", "n": True}]}}
    assert words(old, new) == [
        "spec.parts[name=a].n: changed from 1 to true",
        "spec.parts: order changed from a, b to b, a",
    ]
    assert words({"a": [{"x": 1}]}, {"a": [{"x": 2}]}) == ["a[0].x: changed from 1 to 2"]


def test_null_is_absent_and_zero_is_not() -> None:
    assert not kubeloop.diff({"a": None, "b": 1}, {"b": 1})
    assert words({"a": 0}, {"a": None}) == ["a: removed 0"]
    assert words({"a": {}}, {}) == ["a: removed {}"]
    assert words({}, {"a": {"b": None, "c": 1}}) == ['a: added {"c": 1}']


def test_fields_that_differ_in_type_are_changed_whole() -> None:
    assert words({"a": {"b": 1}}, {"a": [1]}) == ['a: changed from {"b": 1} to [1]']


def secret(**data: bytes) -> core_v1.Secret:
    return core_v1.Secret(metadata=meta_v1.ObjectMeta(name="s"), data=data)


@pytest.mark.parametrize(
    "form", [lambda obj: obj, lambda obj: kubeloop.Unstructured(obj.to_dict()), lambda obj: obj.to_dict()]
)
def test_no_secret_is_shown(form: Any) -> None:
    found = kubeloop.diff(form(secret(a=b"hunter2", b=b"same")), form(secret(a=b"hunter3", b=b"same", c=b"hunter4")))
    assert str(found).split("\n") == [
        "data.a: changed (the value is secret)",
        "data.c: added (the value is secret)",
    ]
    assert "hunter" not in repr(list(found))
    assert all(each.is_secret and "aHVudGVy" not in repr(each) for each in found)


def test_no_secret_within_a_larger_value_is_shown() -> None:
    stored = '{"data": {"a": "aHVudGVyMg=="}}'
    note = {"kubectl.kubernetes.io/last-applied-configuration": stored, "a": "b"}
    found = kubeloop.diff(secret(), {**secret(a=b"hunter2").to_dict(), "metadata": {"name": "s", "annotations": note}})
    text = str(found)
    assert "aHVudGVy" not in text
    assert '"kubectl.kubernetes.io/last-applied-configuration": "<hidden>", "a": "b"' in text
    listed = {"kind": "List", "items": [secret(a=b"hunter2").to_dict()]}
    assert "aHVudGVy" not in repr(list(kubeloop.diff({"kind": "List"}, listed)))
    assert "aHVudGVy" not in repr(list(kubeloop.diff({"kind": "List", "items": [{}]}, listed)))


def test_paths_can_be_ignored() -> None:
    old = deployment(WEB, resourceVersion="1", managedFields=[{"manager": "a"}], annotations={"a.example/b": "1"})
    new = deployment({**WEB, "image": "x"}, resourceVersion="2", annotations={"a.example/b": "2"})
    assert kubeloop.diff(old, new).paths == [
        "metadata.resourceVersion",
        'metadata.annotations["a.example/b"]',
        "spec.template.spec.containers[name=web].image",
    ]
    ignored = ["metadata.managedFields", "metadata.resourceVersion", 'metadata.annotations["a.example/b"]']
    assert kubeloop.diff(old, new, ignore=[*ignored, "spec.template.spec.containers.image"]) == Differences()
    assert "metadata.managedFields" in kubeloop.diff(old, new, ignore=()).paths


def test_long_texts_show_the_lines_that_differ() -> None:
    def config(text: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a.conf": text}}

    assert words(config("a\nb\nc"), config("a\nx\nc")) == ['data["a.conf"]: line 2 changed: from "b" to "x"']
    assert words(config("a\nc"), config("a\nb\nc")) == ['data["a.conf"]: 1 line added at line 2: "b"']
    assert words(config("a\nb\nb2\nc"), config("a\nc")) == ['data["a.conf"]: 2 lines removed at line 2: "b\\nb2"']
    assert words(config("a\nb\nc"), config("a\nx\ny\nc")) == [
        'data["a.conf"]: 2 lines changed from line 2 on: from "b" to "x\\ny"'
    ]
    (line,) = words({"a": "x" * 1000}, {"a": "y"})
    assert len(line) < 200


def test_the_result_is_a_sequence_of_records() -> None:
    found = kubeloop.diff({"a": 1}, {"a": 2, "b": 3})
    assert found[0] == Difference("a", "changed", 1, 2)
    assert list(found[1:]) == [Difference("b", "added", None, 3)]
    assert (len(found), bool(found), repr(found)) == (2, True, "<2 differences: a, b>")


def test_text_from_objects_cannot_forge_lines_or_escape_sequences() -> None:
    assert "\x1b" not in str(kubeloop.diff({"a\x1b[31m": "\x1b[0m"}, {}))
    assert len(words({"a\nb: removed 1": 1}, {})) == 1


@pytest.mark.parametrize("value", [None, 3, "a", ["a"]])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="diff: expected a model, a draft, an Unstructured or a mapping, got"):
        kubeloop.diff({}, value)


def test_objects_that_are_nested_too_deeply_are_refused() -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    assert kubeloop.diff(deep, deep) == Differences()


SECRET: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"p": "aHVudGVyMg=="},
    "stringData": {"q": "hunter2"},
}  # fmt: skip
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"p": "x"}}


def within(value: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Bundle", "metadata": {"name": "b"}, "spec": {"part": value}}


@pytest.mark.parametrize("other", [OTHER, "text", ["text"], {}, {**OTHER, "data": "text"}], ids=str)
@pytest.mark.parametrize("place", [within, lambda value: within([value]), lambda value: within([[value]])])
def test_no_secret_is_shown_where_a_value_of_another_kind_takes_its_place(place: Any, other: Any) -> None:
    for old, new in ((SECRET, other), (other, SECRET)):
        found = kubeloop.diff(place(old), place(new))
        shown = f"{found} {list(found)!r}"
        assert found
        assert "hunter2" not in shown
        assert "aHVudGVyMg" not in shown


@pytest.mark.parametrize(
    "form", [dict, kubeloop.Unstructured, lambda data: getattr(core_v1, data["kind"]).from_dict(data)]
)
def test_no_secret_is_shown_beside_an_object_of_another_kind(form: Any) -> None:
    for old, new in ((SECRET, OTHER), (OTHER, SECRET)):
        found = kubeloop.diff(form(old), form(new))
        assert found.paths[0] == "kind"
        shown = f"{found} {list(found)!r}"
        assert "hunter2" not in shown
        assert "aHVudGVyMg" not in shown


@pytest.mark.parametrize("version", [{}, {"apiVersion": ""}, {"apiVersion": "v2"}, {"apiVersion": 1}], ids=str)
def test_a_secret_of_a_wrong_version_is_a_secret(version: Any) -> None:
    plain = {name: value for name, value in SECRET.items() if name != "apiVersion"}
    later = {**plain, "data": {"p": "aHVudGVyMw=="}}
    for old, new in (
        ({**plain, **version}, {**later, **version}),
        ({"kind": "SecretList", "items": [plain], **version}, {"kind": "SecretList", "items": [later], **version}),
    ):
        found = kubeloop.diff(old, new)
        assert found
        assert "aHVudGVy" not in f"{found} {list(found)!r}"
