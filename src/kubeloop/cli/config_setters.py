"""`kubeloop config set-context|set-cluster|set-credentials`: create an entry of a kubeconfig, or change its fields.

Reference: kubectl pkg/cmd/config: set_context.go, set_cluster.go, set_credentials.go.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import csv
import os
from typing import TYPE_CHECKING, Any

from kubeloop._kit.text import printable
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.config import KubeconfigData

__all__ = ["add_flag", "add_setters", "boolean_of"]

_MODES = ("Never", "IfAvailable", "Always")


def add_setters(add: Callable[[str, str, Any], argparse.ArgumentParser]) -> None:
    """Add the subcommands.

    Args:
        add: The function that adds a subcommand with a name, a description and a function that runs it.
    """
    context = add("set-context", "create a context, or change its fields", _set_context)
    context.add_argument("name", nargs="?", metavar="NAME")
    context.add_argument("--current", action="store_true", help="change the current context")
    context.add_argument("--cluster", metavar="NAME", help="the cluster of the context")
    context.add_argument("--user", metavar="NAME", help="the user of the context")
    context.add_argument("-n", "--namespace", metavar="NAME", help="the default namespace of the context")

    cluster = add("set-cluster", "create a cluster, or change its fields", _set_cluster)
    cluster.add_argument("name", metavar="NAME")
    cluster.add_argument("--server", metavar="URL", help="the address of the API server; clears the TLS server name")
    cluster.add_argument("--tls-server-name", metavar="NAME", help="the name to expect in the server's certificate")
    add_flag(cluster, "--insecure-skip-tls-verify", "do not check the server's certificate; clears the authority")
    cluster.add_argument("--certificate-authority", metavar="FILE", help="the certificate authority of the server")
    add_flag(cluster, "--embed-certs", "put the content of the certificate authority into the kubeconfig")
    cluster.add_argument("--proxy-url", metavar="URL", help="the proxy to the server")

    user = add("set-credentials", "create a user, or change its fields", _set_credentials)
    user.add_argument("name", metavar="NAME")
    user.add_argument("--client-certificate", metavar="FILE", help="the client certificate")
    user.add_argument("--client-key", metavar="FILE", help="the key of the client certificate")
    add_flag(user, "--embed-certs", "put the content of the certificate and the key into the kubeconfig")
    user.add_argument("--token", help="the bearer token; clears user name and password")
    user.add_argument("--username", help="the user name for basic authentication; clears the token")
    user.add_argument("--password", help="the password for basic authentication; clears the token")
    user.add_argument("--auth-provider", metavar="NAME", help="the auth-provider, such as oidc")
    user.add_argument(
        "--auth-provider-arg", action="append", default=[], metavar="KEY=VALUE", help="a setting; KEY- removes it"
    )
    user.add_argument("--exec-command", metavar="COMMAND", help="the exec plugin; clears its arguments")
    user.add_argument("--exec-api-version", metavar="VERSION", help="the version of the plugin's credentials")
    user.add_argument("--exec-interactive-mode", choices=_MODES, help="whether the plugin may use the terminal")
    add_flag(user, "--exec-provide-cluster-info", "pass the cluster's address and authority to the plugin")
    user.add_argument(
        "--exec-arg", action="append", default=[], metavar="ARG[,ARG]", help="arguments, instead of those of before"
    )
    user.add_argument(
        "--exec-env", action="append", default=[], metavar="KEY=VALUE", help="a variable; KEY- removes it"
    )


def add_flag(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    """Add an option that is a boolean, as in kubectl: `--name`, `--name=true` or `--name=false`."""
    parser.add_argument(name, nargs="?", const=True, type=boolean_of, metavar="true|false", help=text)


def boolean_of(text: str) -> bool:
    """Parse a boolean as Go's strconv.ParseBool does.

    Raises:
        argparse.ArgumentTypeError: The text is not a boolean.
    """
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}; write the option behind the NAME")


def _modify(options: argparse.Namespace, change: Callable[[KubeconfigData], None]) -> None:
    from kubeloop.config import modify_kubeconfig

    asyncio.run(modify_kubeconfig(change, options.kubeconfig))


def _set_context(options: argparse.Namespace) -> int:
    if bool(options.name) == options.current:
        raise ConfigError("expected the name of a context or --current, got " + ("both" if options.name else "neither"))
    done = ""

    def change(data: KubeconfigData) -> None:
        nonlocal done
        name = options.name or data.current_context
        if not name:
            raise ConfigError("no current context is set")
        done = f'Context "{name}" {"modified" if name in data.contexts else "created"}.'
        # kubectl writes both names, even if they are empty.
        context = data.contexts.setdefault(name, {"cluster": "", "user": ""})
        for field in ("cluster", "user", "namespace"):
            _put(context, field, getattr(options, field))

    _modify(options, change)
    print(printable(done))
    return 0


def _set_cluster(options: argparse.Namespace) -> int:
    _check_name(options, "cluster")
    if options.insecure_skip_tls_verify and options.certificate_authority:
        raise ConfigError("expected --certificate-authority or --insecure-skip-tls-verify, got both")
    if options.embed_certs and not options.certificate_authority:
        raise ConfigError("--embed-certs needs a --certificate-authority to embed")

    def change(data: KubeconfigData) -> None:
        cluster = data.clusters.setdefault(options.name, {"server": ""})
        if options.server is not None:
            cluster["server"] = options.server
            cluster.pop("tls-server-name", None)
        _put(cluster, "tls-server-name", options.tls_server_name)
        _put(cluster, "insecure-skip-tls-verify", options.insecure_skip_tls_verify)
        if options.insecure_skip_tls_verify:
            cluster.pop("certificate-authority", None)
            cluster.pop("certificate-authority-data", None)
        _put_file(cluster, "certificate-authority", options.certificate_authority, embed=options.embed_certs)
        if options.certificate_authority:
            cluster.pop("insecure-skip-tls-verify", None)
        _put(cluster, "proxy-url", options.proxy_url)

    _modify(options, change)
    print(printable(f'Cluster "{options.name}" set.'))
    return 0


def _set_credentials(options: argparse.Namespace) -> int:
    _check_name(options, "user")
    if options.token and (options.username or options.password):
        raise ConfigError("expected one way to authenticate, got two: --token, --username/--password")
    if options.embed_certs and not (options.client_certificate or options.client_key):
        raise ConfigError("--embed-certs needs a --client-certificate or a --client-key to embed")
    provider_settings = _pairs(options.auth_provider_arg, "--auth-provider-arg")
    variables = _pairs(options.exec_env, "--exec-env")

    def change(data: KubeconfigData) -> None:
        user = data.users.setdefault(options.name, {})
        _put_file(user, "client-certificate", options.client_certificate, embed=options.embed_certs)
        _put_file(user, "client-key", options.client_key, embed=options.embed_certs)
        for field in ("token", "username", "password"):
            _put(user, field, getattr(options, field))
        if options.token:
            user.pop("username", None)
            user.pop("password", None)
        elif options.username or options.password:
            user.pop("token", None)
        _change_provider(user, options.auth_provider, provider_settings)
        _change_exec(user, options, variables)

    _modify(options, change)
    print(printable(f'User "{options.name}" set.'))
    return 0


def _change_provider(user: dict[str, Any], name: str | None, settings: dict[str, str | None]) -> None:
    provider: dict[str, Any] | None = user.get("auth-provider")
    if name is not None and (provider is None or provider.get("name") != name):
        provider = {"config": dict[str, str](), "name": name}
        user["auth-provider"] = provider
    if provider is not None:
        config: dict[str, Any] = provider.get("config") or {}
        provider["config"] = config
        for key, value in settings.items():
            _put(config, key, value or "")


def _change_exec(user: dict[str, Any], options: argparse.Namespace, variables: dict[str, str | None]) -> None:
    plugin: dict[str, Any] | None = user.get("exec")
    if options.exec_command is not None:
        plugin = plugin or {"command": "", "args": None, "env": None, "provideClusterInfo": False}
        plugin.update(command=options.exec_command, args=None)
        user["exec"] = plugin
    if plugin is None:
        return
    _put(plugin, "apiVersion", options.exec_api_version)
    _put(plugin, "interactiveMode", options.exec_interactive_mode)
    if options.exec_provide_cluster_info is not None:
        plugin["provideClusterInfo"] = options.exec_provide_cluster_info
    if options.exec_arg:
        plugin["args"] = [arg for row in csv.reader(options.exec_arg) for arg in row]
    if variables:
        pairs: list[dict[str, str] | None] = plugin.get("env") or []
        present = {pair.get("name", ""): pair for pair in pairs if pair}
        for name, value in variables.items():
            if value is None:
                present.pop(name, None)
            else:
                present.setdefault(name, {"name": name})["value"] = value
        plugin["env"] = list(present.values()) or None


def _put(stanza: dict[str, Any], field: str, value: str | bool | None) -> None:
    """Set a field, or remove it if the value is empty or false. None means that the option is absent."""
    if value:
        stanza[field] = value
    elif value is not None:
        stanza.pop(field, None)


def _put_file(stanza: dict[str, Any], field: str, path: str | None, *, embed: bool | None) -> None:
    """Set the path or the content of a file, and remove the other."""
    from kubeloop.config.files import read_file

    if path is None:
        return
    if not path:
        stanza.pop(field, None)
        return
    path = os.path.abspath(os.path.expanduser(path))
    if embed:
        stanza.pop(field, None)
        stanza[f"{field}-data"] = base64.b64encode(read_file(path)).decode("ascii")
    else:
        stanza.pop(f"{field}-data", None)
        stanza[field] = path


def _pairs(texts: list[str], option: str) -> dict[str, str | None]:
    """Parse `KEY=VALUE` and `KEY-`, which has the value None."""
    found: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name:
            found[name] = value
        elif not equals and text.endswith("-") and text != "-":
            found[text[:-1]] = None
        else:
            # The text may contain a secret.
            raise ConfigError(f"{option}: expected KEY=VALUE, or KEY- to remove it")
    return found


def _check_name(options: argparse.Namespace, what: str) -> None:
    if not options.name:
        raise ConfigError(f"expected the name of a {what}, got an empty text")
