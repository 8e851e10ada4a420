"""`load_config` and `build_config`: choose kubeconfig files, a context and its entries, and create one `Config`.

Reference: client-go tools/clientcmd/client_config.go, merged_client_builder.go, validation.go. Intended difference: a
context that names an unknown user is an error, where client-go continues without credentials; the others are listed in
docs/reference/differences.md.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.config.config import Config
from kubeloop.config.config_source import Source
from kubeloop.config.in_cluster import in_cluster_config, in_cluster_namespace, is_in_cluster
from kubeloop.config.kubeconfig import ClusterEntry, Kubeconfig, UserEntry, read_kubeconfigs
from kubeloop.config.kubeconfig_paths import expanded, kubeconfig_paths
from kubeloop.config.server_url import check_proxy_url
from kubeloop.config.validation import check_files, check_user, exec_config, impersonation
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.config.exec_policy import ExecPolicy

__all__ = ["build_config", "config_from_kubeconfig", "load_config"]

logger = logging.getLogger(__name__)


def load_config(
    kubeconfig: str | os.PathLike[str] | None = None,
    *,
    context: str | None = None,
    cluster: str | None = None,
    user: str | None = None,
    namespace: str | None = None,
    exec_policy: ExecPolicy | None = None,
) -> Config:
    """Load the configuration that `kubectl` would use, or that of the pod in which the program runs.

    The first of these is used: the file `kubeconfig`; the files in the variable `KUBECONFIG`, merged; `~/.kube/config`;
    the service account of the pod. Only the argument has to exist; files without a context count as missing.

    Args:
        kubeconfig: The path of a kubeconfig file, where `~` is the home directory. None means the order above.
        context: The name of the context. None means the `current-context` of the files.
        cluster: The name of the cluster entry to use instead of the context's.
        user: The name of the user entry to use instead of the context's.
        namespace: The default namespace to use instead of the context's.
        exec_policy: Which exec plugins may run. None means all of them. No plugin runs before the first request.

    Returns:
        The config; its `repr` shows where each part came from.

    Raises:
        ConfigError: There is no configuration, it is invalid, or there is no such context, cluster or user. The message
            names the file, context and user.

    Concurrency: Reads small files synchronously, without a thread.

    Reference: client-go NewNonInteractiveDeferredLoadingClientConfig with NewDefaultClientConfigLoadingRules. Intended
        difference: a context whose user or cluster does not exist is an error, where client-go continues without
        credentials. All differences are in docs/reference/differences.md.
    """
    found_by = "KUBECONFIG" if os.environ.get("KUBECONFIG") else "the home directory"
    if kubeconfig is not None:
        found_by = "the argument"
    looked = kubeconfig_paths(kubeconfig)
    loaded = read_kubeconfigs(looked, must_exist=kubeconfig is not None)
    chosen = context or loaded.current_context
    if not chosen and not cluster:
        if kubeconfig is None and is_in_cluster():
            logger.debug("config: no kubeconfig file; using the service account of this pod")
            config = _with_namespace(in_cluster_config(), namespace, "the argument")
            return _with_policy(config, exec_policy)
        raise ConfigError(_nothing_chosen(loaded, looked))
    config = config_from_kubeconfig(loaded, context=context, cluster=cluster, user=user, found_by=found_by)
    named_by = "the argument"
    if namespace is None and not _context_namespace(loaded, chosen) and kubeconfig is None and is_in_cluster():
        namespace, named_by = in_cluster_namespace()
    return _with_policy(_with_namespace(config, namespace, named_by), exec_policy)


def build_config(master_url: str = "", kubeconfig: str | os.PathLike[str] = "") -> Config:
    """Create a config from the options `--master` and `--kubeconfig`, as client-go's `BuildConfigFromFlags`.

    Args:
        master_url: The address of the API server; `""` means that of the kubeconfig. Without a kubeconfig, no
            credentials are used.
        kubeconfig: The path of a kubeconfig file, where `~` is the home directory; `""` means no file. `KUBECONFIG` and
            `~/.kube/config` are used only if both arguments are empty.

    Returns:
        The config of the arguments. If both are empty, the in-cluster config, or else that of `load_config()`.

    Raises:
        ConfigError: As for `load_config`.
    """
    path = expanded(kubeconfig)
    if not master_url and not path:
        return in_cluster_config() if is_in_cluster() else load_config()
    loaded = read_kubeconfigs([path], must_exist=True) if path else Kubeconfig()
    if path and not loaded.current_context and not master_url:
        raise ConfigError(_nothing_chosen(loaded, [path]))
    return config_from_kubeconfig(loaded, server=master_url or None, found_by="the argument" if path else "")


def config_from_kubeconfig(
    loaded: Kubeconfig,
    *,
    context: str | None = None,
    cluster: str | None = None,
    user: str | None = None,
    server: str | None = None,
    found_by: str = "",
) -> Config:
    """Create the config of one context.

    Args:
        loaded: The merged files.
        context: The name of the context. None means `current-context`, if the files have one.
        cluster: The name of the cluster entry to use instead of the context's.
        user: The name of the user entry to use instead of the context's.
        server: The address to use instead of the cluster's, without the cluster's `tls-server-name`.
        found_by: How the files were found, for the config's `source`.

    Raises:
        ConfigError: There is no such entry, or the entry cannot be used.
    """
    name = context or loaded.current_context
    entry = loaded.contexts.get(name)
    files = ", ".join(loaded.files)
    if name and entry is None:
        raise ConfigError(f'{files}: context "{name}" does not exist; there are: {_names(loaded.contexts)}')
    cluster_name = cluster or (entry.cluster if entry else "")
    user_name = user or (entry.user if entry else "")
    source = Source(
        file=entry.file if entry else files, found_by=found_by, context=name, cluster=cluster_name, user=user_name
    )
    picked_cluster = loaded.clusters.get(cluster_name)
    if picked_cluster is None:
        if server is None or cluster_name:
            raise ConfigError(f"{source}: no such cluster; there are: {_names(loaded.clusters)}")
        picked_cluster = ClusterEntry(file=files)
    picked_user = loaded.users.get(user_name)
    if picked_user is None:
        if user_name:
            raise ConfigError(f"{source}: no such user; there are: {_names(loaded.users)}")
        picked_user = UserEntry(file=files)
    source = source.replace(
        cluster_file=picked_cluster.file, user_file=picked_user.file, replaced=("host",) if server is not None else ()
    )
    config = _assemble(picked_cluster, picked_user, source, server)
    return _with_namespace(config, entry.namespace if entry else None, "the context")


def _assemble(cluster: ClusterEntry, user: UserEntry, source: Source, server: str | None) -> Config:
    address = server or cluster.server
    if not address:
        raise ConfigError(f"{source}: the cluster has no server")
    if cluster.proxy_url:
        try:
            check_proxy_url(cluster.proxy_url)
        except ValueError as error:
            raise_alone(ConfigError(f"{source}: {error}"))
    base = Config(
        host=address,
        proxy_url=cluster.proxy_url,
        disable_compression=cluster.disable_compression,
        impersonate=impersonation(user, source),
        source=source,
    )
    if not base.is_tls:
        if user.token or user.token_file or user.username or user.exec or user.cert_data or user.cert_file:
            logger.warning("%s: the server is not https, so the user's credentials are not sent", source)
        return base
    check_user(user, source)
    check_files(cluster, user, source)
    return Config(
        host=base.host,
        proxy_url=base.proxy_url,
        disable_compression=base.disable_compression,
        impersonate=base.impersonate,
        source=source,
        ca_data=cluster.ca_data,
        ca_file=cluster.ca_file,
        insecure_skip_tls_verify=cluster.insecure_skip_tls_verify,
        tls_server_name=cluster.tls_server_name if server is None else None,
        cert_data=user.cert_data,
        cert_file=user.cert_file,
        # As in Go, a key without a certificate is ignored.
        key_data=user.key_data if user.cert_data or user.cert_file else None,
        key_file=user.key_file if user.cert_data or user.cert_file else None,
        token=user.token,
        token_file=user.token_file,
        username=user.username,
        password=user.password,
        exec=exec_config(user.exec, cluster, source) if user.exec else None,
    )


def _with_namespace(config: Config, namespace: str | None, named_by: str) -> Config:
    if not namespace:
        return config
    return config.replace(namespace=namespace, source=config.source.replace(namespace=named_by))


def _with_policy(config: Config, policy: ExecPolicy | None) -> Config:
    return config if policy is None else config.replace(exec_policy=policy)


def _context_namespace(loaded: Kubeconfig, context: str) -> str:
    entry = loaded.contexts.get(context)
    return entry.namespace if entry else ""


def _nothing_chosen(loaded: Kubeconfig, looked: Iterable[str]) -> str:
    if loaded.contexts:
        return f"{', '.join(loaded.files)}: no current-context; choose one of: {_names(loaded.contexts)}"
    files = ", ".join(loaded.files or [path for path in looked if path])
    where = f"nothing in {files}" if loaded.files else f"no kubeconfig found ({files or 'no home directory'})"
    return f"{where}, and not in a cluster: give a kubeconfig (argument, KUBECONFIG, or ~/.kube/config)"


def _names(entries: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(entries)) or "none"
