"""The config of a pod, from the environment and the files that Kubernetes adds to each container.

Reference: client-go rest/config.go, InClusterConfig; tools/clientcmd/client_config.go, inClusterClientConfig.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.config.config import Config
from kubeloop.config.config_source import Source
from kubeloop.config.files import read_file
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SERVICE_ACCOUNT_DIR", "in_cluster_config", "in_cluster_namespace", "is_in_cluster"]

logger = logging.getLogger(__name__)

SERVICE_ACCOUNT_DIR = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def is_in_cluster(environ: Mapping[str, str] = os.environ, directory: Path = SERVICE_ACCOUNT_DIR) -> bool:
    """Return whether the address of the API server is in the environment and a token file exists."""
    has_service = bool(environ.get("KUBERNETES_SERVICE_HOST")) and bool(environ.get("KUBERNETES_SERVICE_PORT"))
    return has_service and (directory / "token").is_file()


def in_cluster_config(environ: Mapping[str, str] = os.environ, directory: Path = SERVICE_ACCOUNT_DIR) -> Config:
    """Create the config of the pod that this program runs in, from its service account.

    Args:
        environ: The variables `KUBERNETES_SERVICE_HOST`, `KUBERNETES_SERVICE_PORT` and, optionally, `POD_NAMESPACE`.
        directory: The directory that contains `token`, `ca.crt` and `namespace`.

    Returns:
        A config that reads the token and the certificate authority again when they are renewed.

    Raises:
        ConfigError: The program does not run in a cluster, or the token cannot be read.

    Reference: client-go rest/config.go, InClusterConfig.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise ConfigError(
            "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; "
            "outside of a cluster use a kubeconfig (argument, KUBECONFIG, or ~/.kube/config)"
        )
    token_file, ca_file = directory / "token", directory / "ca.crt"
    try:
        token = read_file(token_file).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise_alone(ConfigError(f"in-cluster: cannot read the service account's token {token_file}: {_why(error)}"))
    namespace, named_by = in_cluster_namespace(environ, directory)
    return Config(
        host=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=namespace,
        ca_file=str(ca_file) if _is_readable(ca_file) else None,
        token=token,
        token_file=str(token_file),
        source=Source(file="in-cluster", found_by="KUBERNETES_SERVICE_HOST", namespace=named_by),
    )


def in_cluster_namespace(
    environ: Mapping[str, str] = os.environ, directory: Path = SERVICE_ACCOUNT_DIR
) -> tuple[str, str]:
    """Return the namespace of the pod and its origin; `("default", "")` if nothing names a namespace."""
    if namespace := environ.get("POD_NAMESPACE", ""):
        return namespace, "POD_NAMESPACE"
    try:
        namespace = read_file(directory / "namespace").decode().strip()
    except (OSError, UnicodeDecodeError):
        namespace = ""
    return (namespace, "the service account") if namespace else ("default", "")


def _is_readable(ca_file: Path) -> bool:
    try:
        if b"-----BEGIN CERTIFICATE-----" in read_file(ca_file):
            return True
        logger.error("in-cluster: no certificate in %s; the system's authorities are used", ca_file)
    except OSError as error:
        logger.error("in-cluster: cannot read %s (%s); the system's authorities are used", ca_file, _why(error))
    return False


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8 text"
