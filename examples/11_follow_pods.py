"""Follow the pods that have a label until one is deleted.   python examples/11_follow_pods.py"""

import kubeloop


async def main(clientset: kubeloop.Clientset) -> None:
    async with clientset.core_v1.pods(kubeloop.DEFAULT).watch(label_selector="app=web") as events:
        async for event in events:  # resumes after lost connections
            print(f"{event.type} {event.object.metadata.name}", flush=True)
            if event.type == "DELETED":
                break


if __name__ == "__main__":
    kubeloop.run(main)
