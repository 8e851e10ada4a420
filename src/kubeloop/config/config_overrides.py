"""`ConfigOverrides`: settings that take precedence over those of a kubeconfig, as the options of a command line do.

Reference: client-go tools/clientcmd/overrides.go; client_config.go, getCluster and getAuthInfo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from kubeloop._kit.near_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kubeloop.config.exec_policy import ExecPolicy
    from kubeloop.config.kubeconfig import ClusterEntry, UserEntry

__all__ = ["ConfigOverrides", "check_overrides", "override_cluster", "override_user", "replaced_settings"]


class ConfigOverrides(TypedDict, total=False):
    """Settings that take precedence over those of the kubeconfig. None and an empty value mean "not given".

    Attributes:
        context: The name of the context, instead of the `current-context`.
        cluster: The name of the cluster entry, instead of the context's.
        user: The name of the user entry, instead of the context's.
        namespace: The default namespace, instead of the context's.
        server: The address of the API server. The cluster's `tls-server-name` is then not used.
        tls_server_name: The name to send and to verify instead of the host's name.
        insecure_skip_tls_verify: Whether to accept any server certificate. True replaces the certificate authority.
        ca_file: The path of the certificate authorities, instead of the cluster's data, file and insecure setting.
        ca_data: The same as PEM.
        proxy_url: The URL of a proxy.
        disable_compression: Whether to request responses without gzip.
        cert_file: The path of the client certificate, instead of the user's file and data.
        cert_data: The same as PEM.
        key_file: The path of the key of the client certificate, instead of the user's file and data.
        key_data: The same as PEM.
        token: A bearer token, instead of the user's token and token file.
        token_file: The path of a file with a token, instead of the user's token and token file.
        username: The user name for basic authentication.
        password: The password for basic authentication.
        as_user: The user to act as.
        as_uid: The unique ID of the user to act as.
        as_groups: The groups of the user to act as, instead of those of the user entry.
        as_extra: More attributes of the user to act as, in addition to those of the user entry.
        timeout: The seconds for one whole request; None and 0 for no limit.
        exec_policy: Which exec plugins may run. No plugin runs before the first request.

    Reference: client-go ConfigOverrides. Intended differences: a token also replaces the token file of the user, which
        client-go would read again and use; `insecure_skip_tls_verify=False` verifies the server's certificate, where
        client-go ignores False.
    """

    context: str | None
    cluster: str | None
    user: str | None
    namespace: str | None
    server: str | None
    tls_server_name: str | None
    insecure_skip_tls_verify: bool | None
    ca_file: str | None
    ca_data: bytes | None
    proxy_url: str | None
    disable_compression: bool | None
    cert_file: str | None
    cert_data: bytes | None
    key_file: str | None
    key_data: bytes | None
    token: str | None
    token_file: str | None
    username: str | None
    password: str | None
    as_user: str | None
    as_uid: str | None
    as_groups: Sequence[str] | None
    as_extra: Mapping[str, Sequence[str]] | None
    timeout: float | None
    exec_policy: ExecPolicy | None


_NAMES = frozenset(ConfigOverrides.__annotations__)
_CLUSTER = ("server", "tls_server_name", "insecure_skip_tls_verify", "proxy_url", "disable_compression")
_USER = ("username", "password", "as_user", "as_uid")
# Settings that contradict each other or mean the same: one of them replaces the others too.
_AUTHORITY = ("ca_file", "ca_data")
_REPLACED_TOGETHER = (("cert_file", "cert_data"), ("key_file", "key_data"), ("token", "token_file"))
_OF_THE_CONFIG = {"server": "host", **dict.fromkeys(("as_user", "as_uid", "as_groups", "as_extra"), "impersonate")}


def check_overrides(overrides: ConfigOverrides) -> None:
    """Check the names of overrides.

    Raises:
        TypeError: There is no such override.
    """
    for name in overrides:
        if name not in _NAMES:
            raise TypeError(f"load_config() has no argument {name!r}{did_you_mean(name, sorted(_NAMES))}")


def override_cluster(cluster: ClusterEntry, overrides: ConfigOverrides) -> ClusterEntry:
    """Return a cluster entry with overrides applied."""
    changes = _given(overrides, _CLUSTER)
    if "server" in changes:
        changes.setdefault("tls_server_name", None)
    authority = _given(overrides, _AUTHORITY)
    if authority or changes.get("insecure_skip_tls_verify"):
        changes = {"insecure_skip_tls_verify": False, "ca_file": None, "ca_data": None, **authority, **changes}
    return cluster.replace(**changes) if changes else cluster


def override_user(user: UserEntry, overrides: ConfigOverrides) -> UserEntry:
    """Return a user entry with overrides applied."""
    changes = _given(overrides, _USER)
    for names in _REPLACED_TOGETHER:
        if given := _given(overrides, names):
            changes |= dict.fromkeys(names) | given
    if groups := overrides.get("as_groups"):
        changes["as_groups"] = _texts("as_groups", groups)
    if extra := overrides.get("as_extra"):
        changes["as_extra"] = {**user.as_extra, **{key: _texts("as_extra", values) for key, values in extra.items()}}
    return user.replace(**changes) if changes else user


def replaced_settings(overrides: ConfigOverrides) -> tuple[str, ...]:
    """Return the names of the settings of a `Config` that overrides replaced, for its `source`."""
    ways = ("context", "cluster", "user", "namespace")  # the source names these itself
    names = (_OF_THE_CONFIG.get(name, name) for name in _given(overrides, overrides) if name not in ways)
    return tuple(dict.fromkeys(names))


def _given(overrides: ConfigOverrides, names: Iterable[str]) -> dict[str, Any]:
    """Return the overrides of some names that are given: False is a value, other empty values are not."""
    found = ((name, overrides.get(name)) for name in names)
    return {name: value for name, value in found if value or value is False}


def _texts(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        raise TypeError(f"load_config(): {name} must be a sequence of str, not str")
    return tuple(texts)
