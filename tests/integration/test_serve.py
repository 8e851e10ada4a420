"""`kubeloop serve` and `ServerProcess`: processes, signals, data directories and ports."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

import kubeloop
from kubeloop.models import core_v1
from kubeloop.testing import ControlPlaneError, ServerProcess
from tests.support.real_clientset import config_map, config_of, connect

COMMAND = [sys.executable, "-m", "kubeloop", "serve"]
WRITERS = 8
MANY = 60
"""The number of acknowledged writes after which a server is killed."""


class Serve:
    """Starts `kubeloop serve` in processes that end with the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def start(self, *options: object, path: Path | None = None) -> subprocess.Popen[str]:
        """Start the command, with a folder whose modules hide others; its first line is the path of the kubeconfig."""
        environment = dict(os.environ)
        if path is not None:
            environment["PYTHONPATH"] = os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])
        command = [*COMMAND, *map(str, options)]
        process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process

    def ready(self, *options: object) -> tuple[subprocess.Popen[str], Path]:
        """Start the command and return the path that it prints; the server accepts connections then."""
        process = self.start(*options)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().rstrip("\n"))

    def refused(self, *options: object, path: Path | None = None) -> str:
        """Start the command, which must fail with one line, and return the line."""
        out, err = self.start(*options, path=path).communicate(timeout=60)
        [line] = err.splitlines()
        assert out == ""
        return line


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield Serve(stack)


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    """Send a signal and return the exit status and the rest of the output."""
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_prints_its_kubeconfig_and_ends_cleanly(serve: Serve, number: signal.Signals) -> None:
    begun = time.perf_counter()
    process, kubeconfig = serve.ready()
    print(f"ready after {time.perf_counter() - begun:.2f} s")
    async with connect(kubeconfig) as clientset, clientset.core_v1.pods("default").watch(timeout=60.0):
        code, out, err = end(process, number)  # an open watch does not delay the end
    assert (code, out) == (0, "")
    assert "Traceback" not in err
    assert not kubeconfig.exists()


async def test_the_kubeconfig_is_where_the_user_wants_it(serve: Serve, tmp_path: Path) -> None:
    wanted = tmp_path / "here"
    process, kubeconfig = serve.ready("--kubeconfig", wanted)
    assert kubeconfig == wanted
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    async with connect(kubeconfig) as clientset:
        assert (await clientset.core_v1.namespaces().get("default")).metadata.uid
    end(process, signal.SIGTERM)


