"""Checks of the meaning of the entries of a kubeconfig; `kubeconfig` checks their structure.

Each function yields one sentence per problem, so that a single error can report all of them.

Reference: client-go tools/clientcmd/validation.go.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.config.auth_provider import AuthProvider
from kubeloop.config.config import Impersonation
from kubeloop.config.document_fields import Fields
from kubeloop.config.exec_config import API_VERSIONS, INTERACTIVE_MODES, ExecConfig
from kubeloop.config.files import read_file
from kubeloop.config.server_url import check_proxy_url
from kubeloop.errors import ConfigError
from kubeloop.meta.name_rules import dns_label_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeloop.config.config_source import Source
    from kubeloop.config.kubeconfig import (
        AuthProviderEntry,
        ClusterEntry,
        ContextEntry,
        ExecEntry,
        Kubeconfig,
        UserEntry,
    )

__all__ = [
    "auth_provider",
    "cluster_file_problems",
    "cluster_problems",
    "exec_config",
    "impersonation",
    "impersonation_problems",
    "kubeconfig_problems",
    "user_file_problems",
    "user_problems",
]

_REMOVED_PROVIDERS = {
    "azure": "install the exec plugin kubelogin (https://github.com/Azure/kubelogin) and run "
    "`kubelogin convert-kubeconfig`",
    "gcp": "install the exec plugin gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials CLUSTER`",
    "openstack": "use the exec plugin client-keystone-auth (https://github.com/kubernetes/cloud-provider-openstack)",
}


def cluster_problems(cluster: ClusterEntry) -> Iterator[str]:
    """Check the addresses of a cluster entry."""
    if not cluster.server:
        yield "the cluster has no server"
    if cluster.proxy_url:
        try:
            check_proxy_url(cluster.proxy_url)
        except ValueError as error:
            yield str(error)


def impersonation_problems(user: UserEntry) -> Iterator[str]:
    """Check that a user entry with details of a user to act as names that user."""
    if not user.as_user and (user.as_uid or user.as_groups or user.as_extra):
        yield "as-uid, as-groups and as-user-extra need a user to act as: set `as`"


def user_problems(user: UserEntry) -> Iterator[str]:
    """Check that a user entry uses one supported way to authenticate."""
    if user.auth_provider is not None:
        name = user.auth_provider.name
        if user.exec:
            yield f'more than one way to authenticate: auth-provider "{name}" and exec; only one is allowed'
        if name in _REMOVED_PROVIDERS:
            yield f'auth-provider "{name}" was removed from Kubernetes: {_REMOVED_PROVIDERS[name]}'
        elif name != "oidc":
            yield (
                f'auth-provider "{name}" is not supported, only oidc is: use an exec plugin, or put a token into the '
                "user entry"
            )
    if user.token and (user.username or user.password):
        yield "more than one way to authenticate: basic and token; only one is allowed"
    if _has_certificate(user) and not (user.key_file or user.key_data):
        yield "a client certificate needs its key: set client-key or client-key-data"
    if user.exec:
        yield from _exec_problems(user.exec)


def _exec_problems(plugin: ExecEntry) -> Iterator[str]:
    """Check that an exec plugin can be run."""
    if not plugin.command:
        yield "an exec plugin needs a command"
    if plugin.api_version not in API_VERSIONS:
        supported = " and ".join(API_VERSIONS)
        yield f"apiVersion {plugin.api_version!r} of the exec plugin; supported are {supported}"
    if any(not name or "=" in name for name, _ in plugin.env):
        yield "an environment variable of the exec plugin has no name, or a name with ="
    modes = ", ".join(INTERACTIVE_MODES)
    if not plugin.interactive_mode:
        # The older version has a default.
        if plugin.api_version != API_VERSIONS[1]:
            yield f"an exec plugin of {API_VERSIONS[0]} needs an interactiveMode: {modes}"
    elif plugin.interactive_mode not in INTERACTIVE_MODES:
        yield f"interactiveMode must be one of {modes}, not {plugin.interactive_mode!r}"


def cluster_file_problems(cluster: ClusterEntry) -> Iterator[str]:
    """Check that the file of the certificate authority can be read, if it is in use."""
    if not cluster.ca_data:
        yield from _unreadable("certificate-authority", cluster.ca_file)


def user_file_problems(user: UserEntry) -> Iterator[str]:
    """Check that the files in use can be read, so that an error is raised when the config is loaded."""
    if not user.cert_data:
        yield from _unreadable("client-certificate", user.cert_file)
    if not user.key_data and _has_certificate(user):
        yield from _unreadable("client-key", user.key_file)
    if not user.token:
        yield from _unreadable("tokenFile", user.token_file)
    if user.auth_provider is not None:
        settings = user.auth_provider.config
        if not settings.get("idp-certificate-authority-data"):
            yield from _unreadable("idp-certificate-authority", settings.get("idp-certificate-authority") or None)


def _unreadable(what: str, path: str | None) -> Iterator[str]:
    if path is not None:
        try:
            read_file(path)
        except OSError as error:
            yield f"cannot read {what} {path}: {error.strerror or error}"


def kubeconfig_problems(loaded: Kubeconfig) -> Iterator[str]:
    """Check all entries, also those that the current context does not use.

    Yields:
        One sentence per problem, which starts with the file and the name of the entry.

    Reference: client-go tools/clientcmd/validation.go, Validate.
    """
    current = loaded.current_context
    if current and current not in loaded.contexts:
        yield f'{", ".join(loaded.files)}: current-context "{current}" does not exist'
    for name, context in sorted(loaded.contexts.items()):
        yield from (
            f'{context.file}: context "{name}": {problem}' for problem in _context_problems(name, context, loaded)
        )
    for name, user in sorted(loaded.users.items()):
        found = (*user_problems(user), *impersonation_problems(user), *user_file_problems(user))
        yield from (f'{user.file}: user "{name}": {problem}' for problem in found)
    for name, cluster in sorted(loaded.clusters.items()):
        found = (*cluster_problems(cluster), *cluster_file_problems(cluster))
        yield from (f'{cluster.file}: cluster "{name}": {problem}' for problem in found)


def _context_problems(name: str, context: ContextEntry, loaded: Kubeconfig) -> Iterator[str]:
    if not name:
        yield "the name is empty"
    for what, named, known in (("user", context.user, loaded.users), ("cluster", context.cluster, loaded.clusters)):
        if not named:
            yield f"no {what} is set"
        elif named not in known:
            yield f'the {what} "{named}" does not exist'
    if context.namespace and dns_label_faults(context.namespace):
        yield f'the namespace "{context.namespace}" is not a DNS label'


def impersonation(user: UserEntry) -> Impersonation | None:
    """Return the user to act as; None for no impersonation."""
    if not user.as_user:
        return None
    return Impersonation(user=user.as_user, uid=user.as_uid, groups=user.as_groups, extra=user.as_extra)


def auth_provider(entry: AuthProviderEntry, source: Source) -> AuthProvider:
    """Return the settings of the OpenID Connect provider in a user entry.

    Args:
        entry: The auth-provider `oidc`.
        source: The file and the name of the user entry, to which refreshed tokens are written. Nothing is written to a
            pipe, which can be read only once.

    Raises:
        ValueError: A setting is missing or invalid. The message contains no secret.
    """
    settings = entry.config
    try:
        ca_data = Fields(dict(settings), "", "").data("idp-certificate-authority-data")
    except ConfigError:
        raise_alone(ValueError("idp-certificate-authority-data must be base64"))
    return AuthProvider(
        issuer_url=settings.get("idp-issuer-url", ""),
        client_id=settings.get("client-id", ""),
        client_secret=settings.get("client-secret", ""),
        ca_data=ca_data,
        # As in Go, the path is relative to the working directory and not to the folder of the kubeconfig.
        ca_file=settings.get("idp-certificate-authority") or None,
        id_token=settings.get("id-token", "").strip(),
        refresh_token=settings.get("refresh-token", "").strip(),
        file=os.path.abspath(source.user_file) if os.path.isfile(source.user_file) else "",
        user=source.user,
    )


def exec_config(entry: ExecEntry, cluster: ClusterEntry) -> ExecConfig:
    """Return the settings of the plugin in a user entry.

    Raises:
        ValueError: A setting cannot be passed to a program.
    """
    return ExecConfig(
        command=entry.command,
        args=entry.args,
        env=entry.env,
        api_version=entry.api_version,
        install_hint=entry.install_hint,
        provide_cluster_info=entry.provide_cluster_info,
        interactive_mode=entry.interactive_mode or "IfAvailable",
        cluster_config=cluster.exec_extension,
    )


def _has_certificate(user: UserEntry) -> bool:
    return bool(user.cert_data or user.cert_file)
