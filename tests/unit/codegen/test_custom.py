"""What a generated package offers to a program."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from kubeloop.cache.factory import SharedInformerFactory
from tests.support.custom_resources import generated
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse

FLEETS = Path(__file__).parents[2] / "support" / "crds" / "fleets.yaml"
FLEET: dict[str, Any] = {"apiVersion": "apps.example.com/v1", "kind": "Fleet", "metadata": {"name": "a"}}
SCALE: dict[str, Any] = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 2}}


async def test_bind_returns_typed_clients_with_the_subresources_of_the_definition(tmp_path: Path) -> None:
    with generated("package_to_bind", tmp_path, FLEETS):
        module: Any = import_module("package_to_bind.clients.apps_example_com_v1")
        models: Any = import_module("package_to_bind.models.apps_example_com_v1")
        clients, transport = clientset(ScriptedResponse.of(FLEET), ScriptedResponse.of(SCALE))
        fleets = module.bind(clients).fleets("default")
        assert type(await fleets.get("a")) is models.Fleet
        assert (await fleets.scale("a").get()).spec.replicas == 2
        assert [request.target for request in transport.requests] == [
            "/apis/apps.example.com/v1/namespaces/default/fleets/a",
            "/apis/apps.example.com/v1/namespaces/default/fleets/a/scale",
        ]
        assert not hasattr(fleets.scale("a"), "apply"), "servers respond to it with 500"


async def test_bind_of_informers_returns_those_of_the_factory(tmp_path: Path) -> None:
    with generated("package_of_informers", tmp_path, FLEETS):
        module: Any = import_module("package_of_informers.informers.apps_example_com_v1")
        models: Any = import_module("package_of_informers.models.apps_example_com_v1")
        clients, _ = clientset()
        factory = SharedInformerFactory(clients)
        assert module.bind(factory).fleets() is factory.informer(models.Fleet)


def test_stubs_show_the_field_names_that_attributes_do_not(tmp_path: Path) -> None:
    with generated("package_of_stubs", tmp_path, FLEETS) as folder:
        stub = (folder / "models" / "apps_example_com_v1.pyi").read_text()
    assert '    external_urls: Sequence[str] = ...\n    """Field name: externalURLs."""' in stub
    assert "Field name: maxSurge" not in stub
