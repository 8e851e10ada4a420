"""List the pods of the namespace that have a label.   python examples/09_list_by_label.py"""

import kubeloop


async def main(clientset: kubeloop.Clientset) -> None:
    async for pod in clientset.core_v1.pods(kubeloop.DEFAULT).iterate(label_selector="app=web"):
        print(f"{pod.metadata.name}: {pod.status.phase}")


if __name__ == "__main__":
    kubeloop.run(main)
