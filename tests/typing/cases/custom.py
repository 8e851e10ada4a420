"""Custom resources: the output of `kubeloop generate` is as typed as the classes of kubeloop."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_type

from generated.clients.apps_example_com_v1 import AppsExampleComV1
from generated.clients.cert_manager_io_v1 import CertManagerIoV1
from generated.clients.compute_example_com_v1beta1 import ComputeExampleComV1beta1
from generated.informers.cert_manager_io_v1 import CertManagerIoV1Informers
from generated.models import apps_example_com_v1 as fleets
from generated.models import cert_manager_io_v1 as cert

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.store.lister import Lister
from kubeloop.clients.clientset import Clientset
from kubeloop.models import autoscaling_v1, core_v1, meta_v1


def build() -> cert.Certificate:
    return cert.Certificate(
        spec=cert.CertificateSpec(
            secret_name="tls",
            issuer_ref=cert.IssuerRef(name="ca", kind="ClusterIssuer"),
            private_key=cert.CertificateSpecPrivateKey(algorithm="ECDSA", size=256),
            usages=["server auth", "something new"],
            is_ca=True,
        )
    )


def read(certificate: cert.Certificate, fleet: fleets.Fleet) -> None:
    assert_type(certificate.spec, cert.CertificateSpec | None)
    if certificate.spec is not None:
        assert_type(certificate.spec.secret_name, str)
        assert_type(certificate.spec.duration, str | None)
        assert_type(certificate.spec.dns_names, Sequence[str])
    if certificate.status is not None:
        assert_type(certificate.status.not_after, datetime | None)
    assert_type(fleet.spec.port, int | str | None)
    assert_type(fleet.spec.pools, Mapping[str, fleets.FleetSpecPools])
    assert_type(fleet.spec.grid, Sequence[Sequence[fleets.FleetSpecGrid]])
    assert_type(fleet.spec.optional_counts, Mapping[str, int | None])
    assert_type(fleet.spec.template, Mapping[str, Any])
    assert_type(fleet.spec.replicas, int | None)


def change(certificate: cert.Certificate, fleet: fleets.Fleet) -> None:
    draft = certificate.draft()
    draft.spec.private_key.size = 4096
    draft.spec.secret_template.labels["a"] = "b"
    draft.spec.private_key.size = "large"  # error
    fleet_draft = fleet.draft()
    fleet_draft.spec.pools["a"].size = 3
    fleet_draft.spec.pools["b"] = fleets.FleetSpecPools(size=1)
    fleet_draft.spec.grid = [[fleets.FleetSpecGrid(x=1)]]
    fleet_draft.spec.grid[0][0].x = 5
    fleet_draft.spec.grid[0][0].x = "five"  # error
    fleet_draft.spec.grid[0].append({"x": 6})
    fleet_draft.spec.grid.append([fleets.FleetSpecGrid(x=1), {"x": 2}])
    fleet_draft.spec.grid.append(fleets.FleetSpecGrid(x=1))  # error
    fleet_draft.spec.grid[1] = fleet_draft.spec.grid[0]
    fleet_draft.spec.grid += [[fleet_draft.spec.grid[0][0]]]
    fleet_draft.spec.by_zone["a"][0].x = 5
    fleet_draft.spec.by_zone["b"] = [fleets.FleetSpecByZone(x=1)]
    fleet_draft.spec.by_zone = {"c": [{"x": 1}]}
    fleet_draft.spec.by_zone["d"] = 5  # error
    fleet_draft.spec.matrix[0].append(1)
    fleet_draft.spec.matrix[0].append("one")  # error
    fleet_draft.spec.groups["a"].append("b")
    fleet_draft.spec.from_ = "b"


def change_items_that_can_be_null(fleet: fleets.Fleet) -> None:
    assert_type(fleet.spec.optional_groups, Mapping[str, Sequence[str] | None])
    assert_type(fleet.spec.optional_points, Sequence[Sequence[fleets.FleetSpecOptionalPoints | None] | None])
    assert_type(fleet.spec.optional_ports, Sequence[int | str | None])
    draft = fleet.draft()
    draft.spec.optional_groups["a"] = None
    draft.spec.optional_groups["b"] = ["c"]
    if (group := draft.spec.optional_groups["b"]) is not None:
        group.append("d")
    draft.spec.optional_groups["b"].append("d")  # error
    draft.spec.optional_points.append([None, {"x": 1}, fleets.FleetSpecOptionalPoints(y=2)])
    points = draft.spec.optional_points[0]
    if points is not None and (point := points[1]) is not None:
        point.x = 5
        point.x = "five"  # error
    draft.spec.optional_ports.append(None)


def core_types(worker: fleets.Worker) -> None:
    if worker.spec is not None and worker.status is not None:
        assert_type(worker.spec.env, Sequence[core_v1.EnvVar])
        assert_type(worker.spec.resources, core_v1.ResourceRequirements | None)
        assert_type(worker.spec.token_secret, core_v1.SecretKeySelector | None)
        assert_type(worker.spec.headers, Sequence[fleets.WorkerSpecHeaders])
        assert_type(worker.status.conditions, Sequence[meta_v1.Condition])
    draft = worker.draft()
    draft.spec.resources.limits["cpu"] = "2"
    draft.spec.env.append(core_v1.EnvVar(name="A", value="a"))
    draft.spec.env[0].value_from.secret_key_ref.name = "token"
    draft.spec.pull_secrets = [{"name": "a"}]
    draft.spec.resources = core_v1.EnvVar(name="A")  # error


async def clients(clientset: Clientset) -> None:
    certificates = CertManagerIoV1(clientset.rest).certificates("default")
    assert_type(await certificates.get("a"), cert.Certificate)
    assert_type(await certificates.list(), cert.CertificateList)
    assert_type(await certificates.update_status(build()), cert.Certificate)
    assert_type(await clientset.resource(cert.Certificate, "a").get("b"), cert.Certificate)
    assert_type(await AppsExampleComV1(clientset.rest).fleets("a").scale("b").get(), autoscaling_v1.Scale)
    assert_type(await clientset.resource(fleets.Fleet, "a").scale("b").get(), autoscaling_v1.Scale)
    ComputeExampleComV1beta1(clientset.rest).node_pools()
    await ComputeExampleComV1beta1(clientset.rest).node_pools().update_status({})  # error
    ComputeExampleComV1beta1(clientset.rest).node_pools("a")  # error
    certificates.scale("a")  # error
    await certificates.create(fleets.Fleet())  # error


def informers(factory: SharedInformerFactory) -> None:
    assert_type(CertManagerIoV1Informers(factory).certificates(), SharedInformer[cert.Certificate])
    assert_type(CertManagerIoV1Informers(factory).certificates().lister, Lister[cert.Certificate])
    assert_type(factory.informer(cert.Certificate), SharedInformer[cert.Certificate])
