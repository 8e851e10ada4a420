"""For authors of exec plugins: what the client passes to the plugin that it runs; `exec_request` writes it.

Reference: client-go tools/auth/exec/exec.go, LoadExecCredential; rest/exec.go, ExecClusterToConfig.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.value import Value
from kubeloop.config.config import Config
from kubeloop.config.config_source import Source
from kubeloop.config.document_fields import Fields
from kubeloop.config.exec_config import API_VERSIONS, EXEC_INFO
from kubeloop.config.exec_output import json_or_yaml
from kubeloop.config.server_url import check_proxy_url
from kubeloop.errors import ConfigError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ExecInput", "load_exec_credential", "load_exec_credential_from_env"]


class ExecInput(Value, frozen=True, kw_only=True):
    """What a client passes to an exec plugin.

    Attributes:
        api_version: The version of the `ExecCredential` that the plugin must print.
        interactive: Whether the plugin may ask a person on stdin.
        config: The cluster, without credentials.
        cluster_config: The content of the cluster's extension `client.authentication.k8s.io/exec`; None if it has none.
    """

    unshown = frozenset({"cluster_config"})

    api_version: str
    interactive: bool
    config: Config
    # A JSON value of any type, which the plugin defines.
    cluster_config: Any = None


def load_exec_credential_from_env(environ: Mapping[str, str] | None = None) -> ExecInput:
    """Return what the client passed to this program, which is an exec plugin.

    The kubeconfig must contain `provideClusterInfo: true`.

        cluster = kubeloop.config.load_exec_credential_from_env().config

    Args:
        environ: The environment; None for that of the process.

    Raises:
        ConfigError: The program does not run as an exec plugin, or the input has another form or no cluster.

    Reference: client-go tools/auth/exec/exec.go, LoadExecCredentialFromEnv.
    """
    text = (os.environ if environ is None else environ).get(EXEC_INFO, "")
    if not text:
        raise ConfigError(f"{EXEC_INFO} is not set or empty: this program must be run as an exec plugin")
    return load_exec_credential(text)


def load_exec_credential(text: str | bytes) -> ExecInput:
    """Parse what a client passes to an exec plugin; see `load_exec_credential_from_env`.

    Args:
        text: An `ExecCredential` as JSON or YAML.

    Raises:
        ConfigError: The text has another form or contains no cluster. The message contains no value.

    Reference: client-go tools/auth/exec/exec.go, LoadExecCredential.
    """
    # A variable of the environment may contain bytes that are not UTF-8.
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    try:
        document = json_or_yaml(data)
    except DecodeError:
        raise_alone(ConfigError(f"{EXEC_INFO}: expected an ExecCredential, got text that is not JSON or YAML"))
    root = Fields(document, EXEC_INFO, "")
    version, kind = root.text("apiVersion"), root.text("kind")
    if kind != "ExecCredential" or version not in API_VERSIONS:
        supported = " or ".join(API_VERSIONS)
        raise root.error(
            f"expected an ExecCredential of {supported}, got {kind or 'no kind'} of {version or 'no apiVersion'}"
        )
    spec = root.child("spec")
    if not spec.has("cluster"):
        raise root.error("there is no cluster: set provideClusterInfo in the kubeconfig to true")
    cluster = spec.child("cluster")
    return ExecInput(
        api_version=version,
        interactive=spec.flag("interactive"),
        config=_config(cluster),
        cluster_config=cluster.value("config"),
    )


def _config(cluster: Fields) -> Config:
    proxy = cluster.text("proxy-url") or None
    if proxy is not None:
        try:
            check_proxy_url(proxy)
        except ValueError as error:
            raise_alone(cluster.error(str(error)))
    return Config(
        host=cluster.text("server"),
        ca_data=cluster.data("certificate-authority-data"),
        insecure_skip_tls_verify=cluster.flag("insecure-skip-tls-verify"),
        tls_server_name=cluster.text("tls-server-name") or None,
        proxy_url=proxy,
        disable_compression=cluster.flag("disable-compression"),
        source=Source(file=EXEC_INFO),
    )