async def test_a_clean_end_keeps_the_objects(serve: Serve, tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    for _ in range(2):
        process, kubeconfig = serve.ready("--data", tmp_path, "--no-controllers")
        async with connect(kubeconfig) as clientset:
            maps = clientset.core_v1.config_maps("default")
            if not seen:
                await maps.create(config_map("a", x="1"))
            found = await maps.list()
            seen.append((found.items[0].metadata.uid, found.items[0].metadata.resource_version))
            assert [one.metadata.name for one in found.items] == ["a"]
        assert end(process, signal.SIGTERM)[0] == 0
    assert seen[0] == seen[1]


async def test_a_kill_under_load_loses_nothing_acknowledged(serve: Serve, tmp_path: Path) -> None:
    """The revision never goes back, and what was acknowledged is there with its resource version."""
    port = free_port()
    random = Random(7)
    written: dict[str, str] = {}
    deleted: set[str] = set()
    newest = 0

    async def write(maps: kubeloop.ResourceClient[core_v1.ConfigMap], turn: int, writer: int) -> None:
        for number in range(10_000):
            name = f"{turn}-{writer}-{number}"
            made = await maps.create(config_map(name, x="x" * random.randrange(2000)))
            written[name] = made.metadata.resource_version
            if number % 3 == 2:
                last = f"{turn}-{writer}-{number - 1}"
                deleted.add(last)  # may be carried out although it is not acknowledged
                await maps.delete(last)

    for turn in range(3):
        process, kubeconfig = serve.ready("--data", tmp_path, "--no-controllers", "--port", port)
        async with kubeloop.Clientset(config_of(kubeconfig)) as clientset:
            maps = clientset.resource(core_v1.ConfigMap, "default")
            listed = await maps.list()
            present = {one.metadata.name: one.metadata.resource_version for one in listed.items}
            expected = {name: version for name, version in written.items() if name not in deleted}
            assert {name: present.get(name) for name in expected} == expected
            revision = int(listed.metadata.resource_version)
            assert revision >= newest
            marker = await maps.create(config_map(f"marker-{turn}"))
            assert int(marker.metadata.resource_version) > newest
            enough = len(written) + MANY
            writers = [asyncio.create_task(write(maps, turn, writer)) for writer in range(WRITERS)]
            while len(written) < enough:
                await asyncio.sleep(0)
            process.kill()
            results = await asyncio.gather(*writers, return_exceptions=True)
            assert all(isinstance(result, kubeloop.KubeloopError) for result in results), results
        process.wait(timeout=60)
        newest = max(int(version) for version in written.values())


def test_a_directory_in_use_is_refused(serve: Serve, tmp_path: Path) -> None:
    first, _ = serve.ready("--data", tmp_path)
    line = serve.refused("--data", tmp_path)
    assert line == (
        f"kubeloop: expected a storage that no process uses, got one of process {first.pid}: {tmp_path}; "
        "stop that process"
    )
    first.kill()
    first.wait(timeout=60)
    second, kubeconfig = serve.ready("--data", tmp_path)  # a dead process uses nothing
    assert kubeconfig == tmp_path / "kubeconfig"
    end(second, signal.SIGTERM)


def test_a_directory_that_cannot_be_used_is_refused(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    expected = f"kubeloop: cannot open the storage: File exists: {tmp_path / 'file'}"
    assert serve.refused("--data", tmp_path / "file") == expected
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal").write_bytes(b"something else\n" * 100)
    assert f"{tmp_path / 'data' / 'journal'}, byte 0" in serve.refused("--data", tmp_path / "data")


def test_a_port_in_use_is_refused(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = serve.refused("--port", port)
    assert line == f"kubeloop: cannot listen on port {port}: the address is in use; choose another --port"


def test_a_port_that_cannot_exist_is_refused(serve: Serve) -> None:
    _, err = serve.start("--port", 65536).communicate(timeout=60)
    assert err.splitlines()[-1].endswith("argument --port: expected a port from 0 to 65535, got 65536")


async def test_tls_and_a_token_are_in_the_kubeconfig(serve: Serve, tmp_path: Path) -> None:
    process, kubeconfig = serve.ready("--tls", "--token", "secret", "--data", tmp_path)
    config = config_of(kubeconfig)
    assert (config.host.partition(":")[0], config.token) == ("https", "secret")
    async with kubeloop.Clientset(config) as clientset:
        assert (await clientset.core_v1.namespaces().get("default")).metadata.name == "default"
    async with kubeloop.Clientset(config.replace(token="other")) as clientset:
        with pytest.raises(kubeloop.Unauthorized):
            await clientset.core_v1.namespaces().get("default")
    stranger = kubeloop.Config(host=config.host, token="secret")
    async with kubeloop.Clientset(stranger) as clientset:
        with pytest.raises(kubeloop.TLSError, match="not trusted"):
            await clientset.core_v1.namespaces().get("default")
    end(process, signal.SIGTERM)
    again, _ = serve.ready("--tls", "--token", "secret", "--data", tmp_path)
    assert config_of(kubeconfig).ca_data == config.ca_data  # clients of before still trust the server
    end(again, signal.SIGTERM)


def test_a_token_needs_tls(serve: Serve) -> None:
    expected = "kubeloop: a token needs TLS: clients send none over a connection that is not encrypted"
    assert serve.refused("--token", "secret") == expected


def test_without_the_package_for_certificates_tls_is_refused(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "cryptography.py").write_text("raise ModuleNotFoundError('blocked', name='cryptography')\n")
    line = serve.refused("--tls", path=tmp_path)
    assert line == "kubeloop: kubeloop.testing needs the package 'cryptography': pip install 'kubeloop[testing]'"


async def test_a_server_process_is_killed_and_started_again() -> None:
    async with ServerProcess() as server:
        assert server.url.startswith("http://127.0.0.1:")
        pid = server.pid()
        assert pid is not None
        async with connect(server.kubeconfig) as clientset:
            await clientset.core_v1.config_maps("default").create(config_map("a"))
            await server.kill()
            assert server.pid() is None
            with pytest.raises(kubeloop.ConnectError):
                await clientset.core_v1.config_maps("default").create(config_map("b"))
            await server.restart()
            assert server.pid() not in (None, pid)
            assert (await clientset.core_v1.config_maps("default").get("a")).metadata.name == "a"
        with pytest.raises(ValueError, match="no component 'etcd' here; there is: kube-apiserver"):
            server.pid("etcd")
        last = server.pid()
    assert last is not None
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)
    assert not server.data_dir.exists()
    with pytest.raises(ControlPlaneError, match="does not run"):
        await server.kill()


def test_a_server_process_creates_and_deletes_namespaces() -> None:
    with ServerProcess() as server:
        name = server.create_namespace("work")
        assert name.startswith("work-")
        server.delete_namespace(name)
        assert name not in subprocess.run(
            [sys.executable, "-c", _NAMESPACES, server.kubeconfig], capture_output=True, text=True, check=True
        ).stdout.split()  # fmt: skip


_NAMESPACES = """\
import asyncio, sys, kubeloop
async def main():
    async with kubeloop.Clientset(kubeloop.load_config(sys.argv[1])) as clientset:
        async for one in clientset.core_v1.namespaces().iterate():
            print(one.metadata.name)
asyncio.run(main())
"""
