"""kubesdk 0.3 (dataclasses on aiohttp), which has neither YAML nor server-side apply: its objects are created."""

import asyncio
import importlib

import measure

MODELS = (
    "api_v1.io.k8s.api.core.v1",
    "apis_apps_v1.io.k8s.api.apps.v1",
    "apis_rbac_authorization_k8s_io_v1.io.k8s.api.rbac.v1",
)


def _load(file):
    import yaml
    from kube_models import get_model_by_body

    for module in MODELS:  # which are found once they have been imported
        importlib.import_module(f"kube_models.{module}")
    with open(file) as text:
        return [get_model_by_body(each).from_dict(each) for each in yaml.safe_load_all(text)]


def parse(*files):
    measure.parse(_load, *files, lambda objects: (f"{each.kind}/{each.metadata.name}" for each in objects))


def apply(commands, file):
    async def run():
        applying = measure.Applying(commands)
        from kubesdk import KubeConfig, create_k8s_resource, login

        objects = _load(file)
        applying.start()
        await login(KubeConfig(path=applying.kubeconfig))
        for each in objects:
            await create_k8s_resource(each, applying.namespace)
        applying.end(len(objects))

    asyncio.run(run())


if __name__ == "__main__":
    measure.main(parse=parse, apply=apply)
