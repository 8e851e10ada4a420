"""`kubeloop.run`: the clientset of a script, its event loop, and how both end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import kubeloop

NOWHERE = kubeloop.Config(host="http://127.0.0.1:1")


def use(clientset: kubeloop.Clientset) -> None:
    """Send a request."""

    async def get() -> None:
        await clientset.core_v1.pods("default").get("web-0")

    asyncio.run(get())


def test_a_script_gets_a_clientset_that_is_closed_in_the_end() -> None:
    seen: list[kubeloop.Clientset] = []

    async def main(clientset: kubeloop.Clientset) -> str:
        seen.append(clientset)
        return repr(clientset)

    assert "http://127.0.0.1:1" in kubeloop.run(main, NOWHERE)

    with pytest.raises(kubeloop.TransportError, match="closed"):
        use(seen[0])


def test_the_clientset_of_a_script_that_fails_is_closed() -> None:
    seen: list[kubeloop.Clientset] = []

    async def main(clientset: kubeloop.Clientset) -> None:
        seen.append(clientset)
        raise ValueError("the script failed")

    with pytest.raises(ValueError, match="the script failed"):
        kubeloop.run(main, NOWHERE)
    with pytest.raises(kubeloop.TransportError, match="closed"):
        use(seen[0])


def test_without_a_configuration_it_is_that_of_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(
        '{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c"}}],'
        '"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}]}'
    )
    monkeypatch.setenv("KUBECONFIG", str(path))

    async def main(clientset: kubeloop.Clientset) -> str:
        return repr(clientset)

    assert "http://127.0.0.1:1" in kubeloop.run(main)


def test_a_configuration_that_is_missing_is_reported_before_the_script_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    called: list[kubeloop.Clientset] = []

    async def main(clientset: kubeloop.Clientset) -> None:
        called.append(clientset)

    with pytest.raises(kubeloop.EmptyConfig):
        kubeloop.run(main)
    assert called == []


async def test_in_a_running_loop_it_refuses_and_leaves_nothing_behind() -> None:
    async def main(clientset: kubeloop.Clientset) -> None:
        raise AssertionError("called")

    with pytest.raises(RuntimeError, match="running event loop"):
        kubeloop.run(main, NOWHERE)
