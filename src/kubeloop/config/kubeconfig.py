"""Reading and merging kubeconfig files; `load` creates a `Config` from the entries.

The structure of all entries is checked here (types, base64), their meaning only for the chosen context (`validation`).
Errors name the file and the path of the field, never a value, because most values are secrets.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from kubeloop._kit.raising import raise_alone
from kubeloop._kit.value import Value, field
from kubeloop.config.document_fields import Fields
from kubeloop.config.files import read_file
from kubeloop.errors import ConfigError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "AuthProviderEntry",
    "ClusterEntry",
    "ContextEntry",
    "ExecEntry",
    "Kubeconfig",
    "UserEntry",
    "kubeconfig_of",
    "merge",
    "parse_document",
    "parse_kubeconfig",
    "read_kubeconfigs",
]

logger = logging.getLogger(__name__)
_E = TypeVar("_E")

_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


class ClusterEntry(Value, frozen=True, kw_only=True, eq=False):
    """An item of `clusters`: an API server. The `repr` omits URLs, which may contain a password."""

    unshown = frozenset({"server", "proxy_url", "ca_data", "exec_extension"})

    file: str
    server: str = ""
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    ca_file: str | None = None
    ca_data: bytes | None = None
    proxy_url: str | None = None
    disable_compression: bool = False
    # A JSON value of any type, for the exec plugin.
    exec_extension: object = None


class ExecEntry(Value, frozen=True, kw_only=True, eq=False):
    """The `exec` of an item of `users`, unchecked: it may describe a plugin that cannot run."""

    unshown = frozenset({"args", "env", "install_hint"})

    command: str
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    api_version: str
    install_hint: str
    provide_cluster_info: bool
    interactive_mode: str


class AuthProviderEntry(Value, frozen=True, kw_only=True, eq=False):
    """The `auth-provider` of an item of `users`, unchecked: it may name a provider that is not supported."""

    unshown = frozenset({"config"})

    name: str
    config: Mapping[str, str]


class UserEntry(Value, frozen=True, kw_only=True, eq=False):
    """An item of `users`: the ways to authenticate. The `repr` contains no secret."""

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
    as_user: str = ""
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()
    as_extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    auth_provider: AuthProviderEntry | None = None
    exec: ExecEntry | None = None


class ContextEntry(Value, frozen=True, kw_only=True, eq=False):
    """An item of `contexts`: a cluster, a user and a namespace under one name."""

    file: str
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class Kubeconfig(Value, frozen=True, kw_only=True, eq=False):
    """The content of one kubeconfig file, or of several merged files."""

    files: tuple[str, ...] = ()
    clusters: Mapping[str, ClusterEntry] = field(default_factory=dict[str, ClusterEntry])
    users: Mapping[str, UserEntry] = field(default_factory=dict[str, UserEntry])
    contexts: Mapping[str, ContextEntry] = field(default_factory=dict[str, ContextEntry])
    current_context: str = ""


def read_kubeconfigs(paths: Iterable[str], *, must_exist: bool = False) -> Kubeconfig:
    """Read and merge kubeconfig files.

    Args:
        paths: The paths in order of precedence. Empty ones are skipped and repeated ones are read once. A path may be a
            pipe, for example from `<(...)` in a shell.
        must_exist: Whether a missing file is an error; otherwise it is skipped.

    Raises:
        ConfigError: Files cannot be read or are not kubeconfigs. The message names all of them.

    Reference: client-go tools/clientcmd/loader.go, ClientConfigLoadingRules.Load.
    """
    found: list[Kubeconfig] = []
    problems: list[str] = []
    missing: list[str] = []
    for path in dict.fromkeys(path for path in paths if path):
        try:
            found.append(parse_kubeconfig(read_file(path, or_pipe=True), path))
        except FileNotFoundError:
            missing.append(path)
        except OSError as error:
            problems.append(f"{path}: cannot read this kubeconfig: {error.strerror or error}")
        except ConfigError as error:
            problems.append(str(error))
    if must_exist:
        problems += [f"{path}: no such kubeconfig" for path in missing]
    elif missing:
        logger.debug("no such kubeconfig: %s", ", ".join(missing))
    if problems:
        raise ConfigError("; ".join(problems))
    return merge(found)


def merge(configs: Iterable[Kubeconfig]) -> Kubeconfig:
    """Merge kubeconfigs: each entry, and `current-context`, is taken whole from the first config that has it."""
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
    """Parse the content of one kubeconfig file.

    Args:
        data: YAML or JSON, whose first document is read. An empty text is an empty kubeconfig.
        path: The path of the file, for messages; relative paths in the file are relative to its folder.

    Raises:
        ConfigError: The text is not YAML or not a kubeconfig, an entry is repeated, or a value has the wrong type. The
            message contains no value.

    Reference: client-go tools/clientcmd/api/v1/conversion.go.
    """
    return kubeconfig_of(parse_document(data, path), path)


def parse_document(data: bytes, path: str) -> object:
    """Parse the first YAML document of a file as plain JSON data, unchecked; None for an empty text.

    Raises:
        ConfigError: The text is not YAML. The message contains no value.
    """
    from kubeloop.meta import yaml

    try:
        return cast("object", yaml.load_first(data))
    except DecodeError as error:
        # The parser's message may quote a secret from the file, so only the position is kept.
        place = re.search(r"line \d+, column \d+", str(error))
        raise_alone(ConfigError(f"{path}: not YAML{f': {place[0]}' if place else ''}"))


def kubeconfig_of(document: object, path: str) -> Kubeconfig:
    """Return the kubeconfig that a document contains; see `parse_kubeconfig`."""
    root = Fields({} if document is None else document, path, "")
    kind, version = root.text("kind"), root.text("apiVersion")
    if (kind or "Config") != "Config" or (version or "v1") != "v1":
        raise ConfigError(f"{path}: not a kubeconfig: apiVersion {version!r}, kind {kind!r}; it must be v1, Config")
    _extensions(root)
    _extensions(root.child("preferences"))
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
            raise item.error(f"the {singular} {name!r} is defined twice")
        stanza = item.child(singular)
        _extensions(stanza)
        entries[name] = build(stanza)
    return entries


def _extensions(item: Fields) -> dict[str, object]:
    """Return the extensions of an entry by name; no two have the same name."""
    extensions: dict[str, object] = {}
    for extension in item.children("extensions"):
        name = extension.text("name")
        if name in extensions:
            raise extension.error(f"the extension {name!r} is defined twice")
        extensions[name] = extension.value("extension")
    return extensions


def _cluster(item: Fields) -> ClusterEntry:
    return ClusterEntry(
        file=item.file,
        server=item.text("server"),
        tls_server_name=item.text("tls-server-name") or None,
        insecure_skip_tls_verify=item.flag("insecure-skip-tls-verify"),
        ca_file=_resolved(item, "certificate-authority"),
        ca_data=item.data("certificate-authority-data"),
        proxy_url=item.text("proxy-url") or None,
        disable_compression=item.flag("disable-compression"),
        exec_extension=_extensions(item).get(_EXEC_EXTENSION),
    )


def _user(item: Fields) -> UserEntry:
    extra = item.child("as-user-extra")
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
        as_user=item.text("as"),
        as_uid=item.text("as-uid"),
        as_groups=item.texts("as-groups"),
        as_extra={key: extra.texts(key) for key in extra.names()},
        auth_provider=_auth_provider(item.child("auth-provider")) if item.has("auth-provider") else None,
        exec=_exec(item.child("exec")) if item.has("exec") else None,
    )


def _auth_provider(item: Fields) -> AuthProviderEntry:
    config = item.child("config")
    return AuthProviderEntry(
        name=item.text("name") or "unnamed", config={name: config.text(name) for name in config.names()}
    )


def _context(item: Fields) -> ContextEntry:
    return ContextEntry(
        file=item.file, cluster=item.text("cluster"), user=item.text("user"), namespace=item.text("namespace")
    )


def _exec(item: Fields) -> ExecEntry:
    command = item.text("command")
    if os.sep in command or (os.altsep is not None and os.altsep in command):
        command = _beside(item.file, command)
    return ExecEntry(
        command=command,
        args=item.texts("args"),
        env=tuple((pair.text("name"), pair.text("value")) for pair in item.children("env")),
        api_version=item.text("apiVersion"),
        install_hint=item.text("installHint"),
        provide_cluster_info=item.flag("provideClusterInfo"),
        interactive_mode=item.text("interactiveMode"),
    )


def _resolved(item: Fields, name: str) -> str | None:
    path = item.text(name)
    return _beside(item.file, path) if path else None


def _beside(file: str, path: str) -> str:
    return os.path.normpath(Path(file).absolute().parent / path)
