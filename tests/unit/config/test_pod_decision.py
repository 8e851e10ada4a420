"""When the service account of a pod is used instead of kubeconfig files, and which namespace is the default there.

Reference: client-go tools/clientcmd/merged_client_builder_test.go. There is no default config here: where client-go
compares with one, the address that a kubeconfig names is used.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.config.config_overrides import ConfigOverrides
from kubeloop.config.load import choose_config
from kubeloop.errors import ConfigError, EmptyConfig

POD_HOST = "https://10.0.0.1:443"
FILE = """
current-context: x
clusters: [{name: c, cluster: {server: "http://localhost:8080"}}, {name: hollow, cluster: {}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: x, context: {cluster: c}}
- {name: named, context: {cluster: c, namespace: team}}
- {name: default, context: {cluster: c, namespace: default}}
- {name: hollow, context: {cluster: hollow}}
"""


class Pod:
    """The environment and the service account of a pod; changed by the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
        folder.mkdir()
        (folder / "token").write_text("pod-token")
        (folder / "namespace").write_text("pod-namespace\n")
        (folder / "ca.crt").write_text("-----BEGIN CERTIFICATE-----")

    def load(self, kubeconfig: str | None = None, **overrides: object) -> tuple[str, str | None, str]:
        given: ConfigOverrides = overrides  # type: ignore[assignment]
        config = choose_config(kubeconfig, given, self.environ, self.folder)
        return config.host, config.token, config.namespace


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the kubeconfig of the environment, which is missing at first."""
    path = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.delenv("POD_NAMESPACE", raising=False)
    return path


@pytest.fixture
def pod(tmp_path: Path, files: Path) -> Pod:
    return Pod(tmp_path / "account")


@pytest.mark.parametrize(
    "text", [None, "", "clusters: [{name: c, cluster: {server: 'https://c'}}]", "contexts: [{name: x}]"]
)
def test_without_a_file_or_a_current_context_the_pod_is_used(pod: Pod, files: Path, text: str | None) -> None:
    if text is not None:
        files.write_text(text)
    assert pod.load() == (POD_HOST, "pod-token", "pod-namespace")


def test_without_a_file_and_outside_of_a_pod_the_configuration_is_empty(pod: Pod) -> None:
    pod.environ.clear()
    with pytest.raises(EmptyConfig, match="this is not a pod"):
        pod.load()


def test_a_file_that_is_complete_is_used(pod: Pod, files: Path) -> None:
    files.write_text(FILE.replace("http://localhost:8080", "https://c"))
    assert pod.load()[0] == "https://c"


def test_a_file_with_the_address_that_client_go_takes_for_a_default_is_used(pod: Pod, files: Path) -> None:
    files.write_text(FILE)
    assert pod.load()[0] == "http://localhost:8080"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not YAML"),
        (FILE.replace("current-context: x", "current-context: z"), 'context "z" does not exist'),
        (FILE.replace("current-context: x", "current-context: hollow"), "the cluster has no server"),
        (FILE.replace("cluster: c}", "cluster: d}"), "no such cluster"),
    ],
)
def test_a_mistake_in_a_file_is_an_error_and_not_a_reason_to_use_the_pod(
    pod: Pod, files: Path, text: str, message: str
) -> None:
    files.write_text(text)
    with pytest.raises(ConfigError, match=message):
        pod.load()


def test_an_error_of_the_pod_is_reported_if_there_is_no_file(pod: Pod) -> None:
    (pod.folder / "token").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot read the service account's token"):
        pod.load()


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
def test_a_program_without_the_address_is_not_in_a_pod(pod: Pod, missing: str) -> None:
    del pod.environ[missing]
    with pytest.raises(EmptyConfig):
        pod.load()


def test_a_program_without_a_token_file_is_not_in_a_pod(pod: Pod) -> None:
    (pod.folder / "token").unlink()
    with pytest.raises(EmptyConfig):
        pod.load()
    (pod.folder / "token").mkdir()
    with pytest.raises(EmptyConfig):
        pod.load()


def test_a_file_that_was_asked_for_is_used_or_an_error(pod: Pod, tmp_path: Path) -> None:
    path = tmp_path / "asked"
    path.write_text(FILE)
    assert pod.load(str(path))[0] == "http://localhost:8080"
    path.write_text("")
    with pytest.raises(EmptyConfig):
        pod.load(str(path))


@pytest.mark.parametrize("name", ["context", "cluster", "user"])
def test_the_name_of_an_entry_needs_a_file(pod: Pod, name: str) -> None:
    with pytest.raises(ConfigError):
        pod.load(**{name: "x"})


# Overrides in a pod.


def test_without_overrides_everything_is_that_of_the_pod(pod: Pod) -> None:
    config = choose_config(None, {}, pod.environ, pod.folder)
    assert (config.token_file, config.ca_file) == (str(pod.folder / "token"), str(pod.folder / "ca.crt"))
    assert config.source.replaced == ()


def test_a_server_gets_no_credentials_of_the_pod(pod: Pod) -> None:
    assert pod.load(server="https://other") == ("https://other", None, "pod-namespace")


def test_a_token_replaces_the_token_and_the_token_file_of_the_pod(pod: Pod, tmp_path: Path) -> None:
    config = choose_config(None, {"token": "t"}, pod.environ, pod.folder)
    assert (config.host, config.token, config.token_file) == (POD_HOST, "t", None)
    path = tmp_path / "other"
    path.write_text("o")
    config = choose_config(None, {"token_file": str(path)}, pod.environ, pod.folder)
    assert (config.host, config.token, config.token_file) == (POD_HOST, None, str(path))


def test_an_authority_replaces_that_of_the_pod(pod: Pod, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("o")
    config = choose_config(None, {"ca_file": str(path)}, pod.environ, pod.folder)
    assert (config.host, config.token, config.ca_file) == (POD_HOST, "pod-token", str(path))


def test_other_overrides_take_effect_in_a_pod_too(pod: Pod) -> None:
    """client-go ignores them, so that a program acts with the rights of the pod instead of those of another user."""
    overrides: ConfigOverrides = {"as_user": "jane", "timeout": 5.0, "disable_compression": True}
    config = choose_config(None, overrides, pod.environ, pod.folder)
    assert config.impersonate is not None
    assert (config.impersonate.user, config.timeout, config.disable_compression) == ("jane", 5.0, True)
    assert (config.token, config.source.replaced) == ("pod-token", ("impersonate", "timeout", "disable_compression"))


# The namespace.


def test_a_namespace_that_was_asked_for_is_used_in_a_pod(pod: Pod, files: Path) -> None:
    assert pod.load(namespace="asked") == (POD_HOST, "pod-token", "asked")
    files.write_text(FILE)
    assert pod.load(namespace="asked", context="named")[2] == "asked"


def test_the_namespace_of_the_context_is_used_in_a_pod_also_if_it_is_default(pod: Pod, files: Path) -> None:
    files.write_text(FILE)
    assert pod.load(context="named")[2] == "team"
    assert pod.load(context="default")[2] == "default"


def test_a_context_without_a_namespace_has_that_of_the_pod(pod: Pod, files: Path) -> None:
    files.write_text(FILE)
    assert pod.load()[2] == "pod-namespace"


def test_outside_of_a_pod_a_context_without_a_namespace_has_default(pod: Pod, files: Path) -> None:
    files.write_text(FILE)
    pod.environ.clear()
    assert pod.load()[2] == "default"


def test_the_variable_precedes_the_service_account_and_default_is_the_last(pod: Pod) -> None:
    pod.environ["POD_NAMESPACE"] = "variable"
    assert pod.load()[2] == "variable"
    pod.environ["POD_NAMESPACE"] = ""
    assert pod.load()[2] == "pod-namespace"
    (pod.folder / "namespace").write_text(" \n")
    assert pod.load()[2] == "default"
    (pod.folder / "namespace").unlink()
    assert pod.load()[2] == "default"


def test_a_file_that_was_asked_for_has_no_namespace_of_the_pod(pod: Pod, tmp_path: Path) -> None:
    path = tmp_path / "asked"
    path.write_text(FILE)
    assert pod.load(str(path))[2] == "default"


def test_variables_that_name_only_missing_files_are_a_warning(pod: Pod, caplog: pytest.LogCaptureFixture) -> None:
    pod.load()
    assert "no file that KUBECONFIG names exists" in caplog.text


def test_a_missing_file_beside_one_that_exists_is_no_warning(
    pod: Pod, files: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_text(FILE)
    monkeypatch.setenv("KUBECONFIG", f"/no/such/file:{files}")
    pod.load()
    assert not caplog.records
