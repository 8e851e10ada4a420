"""Apply a file of manifests, as `kubectl apply --server-side` does.   python examples/10_apply_file.py shop.yaml"""

import sys

import kubeloop


async def main(clientset: kubeloop.Clientset) -> None:
    print(await clientset.apply_manifests(kubeloop.load_manifests(sys.argv[1]), field_manager="example"))


if __name__ == "__main__":
    kubeloop.run(main)
