"""Change an object: read it, change a draft, send the smallest patch.   python examples/03_edit.py"""

import asyncio

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1


async def main() -> None:
    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        deployments = clientset.apps_v1.deployments("default")
        labels = {"app": "edit"}
        template = core_v1.PodTemplateSpec(
            metadata=meta_v1.ObjectMeta(labels=labels),
            spec=core_v1.PodSpec(containers=[core_v1.Container(name="web", image="registry.example/web:1")]),
        )
        selector = meta_v1.LabelSelector(match_labels=labels)
        spec = apps_v1.DeploymentSpec(replicas=1, selector=selector, template=template)
        await deployments.create(apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="edit"), spec=spec))

        def set_image(draft: apps_v1.Deployment.Draft) -> None:
            draft.spec.template.spec.containers[0].image = "registry.example/web:2"

        await deployments.edit("edit", set_image)  # called again if somebody else changed the object

        edit = deployments.edit("edit")
        async with edit as draft:  # one attempt; every normal way out sends
            draft.spec.replicas = 3
            draft.metadata.annotations["example/why"] = "more load"
        deployment = edit.result
        print(f"{deployment.spec.replicas} replicas of {deployment.spec.template.spec.containers[0].image}")

        # An object never changes; its draft shows what would be sent.
        draft = deployment.draft()
        draft.spec.paused = True
        print("patch:", draft.finish().merge_patch())

        scale = await deployments.scale("edit").patch({"spec": {"replicas": 5}})
        print(f"scaled to {scale.spec.replicas}")
        await deployments.delete("edit")


if __name__ == "__main__":
    asyncio.run(main())
