"""Writing kubeconfig files as JSON, which is valid YAML, so that no YAML library is needed."""

from __future__ import annotations

import base64
import json
from pathlib import Path

NAME = "kubeloop-control-plane"


def write_kubeconfig(path: Path, *, url: str, authority: Path, certificate: Path, key: Path, user: str) -> Path:
    """Write a kubeconfig for `user` at `url`, with all keys, and return its path."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": {"server": url, "certificate-authority-data": _encoded(authority)}}],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": _encoded(certificate), "client-key-data": _encoded(key)},
            }
        ],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": user, "namespace": "default"}}],
        "current-context": NAME,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
