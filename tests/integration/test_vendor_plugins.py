"""The AWS CLI as an exec plugin, which signs a URL with credentials of the environment, without a network.

`make plugins` installs it into an environment of its own.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import kubeloop
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.transport import open_transport
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.exec_plugins import V1, MeasuredPlugins
from tests.support.raw_server import raw_server, reply

PLUGINS = Path(__file__).parents[2] / ".venv-plugins"
# The example credentials of the AWS documentation.
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Put the plugin into `PATH`, without settings of this machine for it; return its path."""
    aws = PLUGINS / "bin" / "aws"
    if not (PLUGINS / ".installed").exists():
        pytest.fail("the AWS CLI is not installed: run `make plugins`")
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{aws.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return str(aws)


def write_kubeconfig(folder: Path, server: str, *, version: str = f"{V1}beta1", keys: dict[str, str] = KEYS) -> Path:
    """Write a kubeconfig with the user that `aws eks update-kubeconfig` writes, and credentials in the environment."""
    env = {**keys, "AWS_EC2_METADATA_DISABLED": "true"}
    plugin = {
        "apiVersion": version,
        "command": "aws",
        "args": ["--region", "eu-central-1", "eks", "get-token", "--cluster-name", "demo", "--output", "json"],
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    if version == V1:
        plugin["interactiveMode"] = "Never"
    ca = base64.b64encode(authority().certificate).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "demo",
        "clusters": [{"name": "demo", "cluster": {"server": server, "certificate-authority-data": ca}}],
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo"}}],
        "users": [{"name": "demo", "user": {"exec": plugin}}],
    }
    path = folder / "config"
    path.write_text(json.dumps(document))
    return path


def parts_of(token: str) -> dict[str, Any]:
    """Return the parameters of the signed URL in a token."""
    prefix, _, encoded = token.partition(".")
    assert prefix == "k8s-aws-v1"
    url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    assert url.hostname == "sts.eu-central-1.amazonaws.com"
    return parse_qs(url.query)


@pytest.mark.usefixtures("path")
async def test_the_token_of_the_plugin_is_sent_and_kept(tmp_path: Path) -> None:
    metrics = MeasuredPlugins()
    tls = server_context(authority().sign("server"), tmp_path)
    async with raw_server(reply(), tls=tls) as server:
        config = kubeloop.load_config(write_kubeconfig(tmp_path, server.url)).replace(metrics=metrics)
        transport = open_transport(config)
        for _ in range(2):
            assert (await transport.request(Request("GET", "/api"))).status == 200
        await transport.close()
    first, second = (request.header("authorization") or "" for request in server.requests)
    assert first == second
    assert first.startswith("Bearer ")
    parts = parts_of(first.removeprefix("Bearer "))
    assert parts["Action"] == ["GetCallerIdentity"]
    assert parts["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert parts["X-Amz-Credential"][0].startswith("AKIAIOSFODNN7EXAMPLE/")
    assert metrics.runs == [(0, "no_error")]


@pytest.mark.usefixtures("path")
async def test_the_token_expires_in_less_than_15_minutes(tmp_path: Path) -> None:
    """In the version v1 too, which the plugin learns from its input."""
    config = kubeloop.load_config(write_kubeconfig(tmp_path, "https://a", version=V1))
    assert config.exec is not None
    clock = [datetime.now(UTC)]
    source = ExecPlugin(config.exec, config, now=lambda: clock[0])
    first = await source.fetch()
    clock[0] += timedelta(minutes=10)
    assert source.cached() is first
    clock[0] += timedelta(minutes=5)
    assert source.cached() is None


@pytest.mark.usefixtures("path")
async def test_missing_credentials_are_the_plugins_own_words(tmp_path: Path) -> None:
    config = kubeloop.load_config(write_kubeconfig(tmp_path, "https://a", keys={}))
    assert config.exec is not None
    with pytest.raises(kubeloop.CredentialError, match=r"aws failed with code 25\d: .*Unable to locate credentials"):
        await ExecPlugin(config.exec, config).fetch()


async def test_an_allowlist_names_the_plugin_or_its_path(tmp_path: Path, path: str) -> None:
    kubeconfig = write_kubeconfig(tmp_path, "https://a")

    def source(*allowlist: str) -> ExecPlugin:
        policy = kubeloop.ExecPolicy("Allowlist", allowlist)
        config = kubeloop.load_config(kubeconfig, exec_policy=policy)
        assert config.exec is not None
        return ExecPlugin(config.exec, config)

    with pytest.raises(kubeloop.CredentialError, match=r"aws .* was not run, because it is not in the allowlist"):
        await source("gke-gcloud-auth-plugin").fetch()
    assert ((await source(path).fetch()).authorization or "").startswith("Bearer k8s-aws-v1.")
