"""Patch and scale a Deployment, and evict a pod.   python examples/13_patch_scale_evict.py"""

import kubeloop


async def main(clientset: kubeloop.Clientset) -> None:
    deployments = clientset.apps_v1.deployments(kubeloop.DEFAULT)
    await deployments.patch("web", {"metadata": {"annotations": {"example.com/owner": "shop"}}})
    scale = await deployments.scale("web", 5)
    print(f"scaled to {scale.spec.replicas}")
    await clientset.core_v1.pods(kubeloop.DEFAULT).eviction("web-0").create({"metadata": {"name": "web-0"}})
    print("evicted web-0")


if __name__ == "__main__":
    kubeloop.run(main)
