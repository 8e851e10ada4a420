"""Kubeconfig files: reading, checking and merging them. What becomes of an entry is `load`'s business.

The rules are client-go's: of several files the first one that has an entry of a name gives that entry whole, and the
first non-empty `current-context` wins; paths are relative to the file that they stand in; missing files are skipped.
Messages name the file and the path of the field, never a value: most values here are secrets, which is also why the
entries have no `repr`.

Reference: client-go tools/clientcmd/loader.go, ClientConfigLoadingRules.Load; tools/clientcmd/api/v1/conversion.go.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kubeloop._kit.value import Value, field
from kubeloop.config.config import Impersonation
from kubeloop.config.exec_config import API_VERSIONS, INTERACTIVE_MODES, ExecConfig
from kubeloop.config.fields import Fields
from kubeloop.config.files import read_file
from kubeloop.errors import ConfigError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["ClusterEntry", "ContextEntry", "Kubeconfig", "UserEntry", "merge", "parse_kubeconfig", "read_kubeconfigs"]

_log = logging.getLogger(__name__)
_E = TypeVar("_E")

_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


class ClusterEntry(Value, frozen=True, kw_only=True, eq=False):
    """One of the `clusters`: an API server. URLs may hold a password, so its `repr` has none."""

    unshown = frozenset({"server", "proxy_url", "ca_data", "exec_extension"})

    file: str
    server: str = ""
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    ca_file: str | None = None
    ca_data: bytes | None = None
    proxy_url: str | None = None
    disable_compression: bool = False
    # JSON of any shape, for the exec plugin.
    exec_extension: Mapping[str, object] | None = None


class UserEntry(Value, frozen=True, kw_only=True, eq=False):
    """One of the `users`: ways to say who is asking. No secret is in its `repr`."""

    unshown = frozenset({"cert_data", "key_data", "token", "username", "password"})

    file: str
    cert_file: str | None = None
    cert_data: bytes | None = None
    key_file: str | None = None
    key_data: bytes | None = None
    token: str | None = None
    token_file: str | None = None
    username: str | None = None
    password: str | None = None
    impersonate: Impersonation | None = None
    auth_provider: str | None = None
    exec: ExecConfig | None = None


class ContextEntry(Value, frozen=True, kw_only=True, eq=False):
    """One of the `contexts`: a cluster, a user and a namespace under one name."""

    file: str
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class Kubeconfig(Value, frozen=True, kw_only=True, eq=False):
    """What one file says, or several together."""

    files: tuple[str, ...] = ()
    clusters: Mapping[str, ClusterEntry] = field(default_factory=dict[str, ClusterEntry])
    users: Mapping[str, UserEntry] = field(default_factory=dict[str, UserEntry])
    contexts: Mapping[str, ContextEntry] = field(default_factory=dict[str, ContextEntry])
    current_context: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it at all."""
        return not (self.clusters or self.users or self.contexts or self.current_context)


def read_kubeconfigs(paths: Iterable[str], *, must_exist: bool = False) -> Kubeconfig:
    """Read and merge files.

    Args:
        paths: In order of precedence. Blank ones are skipped, repeated ones read once. A pipe is read too, as a shell
            makes one of `<(...)`.
        must_exist: Whether a missing file is an error; else it is skipped.

    Raises:
        ConfigError: A file that cannot be read or is no kubeconfig. All such files are named at once.
    """
    found: list[Kubeconfig] = []
    problems: list[str] = []
    missing: list[str] = []
    for path in dict.fromkeys(path for path in paths if path):
        try:
            found.append(parse_kubeconfig(read_file(path, or_pipe=True), path))
        except FileNotFoundError:
            missing.append(path)
        except OSError as exc:
            problems.append(f"{path}: cannot read this kubeconfig: {exc.strerror or exc}")
        except ConfigError as exc:
            problems.append(str(exc))
    if must_exist:
        problems += [f"{path}: no such kubeconfig" for path in missing]
    elif missing and not found and not problems:
        _log.debug("no kubeconfig found: %s", ", ".join(missing))
    if problems:
        raise ConfigError("; ".join(problems))
    return merge(found)


def merge(configs: Iterable[Kubeconfig]) -> Kubeconfig:
    """Merge kubeconfigs, the first that defines an entry giving it whole."""
    merged = Kubeconfig()
    for config in configs:
        merged = Kubeconfig(
            files=merged.files + config.files,
            clusters={**config.clusters, **merged.clusters},
            users={**config.users, **merged.users},
            contexts={**config.contexts, **merged.contexts},
            current_context=merged.current_context or config.current_context,
        )
    return merged


