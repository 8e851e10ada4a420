"""Checks of the entries of a kubeconfig that the chosen context uses; `kubeconfig` checks the structure of all.

Reference: client-go tools/clientcmd/validation.go, ConfirmUsable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.config.config import Impersonation
from kubeloop.config.exec_config import API_VERSIONS, INTERACTIVE_MODES, ExecConfig
from kubeloop.config.files import read_file
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from kubeloop.config.config_source import Source
    from kubeloop.config.kubeconfig import ClusterEntry, ExecEntry, UserEntry

__all__ = ["check_files", "check_user", "exec_config", "impersonation"]

_REMOVED_PROVIDERS = {
    "gcp": "use the exec plugin gke-gcloud-auth-plugin",
    "azure": "use the exec plugin kubelogin (https://github.com/Azure/kubelogin)",
    "oidc": "put a token into the user entry, or use an exec plugin that logs in, such as kubectl oidc-login",
}


def check_user(user: UserEntry, source: Source) -> None:
    """Check that a user entry uses one supported way to authenticate.

    Raises:
        ConfigError: The way is not supported, or there are two. The message names file, context and user.
    """
    if user.auth_provider is not None:
        what = _REMOVED_PROVIDERS.get(user.auth_provider, "use an exec plugin, or put a token into the user entry")
        both = "; an auth-provider does not go with an exec plugin" if user.exec else ""
        raise ConfigError(f'{source}: auth-provider "{user.auth_provider}" is not supported: {what}{both}')
    if user.token and (user.username or user.password):
        raise ConfigError(f"{source}: more than one way to authenticate: basic and token; only one is allowed")


def check_files(cluster: ClusterEntry, user: UserEntry, source: Source) -> None:
    """Check that all files can be read, so that an error is raised when the config is loaded.

    Raises:
        ConfigError: A file cannot be read. The message names the file and its purpose.
    """
    files = {
        "certificate-authority": cluster.ca_file if not cluster.ca_data else None,
        "client-certificate": user.cert_file if not user.cert_data else None,
        "client-key": user.key_file if not user.key_data and (user.cert_data or user.cert_file) else None,
        "tokenFile": user.token_file if not user.token else None,
    }
    for what, path in files.items():
        if path is None:
            continue
        try:
            read_file(path)
        except OSError as error:
            raise ConfigError(f"{source}: cannot read {what} {path}: {error.strerror or error}") from error


def impersonation(user: UserEntry, source: Source) -> Impersonation | None:
    """Return the user to act as; None for no impersonation.

    Raises:
        ConfigError: The entry has `as-uid`, `as-groups` or `as-user-extra` without `as`.
    """
    if user.as_user:
        return Impersonation(user=user.as_user, uid=user.as_uid, groups=user.as_groups, extra=user.as_extra)
    if user.as_uid or user.as_groups or user.as_extra:
        raise ConfigError(f"{source}: as-uid, as-groups and as-user-extra need a user to act as: set `as`")
    return None


def exec_config(entry: ExecEntry, cluster: ClusterEntry, source: Source) -> ExecConfig:
    """Return the settings of the plugin in a user entry.

    Raises:
        ConfigError: A setting is missing or invalid, or the version is not supported.
    """
    mode = entry.interactive_mode
    if not entry.command:
        raise ConfigError(f"{source}: an exec plugin needs a command")
    if entry.api_version not in API_VERSIONS:
        supported = " and ".join(API_VERSIONS)
        raise ConfigError(f"{source}: apiVersion {entry.api_version!r} of the exec plugin; supported are {supported}")
    if not mode and entry.api_version.endswith("/v1"):
        modes = ", ".join(INTERACTIVE_MODES)
        raise ConfigError(f"{source}: an exec plugin of {entry.api_version} needs an interactiveMode: {modes}")
    try:
        return ExecConfig(
            command=entry.command,
            args=entry.args,
            env=entry.env,
            api_version=entry.api_version,
            install_hint=entry.install_hint,
            provide_cluster_info=entry.provide_cluster_info,
            interactive_mode=mode or "IfAvailable",
            cluster_config=cluster.exec_extension,
        )
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None
