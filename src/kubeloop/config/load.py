"""`load_config` and its relatives: choose kubeconfig files, a context and its entries, and create one `Config`.

Reference: client-go tools/clientcmd/client_config.go, merged_client_builder.go. Intended difference: a context that
names an unknown user is an error, where client-go continues without credentials; the others are listed in
docs/reference/differences.md.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Unpack

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.text import safe_text
from kubeloop.config.config import Config
from kubeloop.config.config_overrides import (
    ConfigOverrides,
    check_overrides,
    override_cluster,
    override_user,
    replaced_settings,
)
from kubeloop.config.config_source import Source
from kubeloop.config.exec_policy import ExecPolicy
from kubeloop.config.in_cluster import SERVICE_ACCOUNT_DIR, in_cluster_config, in_cluster_namespace, is_in_cluster
from kubeloop.config.kubeconfig import ClusterEntry, Kubeconfig, UserEntry, parse_kubeconfig, read_kubeconfigs
from kubeloop.config.kubeconfig_paths import expanded, kubeconfig_paths
from kubeloop.config.server_url import server_url
from kubeloop.config.validation import (
    auth_provider,
    cluster_file_problems,
    cluster_problems,
    exec_config,
    impersonation,
    impersonation_problems,
    kubeconfig_problems,
    user_file_problems,
    user_problems,
)
from kubeloop.errors import ConfigError, ContextNotFound, EmptyConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = [
    "build_config",
    "choose_config",
    "config_from_bytes",
    "config_from_kubeconfig",
    "load_config",
    "validate_kubeconfig",
]

logger = logging.getLogger(__name__)

# The folder of this path, for relative paths in the kubeconfig, is the current one.
_IN_MEMORY = "kubeconfig in memory"
# Overrides that need a kubeconfig: names of entries, and a server, which must not get the credentials of the pod.
_CHOICES = ("context", "cluster", "user", "server")


def load_config(kubeconfig: str | os.PathLike[str] | None = None, **overrides: Unpack[ConfigOverrides]) -> Config:
    """Load the configuration that `kubectl` would use, or that of the pod in which the program runs.

    The first of these is used: the file `kubeconfig`; the files in the variable `KUBECONFIG`, merged; `~/.kube/config`;
    the service account of the pod. Only the argument has to exist; files without a context count as missing.

        config = load_config(context="staging", namespace="web")

    Args:
        kubeconfig: The path of a kubeconfig file, where `~` is the home directory. None, or an empty text, means the
            order above.
        overrides: Settings that take precedence: `context`, `cluster`, `user`, `namespace`, `server`, `token`,
            `timeout` and others; see `ConfigOverrides`.

    Returns:
        The config; its `repr` shows where each part came from.

    Raises:
        EmptyConfig: There is no configuration: no file has a current context, and the program does not run in a pod.
        ContextNotFound: There is no such context.
        ConfigError: The configuration is invalid, or there is no such cluster or user. The message names the file,
            context and user, and all problems of their entries. `EmptyConfig` and `ContextNotFound` are subclasses.
        TypeError: There is no such override.

    Concurrency: Reads small files synchronously, without a thread.

    Reference: client-go NewNonInteractiveDeferredLoadingClientConfig with NewDefaultClientConfigLoadingRules. Intended
        difference: a context whose user or cluster does not exist is an error, where client-go continues without
        credentials. All differences are in docs/reference/differences.md.
    """
    return choose_config(kubeconfig, overrides)


def choose_config(
    kubeconfig: str | os.PathLike[str] | None,
    overrides: ConfigOverrides,
    environ: Mapping[str, str] = os.environ,
    directory: Path = SERVICE_ACCOUNT_DIR,
) -> Config:
    """Load the configuration as `load_config` does.

    Args:
        kubeconfig: As for `load_config`.
        overrides: As for `load_config`.
        environ: The variables that name the API server and the namespace of a pod.
        directory: The directory of the pod's service account.
    """
    check_overrides(overrides)
    kubeconfig = kubeconfig or None
    found_by = "KUBECONFIG" if os.environ.get("KUBECONFIG") else "the home directory"
    if kubeconfig is not None:
        found_by = "the argument"
    looked = kubeconfig_paths(kubeconfig)
    loaded = read_kubeconfigs(looked, must_exist=kubeconfig is not None)
    if found_by == "KUBECONFIG" and not loaded.files:
        logger.warning("config: no file that KUBECONFIG names exists: %s", ", ".join(looked))
    in_pod = kubeconfig is None and is_in_cluster(environ, directory)
    if in_pod and not loaded.current_context and not any(overrides.get(name) for name in _CHOICES):
        logger.debug("config: no kubeconfig file; using the service account of this pod")
        return _pod_config(overrides, environ, directory)
    config = config_from_kubeconfig(loaded, overrides, found_by=found_by, looked=looked)
    if in_pod and not config.source.namespace:
        return _with_namespace(config, *in_cluster_namespace(environ, directory))
    return config


def build_config(
    master_url: str = "",
    kubeconfig: str | os.PathLike[str] = "",
    environ: Mapping[str, str] = os.environ,
    directory: Path = SERVICE_ACCOUNT_DIR,
) -> Config:
    """Create a config from the options `--master` and `--kubeconfig`, as client-go's `BuildConfigFromFlags`.

    Args:
        master_url: The address of the API server; `""` means that of the kubeconfig. Without a kubeconfig, no
            credentials are used.
        kubeconfig: The path of a kubeconfig file, where `~` is the home directory; `""` means no file. `KUBECONFIG` and
            `~/.kube/config` are used only if both arguments are empty.
        environ: The variables of a pod, as for `in_cluster_config`.
        directory: The directory of the pod's service account, as for `in_cluster_config`.

    Returns:
        The config of the arguments. If both are empty, the in-cluster config, or else that of `load_config()`.

    Raises:
        ConfigError: As for `load_config`.
    """
    path = expanded(kubeconfig)
    if not master_url and not path:
        return in_cluster_config(environ, directory) if is_in_cluster(environ, directory) else load_config()
    loaded = read_kubeconfigs([path], must_exist=True) if path else Kubeconfig()
    found_by = "the argument" if path else ""
    return config_from_kubeconfig(loaded, {"server": master_url}, found_by=found_by, looked=[path])


def config_from_bytes(kubeconfig: bytes, **overrides: Unpack[ConfigOverrides]) -> Config:
    """Create a config from the content of a kubeconfig, for example from a Secret. No file is read except those named.

    Args:
        kubeconfig: The content, as YAML or JSON. Relative paths in it are relative to the current directory. Trust its
            origin: it can name programs to run.
        overrides: As for `load_config`.

    Raises:
        ConfigError: As for `load_config`.

    Reference: client-go RESTConfigFromKubeConfig.
    """
    check_overrides(overrides)
    config = config_from_kubeconfig(parse_kubeconfig(kubeconfig, _IN_MEMORY), overrides, looked=[_IN_MEMORY])
    # There is no file to which a refreshed token could be written.
    provider = None if config.auth_provider is None else config.auth_provider.replace(file="", user="")
    source = config.source.replace(cluster_file="", user_file="")
    return config.replace(source=source, auth_provider=provider)


def validate_kubeconfig(kubeconfig: str | os.PathLike[str] | None = None) -> list[str]:
    """Check all entries of the kubeconfig files, also those that the current context does not use.

    Args:
        kubeconfig: As for `load_config`.

    Returns:
        One sentence per problem, which starts with the file and the name of the entry, and is safe for logs and
        terminals; empty without problems.

    Raises:
        EmptyConfig: The files are missing or empty.
        ConfigError: A file cannot be read or is not a kubeconfig.

    Reference: client-go clientcmd.Validate. Intended difference: an entry with both data and the file of the same name
        is no problem, because the data are used.
    """
    looked = kubeconfig_paths(kubeconfig)
    loaded = read_kubeconfigs(looked, must_exist=bool(kubeconfig))
    if not (loaded.clusters or loaded.users or loaded.contexts or loaded.current_context):
        raise EmptyConfig(_nothing_chosen(loaded, looked))
    return [safe_text(problem) for problem in kubeconfig_problems(loaded)]


def config_from_kubeconfig(
    loaded: Kubeconfig, overrides: ConfigOverrides, *, found_by: str = "", looked: Iterable[str] = ()
) -> Config:
    """Create the config of one context.

    Args:
        loaded: The merged files.
        overrides: The settings that take precedence, with checked names.
        found_by: How the files were found, for the config's `source`.
        looked: The paths of the files, which may be missing, for the message of an error.

    Raises:
        EmptyConfig: Neither a context nor a cluster nor a server is chosen.
        ConfigError: There is no such entry, or the entry cannot be used.
    """
    name = overrides.get("context") or loaded.current_context
    entry = loaded.contexts.get(name) if name else None
    files = ", ".join(loaded.files)
    if name and entry is None:
        raise ContextNotFound(f'{files}: context "{name}" does not exist; there are: {_names(loaded.contexts)}')
    cluster_name = overrides.get("cluster") or (entry.cluster if entry else "")
    user_name = overrides.get("user") or (entry.user if entry else "")
    if not name and not cluster_name and not overrides.get("server"):
        raise EmptyConfig(_nothing_chosen(loaded, looked))
    source = Source(
        file=entry.file if entry else files, found_by=found_by, context=name, cluster=cluster_name, user=user_name
    )
    cluster = loaded.clusters.get(cluster_name)
    if cluster is None:
        if cluster_name or not overrides.get("server"):
            raise ConfigError(f"{source}: no such cluster; there are: {_names(loaded.clusters)}")
        cluster = ClusterEntry(file=files)
    user = loaded.users.get(user_name)
    if user is None:
        if user_name:
            raise ConfigError(f"{source}: no such user; there are: {_names(loaded.users)}")
        user = UserEntry(file=files)
    config = _assemble(cluster, user, source.replace(cluster_file=cluster.file, user_file=user.file), overrides)
    return _with_namespace(config, entry.namespace if entry else "", "the context", overrides)


def _pod_config(overrides: ConfigOverrides, environ: Mapping[str, str], directory: Path) -> Config:
    """Return the config of the pod's service account with overrides applied."""
    pod = in_cluster_config(environ, directory)
    cluster = ClusterEntry(file=pod.source.file, server=pod.host, ca_file=pod.ca_file)
    user = UserEntry(file=pod.source.file, token=pod.token, token_file=pod.token_file)
    config = _assemble(cluster, user, pod.source, overrides)
    return _with_namespace(config, pod.namespace, pod.source.namespace, overrides)


