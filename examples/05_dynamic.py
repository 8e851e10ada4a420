"""Use any resource without a class: verbs take dictionaries and return Unstructured.   python examples/05_dynamic.py"""

import asyncio

import kubeloop


async def main() -> None:
    async with kubeloop.DynamicClient(kubeloop.load_config()) as dynamic:
        deployments = dynamic.resource("apps/v1", "deployments").namespace("default")
        labels = {"app": "dynamic"}
        container = {"name": "web", "image": "registry.example/web:1"}
        created = await deployments.create(
            {
                "kind": "Deployment",
                "metadata": {"name": "dynamic", "labels": labels},
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                },
            }
        )
        print(f"{created.kind} {created.metadata.name}: {created['spec']['replicas']} replica")

        await deployments.edit("dynamic", lambda draft: draft["spec"].update(replicas=2))

        found = await deployments.get("dynamic")
        print("image:", found.get_in("spec", "template", "spec", "containers", 0, "image"))
        print("replicas:", found.get_in("spec", "replicas"), "paused:", found.get_in("spec", "paused", default=False))
        await deployments.delete("dynamic")


if __name__ == "__main__":
    asyncio.run(main())
