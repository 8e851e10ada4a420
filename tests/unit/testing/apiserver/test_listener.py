"""A listener serves an API server over HTTP for as long as its block runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

import kubeloop
from kubeloop.errors import ConnectionLost, TransportError
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.apiserver.listener import Listener


def config_map(name: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name))


@pytest.mark.parametrize("tls", [False, True])
async def test_clients_outside_and_inside_see_the_same_objects(tls: bool) -> None:
    api = APIServer(token="secret" if tls else "")
    async with (
        api.listen(tls=tls) as listener,
        kubeloop.Clientset(kubeloop.load_config(listener.kubeconfig)) as outside,
        api.clientset() as inside,
    ):
        assert listener.url.startswith("https:" if tls else "http:")
        assert (listener.ca_file is not None) == tls
        await outside.core_v1.config_maps("default").create(config_map("a"))
        found = await inside.core_v1.config_maps("default").get("a")
        assert found.metadata.name == "a"
        start = found.metadata.resource_version
        async with outside.core_v1.config_maps("default").watch(resource_version=start) as events:
            await inside.core_v1.config_maps("default").create(config_map("b"))
            assert (await anext(events)).object.metadata.name == "b"
    assert not listener.kubeconfig.exists()
    api.close()


async def test_a_port_is_free_again_and_can_be_chosen() -> None:
    api = APIServer()
    async with api.listen() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await api.listen(port=port).__aenter__()
    async with api.listen(port=port) as second:
        assert second.url == first.url
    api.close()


async def test_discovery_has_the_address_of_the_listener() -> None:
    api = APIServer()
    for _ in range(2):
        async with api.listen() as listener:
            found = await api.transport().request(kubeloop.Request("GET", "/api"))
            assert f'"serverAddress":"{listener.url.removeprefix("http://")}"'.encode() in found.body
    api.close()


async def test_the_kubeconfig_and_the_certificates_are_kept_where_the_user_wants(tmp_path: Path) -> None:
    api = APIServer()
    wanted = tmp_path / "mine"
    authorities: list[bytes] = []
    for _ in range(2):
        async with Listener(api, tls=True, directory=tmp_path, kubeconfig=wanted) as listener:
            assert listener.kubeconfig == wanted
            assert listener.ca_file == tmp_path / "ca.crt"
        assert wanted.stat().st_mode & 0o777 == 0o600
        authorities.append((tmp_path / "ca.crt").read_bytes())
    assert authorities[0] == authorities[1]
    api.close()


@pytest.mark.parametrize("name", ["ca.crt", "apiserver.crt", "apiserver.key"])
async def test_certificates_that_are_damaged_are_named(name: str, tmp_path: Path) -> None:
    api = APIServer()
    async with Listener(api, tls=True, directory=tmp_path):
        pass
    damaged = tmp_path / name
    damaged.write_bytes(damaged.read_bytes()[:100])

    with pytest.raises(ValueError, match=f"cannot use the certificates in {tmp_path}: .*; remove ca.crt"):
        await Listener(api, tls=True, directory=tmp_path).__aenter__()
    api.close()


async def test_the_certificates_are_published_in_each_namespace() -> None:
    api = APIServer()
    async with api.listen(tls=True) as listener, api.clientset() as clientset:
        assert listener.ca_file is not None
        for namespace in ("default", "kube-system"):
            found = await clientset.core_v1.config_maps(namespace).get("kube-root-ca.crt")
            assert found.data["ca.crt"] == listener.ca_file.read_text()
    api.close()


async def test_reactions_that_break_a_connection_break_that_of_the_client() -> None:
    api = APIServer(config_map("a"))
    async with api.listen() as listener, kubeloop.Clientset(kubeloop.load_config(listener.kubeconfig)) as outside:
        client = outside.core_v1.config_maps("default")
        api.on("delete", "configmaps").fail(ConnectionLost)
        with pytest.raises(TransportError):
            await client.delete("a")
        api.on("watch", "configmaps").cut_watch(after=1)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
        writer.write(b"GET /api/v1/configmaps?watch=true&resourceVersion=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = bytearray()
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                received += data
        assert received.count(b'"ADDED"') == 1
        assert not received.endswith(b"0\r\n\r\n")
        writer.close()
    api.close()


def test_a_token_needs_tls() -> None:
    api = APIServer(token="secret")
    with pytest.raises(ValueError, match="a token needs TLS"):
        api.listen()
    assert repr(api.listen(tls=True)) == "<Listener, not started>"
    api.close()
