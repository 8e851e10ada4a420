"""Every way to authenticate, against the real API server, which reports the user that it recognizes."""

import argparse
import base64
import json
import sys
from pathlib import Path

import pytest

from kubeloop.config import (
    Config,
    ExecConfig,
    Impersonation,
    add_config_arguments,
    config_from_bytes,
    load_config,
    overrides_of,
)
from kubeloop.errors import CredentialError, TLSError
from kubeloop.transport import open_transport
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.request import Request
from tests.support.certificates import authority

REVIEW = Request(
    "POST",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    {"Content-Type": "application/json", "Accept": "application/json"},
    b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
)
PODS = Request("GET", "/api/v1/namespaces/default/pods", {"Accept": "application/json"})


@pytest.fixture
async def opened():
    transports = []

    def open_(config):
        transports.append(open_transport(config))
        return transports[-1]

    yield open_
    for transport in transports:
        await transport.close()


@pytest.fixture
def bare(control_plane):
    """Return a config without credentials: the server's address and authority."""
    return Config(host=control_plane.url, ca_file=str(control_plane.ca_file))


@pytest.fixture
def plugin(tmp_path):
    def plugin(*statuses):
        script = tmp_path / "plugin"
        script.write_text(
            f"#!{sys.executable}\nimport json, os\nruns = {str(tmp_path / 'runs')!r}\nopen(runs, 'a').write('x')\n"
            f"statuses = {list(statuses)!r}\nstatus = statuses[min(os.path.getsize(runs), len(statuses)) - 1]\n"
            "head = {'kind': 'ExecCredential', 'apiVersion': 'client.authentication.k8s.io/v1'}\n"
            "print(json.dumps({**head, 'status': status}))\n"
        )
        script.chmod(0o755)
        return ExecConfig(command=str(script), interactive_mode="Never")

    plugin.runs = lambda: len((tmp_path / "runs").read_text())
    return plugin


async def who(transport):
    response = await transport.request(REVIEW, timeout=10)
    assert response.status == 201, response.body
    return json.loads(response.body)["status"]["userInfo"]


async def test_a_client_certificate_of_a_kubeconfig(kubeconfig, opened):
    user = await who(opened(load_config(kubeconfig)))
    assert "system:masters" in user["groups"]


async def test_another_user_is_known_and_may_do_nothing(control_plane, opened):
    transport = opened(load_config(control_plane.write_kubeconfig("jane", groups=["dev"])))
    user = await who(transport)
    assert user["username"] == "jane"
    assert "dev" in user["groups"]
    response = await transport.request(PODS)
    assert response.status == 403
    assert json.loads(response.body)["reason"] == "Forbidden"


async def test_a_token_and_a_token_file_that_is_renewed(control_plane, bare, opened, tmp_path):
    assert "system:masters" in (await who(opened(bare.replace(token=control_plane.token))))["groups"]
    path = tmp_path / "token"
    path.write_text("wrong")
    transport = opened(bare.replace(token_file=str(path)))
    assert (await transport.request(PODS)).status == 401
    path.write_text(f"{control_plane.token}\n")
    assert "system:masters" in (await who(transport))["groups"]


async def test_a_wrong_token_is_unauthorized_and_none_is_anonymous(bare, opened):
    assert (await opened(bare.replace(token="wrong")).request(PODS)).status == 401
    assert (await opened(bare).request(PODS)).status in (401, 403)


async def test_a_plugins_token_is_renewed_when_the_server_rejects_it(control_plane, bare, opened, plugin):
    transport = opened(bare.replace(exec=plugin({"token": "stale"}, {"token": control_plane.token})))
    assert "system:masters" in (await who(transport))["groups"]
    await who(transport)
    assert plugin.runs() == 2


