"""The input of a plugin, read by the author of the plugin."""

import json

import pytest

from kubeloop.config import Config, ExecConfig, load_exec_credential, load_exec_credential_from_env
from kubeloop.config.exec_request import exec_info
from kubeloop.errors import ConfigError
from tests.support.exec_plugins import V1, plugin_maker

CLUSTER = {"server": "https://a:6443", "config": None}


def told(cluster=CLUSTER, **changes):
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "spec": {"cluster": cluster}, **changes})


@pytest.mark.parametrize("version", [V1, f"{V1}beta1"])
def test_all_of_the_cluster_comes_back(version):
    config = Config(
        host="https://a:6443/prefix",
        ca_data=b"PEM",
        tls_server_name="inner",
        proxy_url="socks5://user:SECRET@proxy:1",
        disable_compression=True,
        token="SECRET",
    )
    plugin = ExecConfig(command="a", api_version=version, provide_cluster_info=True, cluster_config={"audience": "x"})
    found = load_exec_credential(json.dumps(exec_info(plugin, config, interactive=True)))
    assert (found.api_version, found.interactive, found.cluster_config) == (version, True, {"audience": "x"})
    assert found.config == config.replace(token=None, source=found.config.source)
    assert "SECRET" not in repr(found)


def test_a_cluster_without_verification_comes_back():
    config = Config(host="https://a", insecure_skip_tls_verify=True)
    plugin = ExecConfig(command="a", provide_cluster_info=True)
    found = load_exec_credential(json.dumps(exec_info(plugin, config, interactive=False)).encode())
    assert found.config.insecure_skip_tls_verify
    assert (found.interactive, found.cluster_config) == (False, None)


def test_yaml_is_read_too():
    found = load_exec_credential(
        f"kind: ExecCredential\napiVersion: {V1}\nspec: {{cluster: {{server: 'https://b'}}}}\n"
    )
    assert found.config.host == "https://b"


async def test_a_plugin_reads_its_own_environment(tmp_path):
    """The plugin is a Python program that uses kubeloop, and prints the address as its token."""
    script = "from kubeloop.config import load_exec_credential_from_env as load\ngive(token=load().config.host)"
    config = Config(host="https://told:1")
    _, source = plugin_maker(tmp_path)(script, config=config, provide_cluster_info=True)
    assert (await source.fetch()).authorization == "Bearer https://told:1"


@pytest.mark.parametrize("environ", [{}, {"KUBERNETES_EXEC_INFO": ""}])
def test_says_that_the_program_is_not_run_as_a_plugin(environ):
    with pytest.raises(ConfigError, match="KUBERNETES_EXEC_INFO is not set or empty: this program must be run as"):
        load_exec_credential_from_env(environ)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{SECRET", "got text that is not JSON or YAML"),
        ("\udcff", "got text that is not JSON or YAML"),
        (b"\xc3\x28", "got text that is not JSON or YAML"),
        ("[" * 100_000, "got text that is not JSON or YAML"),
        ("SECRET", "must be a mapping"),
        (b"\xff\xfe", "must be a mapping"),
        ("[1]", "must be a mapping"),
        ("{}", "got no kind of no apiVersion"),
        (told(kind="Pod"), "got Pod of client.authentication.k8s.io/v1$"),
        (told(apiVersion="client.authentication.k8s.io/v1alpha1"), "got ExecCredential of .*v1alpha1$"),
        (told(apiVersion="v1"), "got ExecCredential of v1$"),
        (told(None), "there is no cluster: set provideClusterInfo in the kubeconfig to true"),
        (told(spec=None), "there is no cluster"),
        (told(spec=[]), "spec: must be a mapping"),
        (told(["SECRET"]), "spec.cluster: must be a mapping"),
        (told({**CLUSTER, "server": 1}), "spec.cluster.server must be a string"),
        (told({**CLUSTER, "certificate-authority-data": "SECRET!"}), "certificate-authority-data must be base64"),
        (told({**CLUSTER, "insecure-skip-tls-verify": "SECRET"}), "must be true or false"),
        (told({**CLUSTER, "server": "://SECRET"}), "KUBERNETES_EXEC_INFO: "),
        (told({**CLUSTER, "proxy-url": "ftp://user:SECRET@a"}), "spec.cluster: .*"),
        (
            told({**CLUSTER, "insecure-skip-tls-verify": True, "certificate-authority-data": "UEVN"}),
            "exclude each other",
        ),
        (told(spec={"interactive": "SECRET", "cluster": CLUSTER}), "spec.interactive must be true or false"),
    ],
)
def test_says_what_is_wrong_and_quotes_no_value(text, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_exec_credential(text)
    assert "SECRET" not in str(caught.value) or "://SECRET" in str(text)
    assert str(caught.value).startswith("KUBERNETES_EXEC_INFO: ")
