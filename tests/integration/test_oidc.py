"""ID tokens of an OpenID Connect provider with real signatures, which a real API server checks.

The module starts an API server of its own with `--oidc-*` flags. kubelogin of Azure runs as it is (`make plugins`).
kubelogin of int128 (https://github.com/int128/kubelogin) is represented by a program with its documented options and
output, because the registry of Go modules does not contain it.
"""

import asyncio
import base64
import json
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

import kubeloop
from kubeloop.config import load_config
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.meta import yaml
from kubeloop.metrics import Metrics
from kubeloop.models import authentication_v1, meta_v1, rbac_v1
from kubeloop.testing import ControlPlane
from tests.support.certificates import authority
from tests.support.exec_plugins import V1
from tests.support.markdown import ROOT
from tests.support.oidc_provider import served_provider

PAGE = ROOT / "docs" / "how-to" / "credentials.md"
AZURE_KUBELOGIN = ROOT / ".venv-plugins" / "bin" / "kubelogin"

# kubelogin's `get-token` with the grant `password`: its options, and the document that it prints.
KUBELOGIN = """
import argparse, base64, json, os, ssl, urllib.parse, urllib.request
from datetime import UTC, datetime

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["get-token"])
parser.add_argument("--grant-type", choices=["password"])
for name in ("issuer-url", "client-id", "client-secret"):
    parser.add_argument("--oidc-" + name)
for name in ("certificate-authority", "username", "password"):
    parser.add_argument("--" + name)
options = parser.parse_args()
trust = ssl.create_default_context(cafile=options.certificate_authority)

def fetch(url, form=None, headers={}):
    body = None if form is None else urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), context=trust, timeout=20) as response:
        return json.load(response)

endpoint = fetch(options.oidc_issuer_url + "/.well-known/openid-configuration")["token_endpoint"]
pair = base64.b64encode(f"{options.oidc_client_id}:{options.oidc_client_secret}".encode()).decode()
form = {"grant_type": "password", "scope": "openid", "username": options.username, "password": options.password}
token = fetch(endpoint, form, {"Authorization": f"Basic {pair}"})["id_token"]
claims = token.split(".")[1]
expires = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
credential = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
credential["status"] = {
    "expirationTimestamp": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "token": token,
}
print(json.dumps(credential, separators=(",", ":")))
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with served_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture(scope="module")
def oidc_plane(provider, tmp_path_factory):
    ca_file = tmp_path_factory.mktemp("authority") / "ca.crt"
    ca_file.write_bytes(authority().certificate)
    flags = {
        "issuer-url": provider.issuer,
        "client-id": provider.client_id,
        "ca-file": ca_file,
        "username-claim": "sub",
        "username-prefix": "oidc:",
        "groups-claim": "groups",
        "groups-prefix": "oidc:",
    }
    with ControlPlane(api_server_args=[f"--oidc-{name}={value}" for name, value in flags.items()]) as plane:
        yield plane


@pytest.fixture
def write(oidc_plane, provider, tmp_path):
    """Write the kubeconfig of a user of the provider, and return its path."""

    def write(tokens, **settings):
        document = json.loads(oidc_plane.kubeconfig.read_text())
        config = {
            "idp-issuer-url": provider.issuer,
            "client-id": provider.client_id,
            "client-secret": provider.client_secret,
            "idp-certificate-authority-data": base64.b64encode(authority().certificate).decode(),
            "id-token": tokens.id_token,
            "refresh-token": tokens.refresh_token,
        }
        document["users"][0]["user"] = {"auth-provider": {"name": "oidc", "config": config}, **settings}
        path = tmp_path / "config"
        path.write_text(json.dumps(document))
        return path

    return write


async def who(config):
    """Return the user name and the groups that the server recognizes."""
    async with kubeloop.Clientset(config) as clientset:
        return await who_is(clientset)


async def who_is(clientset):
    review = await clientset.authentication_v1.self_subject_reviews().create(authentication_v1.SelfSubjectReview())
    return review.status.user_info.username, set(review.status.user_info.groups)


async def test_a_valid_token_is_sent_as_it_is(provider, write):
    tokens = provider.login("jane", groups=["dev"])
    path = write(tokens)
    provider.requests.clear()
    name, groups = await who(load_config(path))
    assert (name, "oidc:dev" in groups) == ("oidc:jane", True)
    assert ("POST", "/token") not in provider.requests
    assert load_config(path).auth_provider.id_token == tokens.id_token


async def test_a_refreshed_token_is_accepted_and_written(provider, write):
    tokens = provider.login("jane", groups=["dev", "ops"], lifetime=-60)
    path = write(tokens)
    name, groups = await who(load_config(path))
    assert (name, groups) == ("oidc:jane", {"oidc:dev", "oidc:ops", "system:authenticated"})
    written = load_config(path).auth_provider
    assert written.id_token != tokens.id_token
    assert written.refresh_token != tokens.refresh_token
    provider.requests.clear()
    assert (await who(load_config(path)))[0] == "oidc:jane"  # as the next program, with the written token
    assert ("POST", "/token") not in provider.requests


async def test_many_requests_cause_one_refresh(provider, write):
    config = load_config(write(provider.login("jane", lifetime=-60)))
    provider.requests.clear()
    async with kubeloop.Clientset(config) as clientset, kubeloop.Clientset(config) as other:
        found = await asyncio.gather(*(who_is(each) for each in (clientset, other) for _ in range(10)))
    assert {name for name, _ in found} == {"oidc:jane"}
    assert provider.requests.count(("POST", "/token")) == 1


async def test_a_token_of_another_client_is_rejected_and_replaced(provider, write, monkeypatch):
    """The server responds with 401 because of the audience; the next token is of the right client."""
    monkeypatch.setattr(provider, "client_id", "stranger")
    tokens = provider.login("jane")
    monkeypatch.undo()
    path = write(tokens)
    assert (await who(load_config(path)))[0] == "oidc:jane"
    assert load_config(path).auth_provider.id_token != tokens.id_token


async def test_a_token_with_a_wrong_signature_is_unauthorized(provider, write):
    head, claims, signature = provider.login("jane").id_token.split(".")
    changed = f"{head}.{claims}.{'A' * len(signature)}"
    config = load_config(write(provider.login("jane").replace(id_token=changed, refresh_token="")))
    with pytest.raises(kubeloop.Unauthorized) as caught:
        await who(config)
    assert changed not in str(caught.value)


async def test_a_revoked_refresh_token_is_an_error_that_names_the_provider(provider, write):
    tokens = provider.login("jane", lifetime=-60)
    provider.revoke(tokens.refresh_token)
    with pytest.raises(
        kubeloop.CredentialError, match=r"refused the refresh token \(invalid_grant.*log in again"
    ) as caught:
        await who(load_config(write(tokens)))
    assert f"OIDC provider {provider.issuer}: " in str(caught.value)
    assert tokens.refresh_token not in str(caught.value)


async def bind(plane, kind, name):
    """Allow a user or a group to read everything except Secrets."""
    group = "rbac.authorization.k8s.io"
    binding = rbac_v1.ClusterRoleBinding(
        metadata=meta_v1.ObjectMeta(name=name.replace(":", "-")),
        role_ref=rbac_v1.RoleRef(api_group=group, kind="ClusterRole", name="system:aggregate-to-view"),
        subjects=[rbac_v1.Subject(kind=kind, name=name, api_group=group)],
    )
    async with kubeloop.Clientset(load_config(plane.kubeconfig)) as admin:
        with suppress(kubeloop.AlreadyExists):  # from the run with the other content type
            await admin.rbac_v1.cluster_role_bindings().create(binding)


async def test_the_groups_of_the_token_decide_what_the_user_may_do(oidc_plane, provider, write):
    await bind(oidc_plane, "Group", "oidc:viewers")
    config = load_config(write(provider.login("jane", groups=["viewers"], lifetime=-60)))
    async with kubeloop.Clientset(config) as clientset:
        services = clientset.core_v1.services("default")
        assert [each.metadata.name for each in (await services.list()).items] == ["kubernetes"]
        with pytest.raises(kubeloop.Forbidden, match="oidc:jane"):
            await services.delete("kubernetes")


async def test_a_watch_is_opened_with_a_refreshed_token(oidc_plane, provider, write):
    await bind(oidc_plane, "User", "oidc:watcher")
    config = load_config(write(provider.login("watcher", lifetime=-60)))
    async with kubeloop.Clientset(config) as clientset, clientset.core_v1.services("default").watch() as events:
        event = await anext(events)
        assert (event.type, event.object.metadata.name) == ("ADDED", "kubernetes")


async def test_a_plugin_with_the_options_and_output_of_kubelogin(oidc_plane, provider, tmp_path):
    """A stand-in for kubelogin, with its documented options and output, and tokens of the provider."""
    provider.add_password("joe", "pass-5ecret", groups=["ops"])
    (tmp_path / "ca.crt").write_bytes(authority().certificate)
    script = tmp_path / "kubelogin"
    script.write_text(f"#!{sys.executable}\n{KUBELOGIN}")
    script.chmod(0o755)
    document = json.loads(oidc_plane.kubeconfig.read_text())
    document["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./kubelogin",
            "interactiveMode": "Never",
            "args": [
                "get-token",
                f"--oidc-issuer-url={provider.issuer}",
                f"--oidc-client-id={provider.client_id}",
                f"--oidc-client-secret={provider.client_secret}",
                "--grant-type=password",
                "--username=joe",
                "--password=pass-5ecret",
                f"--certificate-authority={tmp_path / 'ca.crt'}",
            ],
        }
    }
    (tmp_path / "config").write_text(json.dumps(document))
    name, groups = await who(load_config(tmp_path / "config"))
    assert (name, "oidc:ops" in groups) == ("oidc:joe", True)


@pytest.fixture
def azure_kubelogin(oidc_plane, provider, tmp_path, monkeypatch):
    """Return a function that writes a kubeconfig with the how-to's entry for kubelogin and with values of the test."""
    if not AZURE_KUBELOGIN.exists():
        pytest.fail("kubelogin is not built: run `make plugins`")
    for name in os.environ:
        if name.startswith(("AZURE_", "AAD_", "ACTIONS_ID_TOKEN_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{AZURE_KUBELOGIN.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))  # where it caches tokens
    (tmp_path / "ca.crt").write_bytes(authority().certificate)
    host, _, tenant = provider.issuer.rpartition("/")
    entries = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (entry,) = (each for each in entries if "workloadidentity" in each)

    def write(federated_token, version=V1):
        (tmp_path / "federated").write_text(federated_token)
        values = {
            "--server-id": provider.client_id,
            "--tenant-id": tenant,
            "--federated-token-file": tmp_path / "federated",
            "--authority-host": f"{host}/",
        }
        plugin = yaml.load_first(entry.encode())["users"][0]["user"]["exec"]
        options = (arg.partition("=") for arg in plugin["args"])
        plugin["args"] = [f"{name}{equals}{values.get(name, value)}" for name, equals, value in options]
        plugin["env"][0]["value"] = str(tmp_path / "ca.crt")
        plugin["apiVersion"] = version
        document = json.loads(oidc_plane.kubeconfig.read_text())
        document["users"][0]["user"] = {"exec": plugin}
        path = tmp_path / "config"
        path.write_text(json.dumps(document))
        return path

    provider.requests.clear()
    return write


def runs_of(metrics):
    """Return how often a plugin has run without an error."""
    return metrics.value("rest_client_exec_plugin_call_total", code="0", call_status="no_error")


@pytest.mark.parametrize("version", [V1, f"{V1}beta1"])
async def test_a_token_of_kubelogin_is_accepted(provider, azure_kubelogin, version):
    metrics = Metrics()
    path = azure_kubelogin(provider.login("joe", groups=["ops"]).id_token, version)
    async with kubeloop.Clientset(load_config(path).replace(metrics=metrics)) as clientset:
        found = await asyncio.gather(*(who_is(clientset) for _ in range(10)))
    groups = {"oidc:ops", "system:authenticated"}
    assert all(each == ("oidc:joe", groups) for each in found)
    assert runs_of(metrics) == 1
    assert provider.requests.count(("POST", "/token")) == 1


async def test_kubelogin_runs_again_after_its_token_has_expired(provider, azure_kubelogin, monkeypatch):
    """kubelogin itself returns no cached token that expires within five minutes."""
    monkeypatch.setattr(provider, "lifetime", 60.0)
    config = load_config(azure_kubelogin(provider.login("joe", lifetime=3600).id_token))
    clock = [datetime.now(UTC)]
    source = ExecPlugin(config.exec, config, now=lambda: clock[0])
    first = await source.fetch()
    clock[0] += timedelta(seconds=30)
    assert await source.fetch() is first
    clock[0] += timedelta(seconds=60)
    assert source.cached() is None
    second = await source.fetch()
    assert second.authorization != first.authorization
    assert provider.requests.count(("POST", "/token")) == 2
    token = second.authorization.removeprefix("Bearer ")
    assert (await who(config.replace(exec=None, token=token)))[0] == "oidc:joe"


async def test_kubelogin_runs_again_after_the_server_rejected_its_token(provider, azure_kubelogin, monkeypatch):
    """The clock of the provider is an hour slow for the first token, so only the server knows that it has expired."""
    monkeypatch.setattr(provider, "lifetime", 60.0)
    path = azure_kubelogin(provider.login("joe", lifetime=3600).id_token)
    right = provider.now
    monkeypatch.setattr(
        provider, "now", lambda: right() - (3600 if provider.requests.count(("POST", "/token")) < 2 else 0)
    )
    metrics = Metrics()
    assert (await who(load_config(path).replace(metrics=metrics)))[0] == "oidc:joe"
    assert runs_of(metrics) == 2


async def test_the_error_of_kubelogin_contains_no_token(provider, azure_kubelogin):
    expired = provider.login("joe", lifetime=-60).id_token
    config = load_config(azure_kubelogin(expired))
    with pytest.raises(kubeloop.CredentialError, match=r"kubelogin failed with code 1: ") as caught:
        await who(config)
    assert "the assertion was not accepted" in str(caught.value)
    assert expired.rpartition(".")[2] not in str(caught.value)
