"""The input of an exec plugin (`KUBERNETES_EXEC_INFO`), and the key by which plugins share credentials.

Reference: client-go rest/exec.go, ConfigToExecCluster; pkg/apis/clientauthentication/v1/types.go, ExecCredentialSpec.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from kubeloop.config.files import read_file
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from kubeloop.config.config import Config
    from kubeloop.config.exec_config import ExecConfig

__all__ = ["exec_info", "plugin_key"]


def exec_info(plugin: ExecConfig, config: Config, *, interactive: bool) -> dict[str, object]:
    """Return the `ExecCredential` for the environment of a plugin.

    Raises:
        CredentialError: The plugin needs the cluster, and the file of its certificate authority cannot be read.
    """
    spec: dict[str, object] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster(plugin, config)
    return {"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec}


def plugin_key(plugin: ExecConfig, config: Config) -> str:
    """Return a hash of the settings of the plugin, its policy and the cluster: sources that agree in all share a run.

    Reference: client-go plugin/pkg/client/auth/exec/exec.go, cacheKey.
    """
    parts = [
        plugin.command,
        plugin.args,
        plugin.env,
        plugin.api_version,
        plugin.provide_cluster_info,
        plugin.interactive_mode,
        plugin.cluster_config,
        plugin.install_hint,
        plugin.stdin_unavailable,
        config.exec_policy.policy_type,
        config.exec_policy.allowlist,
        config.host,
        config.tls_server_name,
        config.insecure_skip_tls_verify,
        base64.b64encode(config.ca_data or b"").decode(),
        config.ca_file,
        config.proxy_url,
        config.disable_compression,
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _cluster(plugin: ExecConfig, config: Config) -> dict[str, object]:
    authority = config.ca_data
    if not authority and config.ca_file:
        try:
            authority = read_file(config.ca_file)
        except OSError as error:
            raise CredentialError(config.located(f"cannot read {config.ca_file}: {error.strerror or error}")) from error
    cluster: dict[str, object] = {
        "server": config.host,
        "tls-server-name": config.tls_server_name,
        "insecure-skip-tls-verify": config.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(authority or b"").decode(),
        "proxy-url": config.proxy_url,
        "disable-compression": config.disable_compression,
    }
    given = {name: value for name, value in cluster.items() if value}
    # This field has no omitempty in Go, so it is null if there is no value.
    given["config"] = plugin.cluster_config
    return given
