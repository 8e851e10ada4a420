"""A custom resource, as typed as a Pod.   python examples/08_custom_resource.py

The classes are written by: kubeloop generate --crd custom_resource/backups.crd.yaml --out custom_resource/generated
"""

import asyncio
from pathlib import Path

from custom_resource.generated.clients.storage_example_com_v1 import bind
from custom_resource.generated.informers.storage_example_com_v1 import bind as bind_informers
from custom_resource.generated.models.storage_example_com_v1 import Backup, BackupSpec, BackupSpecTargets

import kubeloop
from kubeloop.models import apiextensions_v1, core_v1, meta_v1

CRD = Path(__file__).parent / "custom_resource/backups.crd.yaml"


async def install(clientset: kubeloop.Clientset) -> None:
    crds = clientset.apiextensions_v1.custom_resource_definitions()
    crd = apiextensions_v1.CustomResourceDefinition.from_yaml(CRD.read_text())
    await crds.apply(crd.to_dict(), field_manager="example")
    async with crds.watch(field_selector=f"metadata.name={crd.metadata.name}", timeout=30) as events:
        async for event in events:
            if any(c.type == "Established" and c.status == "True" for c in event.object.status.conditions):
                return


def pause(draft: Backup.Draft) -> None:
    draft.spec.paused = True
    draft.spec.targets[0].exclude.append("/tmp")


async def main() -> None:
    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        await install(clientset)
        backups = bind(clientset).backups("default")
        password = core_v1.SecretKeySelector(name="storage", key="password")
        spec = BackupSpec(schedule="0 3 * * *", targets=[BackupSpecTargets(claim="data")], password=password)
        backup = await backups.create(Backup(metadata=meta_v1.ObjectMeta(name="nightly"), spec=spec))
        print(f"{backup.metadata.name}: {backup.spec.schedule}, the server's default keeps {backup.spec.retain}")
        await backups.edit("nightly", pause)
        async with backups.edit_status("nightly") as draft:
            draft.status.phase = "Waiting"
        scale = await backups.scale("nightly", 3)
        print(f"{scale.spec.replicas} workers")

        factory = kubeloop.SharedInformerFactory(clientset, namespace="default")
        informer = bind_informers(factory).backups()
        waiting = informer.events(filter=lambda one: one.status is not None and one.status.phase == "Waiting")
        async with factory, waiting as events:
            found = (await anext(events)).object
            print(f"paused: {found.spec.paused}, exclude: {found.spec.targets[0].exclude}")
        await backups.delete("nightly")


if __name__ == "__main__":
    asyncio.run(main())
