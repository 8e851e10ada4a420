"""The kubeconfig entries of the page on credentials can be loaded, and its programs run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.cli import main
from kubeloop.config.exec_request import exec_info
from kubeloop.meta import yaml
from tests.support.markdown import ROOT, fences

PAGE = ROOT / "docs" / "how-to" / "credentials.md"
ENTRIES = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
CONSOLE = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = ["aws", "gke-gcloud-auth-plugin", "kubelogin", "kubelogin", "doctl", "oci", "/usr/local/bin/tsh", "kubectl"]


def names_of(defined: str) -> dict[str, Any]:
    """Run the fence that contains this text, and return its names."""
    code = next(fence.code for fence in fences(PAGE) if defined in fence.code)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize(("entry", "command"), list(zip(ENTRIES, COMMANDS, strict=True)), ids=COMMANDS)
def test_the_entries_of_vendors_can_be_loaded(tmp_path: Path, entry: str, command: str) -> None:
    document: Any = yaml.load_first(entry.encode())
    name = document["users"][0]["name"]
    document["clusters"] = [{"name": "c", "cluster": {"server": "https://a"}}]
    document["contexts"] = [{"name": "x", "context": {"cluster": "c", "user": name}}]
    document["current-context"] = "x"
    (tmp_path / "config").write_text(json.dumps(document))
    config = kubeloop.load_config(tmp_path / "config")
    assert config.exec is not None
    assert config.exec.command == command
    assert config.exec.interactive_mode == ("Never" if name == "workload" else "IfAvailable")


@pytest.mark.parametrize(
    ("defined", "setting"),
    [
        ("fixed =", "token"),
        ("cert_file=", "cert_file"),
        ("username=", "username"),
        ("exec=kubeloop.ExecConfig", "exec"),
    ],
)
def test_the_configs_of_the_page_are_valid(defined: str, setting: str) -> None:
    names = names_of(defined)
    assert getattr(names.get("config") or names["fixed"], setting)


def test_the_command_for_oidc_writes_settings_that_can_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    command = next(fence for fence in CONSOLE if "--auth-provider=oidc" in fence).replace("\\\n", " ")
    assert main(shlex.split(command.removeprefix("$ kubeloop "))) == 0
    assert main(["config", "set-cluster", "c", "--server=https://a"]) == 0
    assert main(["config", "set-context", "x", "--cluster=c", "--user=me"]) == 0
    provider = kubeloop.load_config(path, context="x").auth_provider
    assert provider == kubeloop.AuthProvider(
        issuer_url="https://issuer.example.com",
        client_id="kubernetes",
        client_secret="SECRET",
        id_token="TOKEN",
        refresh_token="TOKEN",
        file=str(path),
        user="me",
    )


def test_the_functions_of_the_page_change_a_config() -> None:
    config = kubeloop.Config(host="https://a", exec=kubeloop.ExecConfig(command="aws"))
    changed = names_of("def with_own_stdin")["with_own_stdin"](config)
    assert changed.exec.stdin_unavailable == "the program reads manifests from it"
    assert names_of("def without_credentials")["without_credentials"](config).exec is None
    assert names_of("def as_jane")["as_jane"](config).impersonate == kubeloop.Impersonation(
        user="jane", groups=("dev",)
    )


def test_the_policy_of_the_page_is_used_for_a_file(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
                    "clusters: [{name: c, cluster: {server: 'https://a'}}]\n")  # fmt: skip
    names = names_of("def load(")
    assert names["load"](str(path)).exec_policy == names["policy"]


def test_the_plugin_of_the_page_prints_what_a_client_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = kubeloop.ExecConfig(command="me", provide_cluster_info=True)
    info = exec_info(plugin, kubeloop.Config(host="https://a"), interactive=False)
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", json.dumps(info))
    names_of("def print_credential")["print_credential"]("abc")
    assert json.loads(capsys.readouterr().out) == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "abc"},
    }
