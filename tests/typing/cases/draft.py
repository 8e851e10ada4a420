"""Drafts: typed, mutable, never None on the way to a field."""

from typing import Any, assert_type

from kubeloop.models import apps_v1, core_v1


def edit(deployment: apps_v1.Deployment, pod: core_v1.Pod) -> apps_v1.Deployment:
    d = deployment.draft()
    assert_type(d, apps_v1.Deployment.Draft)
    d.spec.replicas = 3
    d.spec.replicas = None
    d.metadata.labels["a"] = "b"
    del d.metadata.labels["x"]
    d.metadata.labels = {"a": "b"}
    d.metadata.finalizers.remove("f")
    d.metadata.finalizers = ["f"]
    d.metadata.finalizers += ["g"]
    template = d.spec.template.spec
    assert_type(template, core_v1.PodSpec.Draft)
    template.containers[0].image = "y"
    template.containers.append(core_v1.Container(name="n"))
    template.containers = [core_v1.Container(name="n"), {"name": "x"}]
    template.security_context.run_as_user = 1
    template.affinity = None
    template.dns_policy = "Default"
    del template.affinity
    d.spec.template.spec = core_v1.PodSpec()
    d.spec.template.spec = pod.draft().spec
    d.spec.template.spec = {"nodeName": "n"}
    for container in template.containers:
        assert_type(container, core_v1.Container.Draft)
        container.image_pull_policy = "Always"
    assert_type(template.node_name, str)
    change = d.finish()
    assert_type(change.merge_patch(), dict[str, Any])
    assert_type(change.after, apps_v1.Deployment)
    return change.after


def named(draft: core_v1.Pod.Draft) -> None:
    draft.spec.node_name = "n"


def data_of(config: core_v1.ConfigMap, secret: core_v1.Secret) -> None:
    config.draft().data["a"] = "b"
    secret.draft().data["a"] = b"b"
    secret.draft().data["a"] = "b"  # error


def wrong(d: apps_v1.Deployment.Draft) -> None:
    d.spec.replicas = "3"  # error
    d.spec.replcas = 3  # error
    d.metadata.labels["a"] = 3  # error
    d.spec.template.spec.containers.append("x")  # error
    d.spec.template.spec = core_v1.PodStatus()  # error
    d.spec.template.spec.node_name = None  # error
