"""Building objects: keywords with Python names, whose names and types are checked."""

from kubeloop.models import apps_v1, core_v1, meta_v1, networking_v1


def build(names: list[str]) -> core_v1.Pod:
    core_v1.Pod(
        metadata=meta_v1.ObjectMeta(name="a", labels={"x": "y"}),
        spec=core_v1.PodSpec(containers=[core_v1.Container(name="c", image="x")]),
    )
    core_v1.PodSpec(containers=(core_v1.Container(name="c"),), node_selector={"a": "b"})
    core_v1.PodSpec(host_aliases=[core_v1.HostAlias(ip="::1", hostnames=names)], host_pid=True)
    core_v1.ServiceSpec(cluster_ips=["::1"], type="LoadBalancer", ports=[core_v1.ServicePort(target_port="http")])
    core_v1.ServicePort(target_port=80, protocol="a value that came later")
    core_v1.Secret(data={"a": b"b"}, string_data={"c": "d"})
    networking_v1.NetworkPolicyIngressRule(from_=[networking_v1.NetworkPolicyPeer()])
    apps_v1.DeploymentSpec(replicas=None, paused=False)

    core_v1.PodSpec(contaners=[])  # error
    core_v1.PodSpec(containers="abc")  # error
    core_v1.PodSpec(priority="3")  # error
    core_v1.PodSpec(core_v1.PodSpec())  # error
    core_v1.PodSpec(node_name=None)  # error
    core_v1.Pod(spec={"nodeName": "a"})  # error
    core_v1.Pod(kind="Service")  # error
    core_v1.Secret(data={"a": "b"})  # error
    core_v1.PodSpec(nodeName="a")  # error
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(finalizers=names))
