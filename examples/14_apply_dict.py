"""Apply an object that is a dictionary.   python examples/14_apply_dict.py"""

import kubeloop

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "blue"}}


async def main(clientset: kubeloop.Clientset) -> None:
    applied = await clientset.core_v1.config_maps(kubeloop.DEFAULT).apply(SETTINGS, field_manager="example")
    print(f"settings: {applied.data['color']}")


if __name__ == "__main__":
    kubeloop.run(main)
