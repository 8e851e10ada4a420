"""A custom resource, as typed as a Pod.   python examples/08_custom_resource.py

The classes are written by: kubeloop generate --crd custom_resource/backups.crd.yaml --out custom_resource/generated
"""

import asyncio
from pathlib import Path

from custom_resource.generated.clients.storage_example_com_v1 import bind
from custom_resource.generated.models.storage_example_com_v1 import Backup, BackupSpec, BackupSpecTargets

import kubeloop
from kubeloop.models import apiextensions_v1, meta_v1

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
        spec = BackupSpec(schedule="0 3 * * *", targets=[BackupSpecTargets(claim="data")])
        backup = await backups.create(Backup(metadata=meta_v1.ObjectMeta(name="nightly"), spec=spec))
        print(f"{backup.metadata.name}: {backup.spec.schedule}, the server's default keeps {backup.spec.retain}")
        await backups.edit("nightly", pause)
        await backups.patch_status("nightly", {"status": {"phase": "Waiting"}})

        factory = kubeloop.SharedInformerFactory(clientset, namespace="default")
        informer = factory.informer(Backup)
        waiting: asyncio.Queue[Backup] = asyncio.Queue()
        informer.add_event_handler(
            on_add=waiting.put_nowait,
            on_update=lambda _, new: waiting.put_nowait(new),
            filter=lambda backup: backup.status is not None and backup.status.phase == "Waiting",
        )
        async with factory:
            found = await waiting.get()
            phase = found.status.phase if found.status else "unknown"
            print(f"paused: {found.spec.paused}, phase: {phase}, exclude: {found.spec.targets[0].exclude}")
        await backups.delete("nightly")


if __name__ == "__main__":
    asyncio.run(main())
