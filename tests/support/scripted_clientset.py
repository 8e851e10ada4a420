"""A Clientset against a script, and the pods that the script has."""

from __future__ import annotations

import random
from typing import Any

from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from tests.support.scripted_transport import ScriptedTransport, event

__all__ = ["added", "clientset", "pod"]


def pod(name: str, version: int | str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "x", "resourceVersion": str(version), "uid": name},
    }


def added(*versions: int) -> bytes:
    return b"".join(event("ADDED", pod(f"p{version}", version)) for version in versions)


def clientset(*script: Any) -> tuple[Clientset, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    config = Config(host="https://server")
    return Clientset(config, transport=transport, random=random.Random(7)), transport
