"""List pods: one page, all pages, with a label selector.   python examples/01_list_pods.py"""

import asyncio

import kubeloop
from kubeloop.models import core_v1, meta_v1


async def main() -> None:
    config = kubeloop.load_config()  # KUBECONFIG, ~/.kube/config, or the pod of this program
    async with kubeloop.Clientset(config) as clientset:
        pods = clientset.core_v1.pods("default")
        for number in range(3):
            metadata = meta_v1.ObjectMeta(name=f"list-{number}", labels={"example": "list"})
            spec = core_v1.PodSpec(containers=[core_v1.Container(name="main", image="registry.example/pause")])
            await pods.create(core_v1.Pod(metadata=metadata, spec=spec))

        page = await pods.list(label_selector="example=list", limit=2)
        more = "more follow" if page.metadata.continue_ else "there are no more"
        print(f"the first page has {len(page.items)} pods, {more}")

        async for pod in pods.iterate(label_selector="example=list", limit=2):  # page by page
            print(f"{kubeloop.object_key(pod)}: {pod.status.phase}, on {pod.spec.node_name or 'no node yet'}")

        await pods.delete_collection(label_selector="example=list", grace_period_seconds=0)


if __name__ == "__main__":
    asyncio.run(main())