def _assemble(cluster: ClusterEntry, user: UserEntry, source: Source, overrides: ConfigOverrides) -> Config:
    """Create the config of a cluster and a user entry with overrides applied.

    Raises:
        ConfigError: An entry cannot be used. The message names all problems.
    """
    cluster, user = override_cluster(cluster, overrides), override_user(user, overrides)
    source = source.replace(replaced=replaced_settings(overrides))
    problems = [*cluster_problems(cluster), *impersonation_problems(user)]
    is_tls = True  # if the address is unknown, the user is checked too
    try:
        if cluster.server:
            is_tls = server_url(cluster.server, tls=False).startswith("https:")
    except ValueError as error:
        problems.append(str(error))
    plugin = provider = None
    if is_tls:
        problems += [*user_problems(user), *cluster_file_problems(cluster), *user_file_problems(user)]
        try:
            plugin = exec_config(user.exec, cluster) if user.exec and not problems else None
            provider = auth_provider(user.auth_provider, source) if user.auth_provider and not problems else None
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise_alone(ConfigError(f"{source}: {'; '.join(problems)}"))
    config = Config(
        host=cluster.server,
        proxy_url=cluster.proxy_url,
        disable_compression=cluster.disable_compression,
        impersonate=impersonation(user),
        timeout=overrides.get("timeout") or None,
        exec_policy=overrides.get("exec_policy") or ExecPolicy(),
        source=source,
    )
    if not is_tls:
        ways = (
            user.token,
            user.token_file,
            user.username,
            user.exec,
            user.auth_provider,
            user.cert_data,
            user.cert_file,
        )
        if any(ways):
            logger.warning("%s: the server is not https, so the user's credentials are not sent", source)
        return config
    # As in Go, a key without a certificate is ignored.
    has_certificate = bool(user.cert_data or user.cert_file)
    return config.replace(
        source=source,
        ca_data=cluster.ca_data,
        ca_file=cluster.ca_file,
        insecure_skip_tls_verify=cluster.insecure_skip_tls_verify,
        tls_server_name=cluster.tls_server_name,
        cert_data=user.cert_data,
        cert_file=user.cert_file,
        key_data=user.key_data if has_certificate else None,
        key_file=user.key_file if has_certificate else None,
        token=user.token,
        token_file=user.token_file,
        username=user.username,
        password=user.password,
        exec=plugin,
        auth_provider=provider,
    )


def _with_namespace(config: Config, namespace: str, named_by: str, overrides: ConfigOverrides | None = None) -> Config:
    if overrides and (wanted := overrides.get("namespace")):
        namespace, named_by = wanted, "the argument"
    if not namespace:
        return config
    return config.replace(namespace=namespace, source=config.source.replace(namespace=named_by))


def _nothing_chosen(loaded: Kubeconfig, looked: Iterable[str]) -> str:
    if loaded.contexts:
        return f"{', '.join(loaded.files)}: no current-context; choose one of: {_names(loaded.contexts)}"
    files = ", ".join(loaded.files or [path for path in looked if path])
    where = f"nothing in {files}" if loaded.files else f"no kubeconfig found ({files or 'no home directory'})"
    return f"{where}, and this is not a pod: pass the path of a kubeconfig, set KUBECONFIG, or create ~/.kube/config"


def _names(entries: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(entries)) or "none"