async def test_a_plugin_that_prints_yaml(control_plane, kubeconfig, opened, tmp_path):
    """(E4) A shell script, which kubectl accepts too."""
    script = tmp_path / "plugin"
    script.write_text(
        f"""#!/bin/sh
cat <<END
kind: ExecCredential
apiVersion: client.authentication.k8s.io/v1
status:
  token: {control_plane.token}
---
END
"""
    )
    script.chmod(0o755)
    document = json.loads(kubeconfig.read_text())
    plugin = {"command": "./plugin", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    document["users"][0]["user"] = {"exec": plugin}
    (tmp_path / "config").write_text(json.dumps(document))
    user = await who(opened(load_config(tmp_path / "config")))
    assert "system:masters" in user["groups"]


async def test_a_plugin_that_gives_a_client_certificate(kubeconfig, opened, plugin):
    config = load_config(kubeconfig)
    pair = {"clientCertificateData": config.cert_data.decode(), "clientKeyData": config.key_data.decode()}
    transport = opened(config.replace(cert_data=None, key_data=None, exec=plugin(pair)))
    assert "system:masters" in (await who(transport))["groups"]
    assert plugin.runs() == 1


async def test_a_plugin_that_fails_says_so_and_sends_nothing(bare, opened):
    failing = ExecConfig(command="false", interactive_mode="Never")
    with pytest.raises(CredentialError, match="false failed with code 1"):
        await opened(bare.replace(exec=failing)).request(PODS)


async def test_impersonation_arrives_whole(kubeconfig, opened):
    jane = Impersonation(user="jane", uid="u-1", groups=("dev", "ops"), extra={"Acme.com/Reason": ("a", "b,c")})
    user = await who(opened(load_config(kubeconfig).replace(impersonate=jane)))
    assert user["username"] == "jane"
    assert user["uid"] == "u-1"
    assert {"dev", "ops"} <= set(user["groups"])
    assert user["extra"]["acme.com/reason"] == ["a", "b,c"]


async def test_overrides_of_a_command_line_reach_the_server(kubeconfig, control_plane, opened):
    parser = argparse.ArgumentParser()
    add_config_arguments(parser)
    words = ["--kubeconfig", str(kubeconfig), "--as", "jane", "--as-group", "dev", "--request-timeout", "30s"]
    options = parser.parse_args([*words, "--certificate-authority", str(control_plane.ca_file)])
    user = await who(opened(load_config(options.kubeconfig, **overrides_of(options))))
    assert user["username"] == "jane"
    assert "dev" in user["groups"]
    assert (await who(opened(config_from_bytes(Path(kubeconfig).read_bytes(), as_user="joe"))))["username"] == "joe"


async def test_a_server_of_another_authority_is_not_trusted(control_plane, opened):
    stranger = Config(host=control_plane.url, ca_data=authority("stranger").certificate, token=control_plane.token)
    with pytest.raises(TLSError, match="not trusted"):
        await opened(stranger).request(PODS)
    insecure = Config(host=control_plane.url, insecure_skip_tls_verify=True, token=control_plane.token)
    assert (await opened(insecure).request(PODS)).status == 200


async def test_a_kubeconfig_with_a_token_written_by_hand(control_plane, opened, tmp_path):
    ca = base64.b64encode(control_plane.ca_file.read_bytes()).decode()
    path = tmp_path / "config"
    path.write_text(
        f"current-context: x\nclusters: [{{name: c, cluster: {{server: '{control_plane.url}', "
        f"certificate-authority-data: {ca}}}}}]\nusers: [{{name: u, user: {{token: '{control_plane.token}'}}}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
    )
    assert "system:masters" in (await who(opened(load_config(path))))["groups"]


async def test_a_large_response_is_compressed_and_decoded(kubeconfig, opened, namespace):
    transport = opened(load_config(kubeconfig))
    data = {"text": "all work and no play makes jack a dull boy\n" * 10_000}
    body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}, "data": data}).encode()
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    created = await transport.request(Request("POST", path, {"Content-Type": "application/json"}, body))
    assert created.status == 201
    response = await transport.request(Request("GET", f"{path}/big"))
    assert json.loads(response.body)["data"] == data
    assert "content-length" not in response.headers  # the message contained the length of the folded body


async def test_a_watch_streams(kubeconfig, opened, namespace):
    transport = opened(load_config(kubeconfig))
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    async with transport.stream(Request("GET", f"{path}?watch=true"), timeout=10) as stream:
        assert stream.status == 200
        body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"}}'
        await transport.request(Request("POST", path, {"Content-Type": "application/json"}, body), timeout=10)
        async for chunk in stream:
            assert json.loads(chunk.splitlines()[0])["type"] == "ADDED"
            break


async def test_a_refused_upgrade_has_the_servers_status(kubeconfig, opened, namespace):
    transport = opened(load_config(kubeconfig))
    exec_ = Request("GET", f"/api/v1/namespaces/{namespace}/pods/none/exec?command=ls&stdout=true")
    with pytest.raises(UpgradeRefused) as caught:
        async with transport.upgrade(exec_, subprotocols=["v5.channel.k8s.io"], timeout=10):
            pass
    assert caught.value.response.status == 404
    assert json.loads(caught.value.response.body)["reason"] == "NotFound"
