"""The types of scales, metadata, tables and drains."""

from typing import assert_type

import kubeloop
from kubeloop import drain
from kubeloop.models import apps_v1, autoscaling_v1, core_v1, meta_v1
from kubeloop.unstructured import Unstructured

KIND = kubeloop.GroupVersionKind("apps", "v1", "Deployment")


async def scales(clientset: kubeloop.Clientset) -> None:
    deployments = clientset.apps_v1.deployments("a")
    assert_type(await deployments.scale("web", 5), autoscaling_v1.Scale)
    assert_type(await deployments.scale("web").get(), autoscaling_v1.Scale)
    assert_type(await deployments.scale("web", 5, current_replicas=3, timeout=5), autoscaling_v1.Scale)
    assert_type(await clientset.resource(apps_v1.Deployment, "a").scale("web", 5), autoscaling_v1.Scale)
    assert_type(await clientset.resource(Unstructured, KIND, "a").scale("web", 5), autoscaling_v1.Scale)
    deployments.scale("web", current_replicas=3)  # error
    await deployments.scale("web", "5")  # error
    await deployments.scale("web", 5, replica=3)  # error
    clientset.core_v1.pods("a").scale("web", 5)  # error


def mark(draft: meta_v1.PartialObjectMetadata.Draft) -> None:
    draft.metadata.labels["a"] = "b"


async def metadata(clientset: kubeloop.Clientset) -> None:
    pods = clientset.metadata.resource(core_v1.Pod, "a")
    assert_type(pods, kubeloop.MetadataResource)
    assert_type(await pods.get("web"), meta_v1.PartialObjectMetadata)
    assert_type(await pods.list(label_selector="a=b"), meta_v1.PartialObjectMetadataList)
    assert_type(await pods.edit("web", mark), meta_v1.PartialObjectMetadata)
    assert_type(await pods.patch("web", {}), meta_v1.PartialObjectMetadata)
    assert_type(await pods.delete("web"), meta_v1.PartialObjectMetadata | None)
    async for each in clientset.metadata.resource(KIND).iterate():
        assert_type(each, meta_v1.PartialObjectMetadata)
    async with pods.watch() as events:
        async for event in events:
            assert_type(event.object, meta_v1.PartialObjectMetadata)
    clientset.metadata.resource("pods")  # error
    await pods.update({})  # error


async def tables(clientset: kubeloop.Clientset) -> None:
    table = await clientset.core_v1.pods("a").as_table("web", label_selector="a=b")
    assert_type(table, kubeloop.Table)
    assert_type(table[0], kubeloop.TableRow)
    assert_type(table[0].object, meta_v1.PartialObjectMetadata | None)
    assert_type(await clientset.as_table([core_v1.Pod()]), kubeloop.Tables)
    for each in await clientset.as_table(core_v1.Pod()):
        assert_type(each.text(wide=True), str)
    await clientset.core_v1.pods("a").as_table(wide=True)  # error


async def drains(clientset: kubeloop.Clientset) -> None:
    report = await drain.drain(clientset, "n1", timeout=30, progress=print)
    assert_type(report, drain.DrainReport)
    assert_type(report[0], drain.PodResult)
    assert_type(await drain.cordon(clientset, "n1"), core_v1.Node)
    await drain.drain(clientset, "n1", ignore_daemonsets=True)  # error
