"""`exec_cluster_config`: for programs that are exec plugins, the config of the cluster that they were run for.

Reference: client-go tools/auth/exec, LoadExecCredentialFromEnv; rest/exec.go, ExecClusterToConfig.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

from kubeloop.config.config import Config
from kubeloop.config.config_source import Source
from kubeloop.config.exec_config import API_VERSIONS
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["exec_cluster_config"]

_VARIABLE = "KUBERNETES_EXEC_INFO"


def exec_cluster_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Create the config of the cluster for which this program was run as an exec plugin.

    Args:
        environ: The environment; `KUBERNETES_EXEC_INFO` contains the `ExecCredential` that the client wrote.

    Returns:
        A config without credentials: the server, its certificate authority, name, proxy and compression.

    Raises:
        ConfigError: The variable is not set or is not an `ExecCredential`, or contains no cluster, because the
            kubeconfig does not set `provideClusterInfo`.
    """
    text = environ.get(_VARIABLE, "")
    if not text:
        raise ConfigError(f"{_VARIABLE} is not set: this program was not run as an exec plugin")
    try:
        info: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigError(f"{_VARIABLE}: expected JSON, got {len(text)} characters that are not") from None
    if not isinstance(info, dict) or info.get("kind") != "ExecCredential" or info.get("apiVersion") not in API_VERSIONS:
        raise ConfigError(f"{_VARIABLE}: expected an ExecCredential of {' or '.join(API_VERSIONS)}")
    spec = info.get("spec")
    cluster = spec.get("cluster") if isinstance(spec, dict) else None
    if not isinstance(cluster, dict):
        raise ConfigError(f"{_VARIABLE} contains no cluster: set provideClusterInfo in the kubeconfig's exec entry")
    try:
        return Config(
            host=cluster.get("server", ""),
            tls_server_name=cluster.get("tls-server-name"),
            insecure_skip_tls_verify=cluster.get("insecure-skip-tls-verify", False),
            ca_data=base64.b64decode(cluster.get("certificate-authority-data", ""), validate=True) or None,
            proxy_url=cluster.get("proxy-url") or None,
            disable_compression=cluster.get("disable-compression", False),
            source=Source(file=_VARIABLE),
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{_VARIABLE}: the cluster cannot be used: {error}") from None
