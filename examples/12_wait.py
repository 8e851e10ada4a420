"""Wait until a pod is ready, for a minute at most.   python examples/12_wait.py web-0"""

import sys

import kubeloop


async def main(clientset: kubeloop.Clientset) -> None:
    await clientset.core_v1.pods(kubeloop.DEFAULT).wait(sys.argv[1], condition="Ready", timeout=60)
    print(f"{sys.argv[1]} is ready")


if __name__ == "__main__":
    kubeloop.run(main)