def parse_kubeconfig(data: bytes, path: str) -> Kubeconfig:
    """Parse one file.

    Args:
        data: YAML or JSON; an empty file is an empty kubeconfig.
        path: Where it came from: for messages, and as what relative paths in it are relative to.

    Raises:
        ConfigError: Not YAML, not a kubeconfig, an entry twice, or a value of the wrong type. No value is in the
            message.
    """
    from kubeloop.meta import yaml

    try:
        document = yaml.load(data)
    except DecodeError as exc:
        # What the parser says may quote a word of the file, hence a secret: only the place is told.
        place = re.search(r"line \d+, column \d+", str(exc))
        raise ConfigError(f"{path}: not YAML{f': {place[0]}' if place else ''}") from None
    root = Fields({} if document is None else document, path, "")
    kind, version = root.text("kind"), root.text("apiVersion")
    if (kind or "Config") != "Config" or (version or "v1") != "v1":
        raise ConfigError(f"{path}: not a kubeconfig: apiVersion {version!r}, kind {kind!r}; it must be v1, Config")
    return Kubeconfig(
        files=(path,),
        clusters=_entries(root, "clusters", "cluster", _cluster),
        users=_entries(root, "users", "user", _user),
        contexts=_entries(root, "contexts", "context", _context),
        current_context=root.text("current-context"),
    )


def _entries(root: Fields, plural: str, singular: str, build: Callable[[Fields], _E]) -> dict[str, _E]:
    entries: dict[str, _E] = {}
    for item in root.children(plural):
        name = item.text("name")
        if name in entries:
            raise item.error(f"a second {singular} of the name {name!r}")
        entries[name] = build(item.child(singular))
    return entries


def _cluster(item: Fields) -> ClusterEntry:
    extension = next((e for e in item.children("extensions") if e.text("name") == _EXEC_EXTENSION), None)
    return ClusterEntry(
        file=item.file,
        server=item.text("server"),
        tls_server_name=item.text("tls-server-name") or None,
        insecure_skip_tls_verify=item.flag("insecure-skip-tls-verify"),
        ca_file=_resolved(item, "certificate-authority"),
        ca_data=item.data("certificate-authority-data"),
        proxy_url=item.text("proxy-url") or None,
        disable_compression=item.flag("disable-compression"),
        exec_extension=extension.mapping("extension") if extension else None,
    )


def _user(item: Fields) -> UserEntry:
    provider = item.child("auth-provider")
    return UserEntry(
        file=item.file,
        cert_file=_resolved(item, "client-certificate"),
        cert_data=item.data("client-certificate-data"),
        key_file=_resolved(item, "client-key"),
        key_data=item.data("client-key-data"),
        token=item.text("token") or None,
        token_file=_resolved(item, "tokenFile"),
        username=item.text("username") or None,
        password=item.text("password") or None,
        impersonate=_impersonation(item),
        auth_provider=(provider.text("name") or "unnamed") if provider else None,
        exec=_exec(item.child("exec")),
    )


def _context(item: Fields) -> ContextEntry:
    return ContextEntry(
        file=item.file, cluster=item.text("cluster"), user=item.text("user"), namespace=item.text("namespace")
    )


def _impersonation(item: Fields) -> Impersonation | None:
    user, uid = item.text("as"), item.text("as-uid")
    groups = item.texts("as-groups")
    extras = item.child("as-user-extra")
    extra = {key: extras.texts(key) for key in extras.names()}
    if user:
        return Impersonation(user=user, uid=uid, groups=groups, extra=extra)
    if uid or groups or extra:
        raise item.error("as-uid, as-groups and as-user-extra need a user to act as: set `as`")
    return None


def _exec(item: Fields) -> ExecConfig | None:
    if not item:
        return None
    command, api_version = item.text("command"), item.text("apiVersion")
    if not command:
        raise item.error("an exec plugin needs a command")
    if api_version not in API_VERSIONS:
        raise item.error(f"apiVersion {api_version!r} of the exec plugin; supported are {' and '.join(API_VERSIONS)}")
    mode = item.text("interactiveMode")
    if not mode and api_version.endswith("/v1"):
        raise item.error(f"an exec plugin of {api_version} needs an interactiveMode: {', '.join(INTERACTIVE_MODES)}")
    if mode and mode not in INTERACTIVE_MODES:
        raise item.error(f"interactiveMode {mode!r} must be one of {', '.join(INTERACTIVE_MODES)}")
    env = [(pair.text("name"), pair.text("value")) for pair in item.children("env")]
    if any(not name for name, _ in env):
        raise item.error("an env variable without a name")
    if os.sep in command or (os.altsep is not None and os.altsep in command):
        command = _beside(item.file, command)
    return ExecConfig(
        command=command,
        args=item.texts("args"),
        env=tuple(env),
        api_version=api_version,
        install_hint=printable(item.text("installHint")),
        provide_cluster_info=item.flag("provideClusterInfo"),
        interactive_mode=mode or "IfAvailable",
    )


def printable(text: str) -> str:
    """Write out control characters as `U+001B`, so that a hint cannot play with the terminal. Line breaks stay."""
    return "".join(char if char.isprintable() or char in "\t\n\v\f\r" else f"U+{ord(char):04X}" for char in text)


def _resolved(item: Fields, name: str) -> str | None:
    path = item.text(name)
    return _beside(item.file, path) if path else None


def _beside(file: str, path: str) -> str:
    return os.path.normpath(Path(file).absolute().parent / path)


def with_cluster_config(config: ExecConfig, cluster: ClusterEntry) -> ExecConfig:
    """Give a plugin what the cluster's extension holds for it."""
    return config.replace(cluster_config=cluster.exec_extension)
