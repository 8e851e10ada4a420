"""`add_config_arguments` and `overrides_of`: the options with which a program's users choose the cluster and the user.

Reference: client-go tools/clientcmd/overrides.go, BindOverrideFlags.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any, cast

from kubeloop.meta.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.config.config_overrides import ConfigOverrides

__all__ = ["add_config_arguments", "namespace_of", "overrides_of", "seconds_of"]

_NAMESPACE_PREFIX = re.compile("(?:namespaces|namespace|ns)/(?=.)", re.IGNORECASE)


def namespace_of(text: str) -> str:
    """Return a namespace without the prefix `namespaces/`, `namespace/` or `ns/`.

    Reference: client-go RemoveNamespacesPrefix.
    """
    return _NAMESPACE_PREFIX.sub("", text, count=1) if _NAMESPACE_PREFIX.match(text) else text


def seconds_of(text: str) -> float:
    """Return the seconds of a timeout: a whole number of seconds, or a duration such as `1m30s`; 0 for no limit.

    Raises:
        argparse.ArgumentTypeError: The text is neither, or is negative.

    Reference: client-go ParseTimeout. Intended difference: a negative duration is refused.
    """
    try:
        seconds = float(text) if re.fullmatch(r"\+?[0-9]{1,18}", text) else parse_duration(text).total_seconds()
    except ValueError:
        seconds = None
    if seconds is None or seconds < 0:
        raise argparse.ArgumentTypeError(f"expected seconds or a duration (such as 30, 90s or 1m30s), got {text!r}")
    return seconds


# Per override, the name of its option and the other arguments of argparse's `add_argument`.
_OPTIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "context": ("context", {"metavar": "NAME", "help": "the context of the kubeconfig to use"}),
    "cluster": ("cluster", {"metavar": "NAME", "help": "the cluster of the kubeconfig to use"}),
    "user": ("user", {"metavar": "NAME", "help": "the user of the kubeconfig to use"}),
    "namespace": ("namespace", {"metavar": "NAME", "type": namespace_of, "help": "the namespace to use"}),
    "server": ("server", {"metavar": "URL", "help": "the address of the API server"}),
    "tls_server_name": (
        "tls-server-name",
        {"metavar": "NAME", "help": "the name to expect in the server's certificate"},
    ),
    "insecure_skip_tls_verify": (
        "insecure-skip-tls-verify",
        {"action": argparse.BooleanOptionalAction, "help": "do not check the server's certificate"},
    ),
    "ca_file": ("certificate-authority", {"metavar": "FILE", "help": "the certificate authority of the server"}),
    "cert_file": ("client-certificate", {"metavar": "FILE", "help": "the client certificate"}),
    "key_file": ("client-key", {"metavar": "FILE", "help": "the key of the client certificate"}),
    "token": ("token", {"help": "the bearer token"}),
    "username": ("username", {"help": "the user name for basic authentication"}),
    "password": ("password", {"help": "the password for basic authentication"}),
    "as_user": ("as", {"metavar": "NAME", "help": "the user to act as"}),
    "as_uid": ("as-uid", {"metavar": "UID", "help": "the unique ID of the user to act as"}),
    "as_groups": (
        "as-group",
        {"metavar": "NAME", "action": "append", "help": "a group of the user to act as; can be repeated"},
    ),
    "timeout": (
        "request-timeout",
        {
            "metavar": "DURATION",
            "type": seconds_of,
            "help": "the time limit of one request, such as 30, 90s or 1m30s; 0 for none",
        },
    ),
    "proxy_url": ("proxy-url", {"metavar": "URL", "help": "the proxy to the server"}),
    "disable_compression": (
        "disable-compression",
        {"action": argparse.BooleanOptionalAction, "help": "request responses without gzip"},
    ),
}
_SHORT = {"namespace": "-n", "server": "-s"}


def add_config_arguments(parser: argparse.ArgumentParser, *, prefix: str = "") -> None:
    """Add the options of kubectl with which a user chooses the kubeconfig, the cluster, the user and the context.

        parser = argparse.ArgumentParser()
        add_config_arguments(parser)
        options = parser.parse_args()
        config = load_config(options.kubeconfig, **overrides_of(options))

    Args:
        parser: The parser of the program.
        prefix: Text before the name of each option except `--kubeconfig`, for programs that have options of the same
            names: with `"kube-"`, the options are `--kube-context` and so on, without `-n` and `-s`.

    Reference: client-go BindOverrideFlags with RecommendedConfigOverrideFlags. Intended difference: a boolean
        option has no value; its opposite is `--no-insecure-skip-tls-verify`.
    """
    group = parser.add_argument_group("access to the cluster")
    group.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="the kubeconfig file to use instead of those in KUBECONFIG and of ~/.kube/config",
    )
    for override, (name, arguments) in _OPTIONS.items():
        short = (_SHORT[override],) if override in _SHORT and not prefix else ()
        group.add_argument(*short, f"--{prefix}{name}", dest=_destination(prefix, name), default=None, **arguments)


def overrides_of(options: argparse.Namespace, *, prefix: str = "") -> ConfigOverrides:
    """Return the overrides in parsed options, for `load_config`.

    Args:
        options: The parsed options of a parser with the options of `add_config_arguments`.
        prefix: The same prefix as for `add_config_arguments`.

    Returns:
        The overrides that are given. They contain the token and the password.
    """
    values = ((override, getattr(options, _destination(prefix, name))) for override, (name, _) in _OPTIONS.items())
    return cast("ConfigOverrides", {override: value for override, value in values if value is not None})


def _destination(prefix: str, name: str) -> str:
    return f"{prefix}{name}".replace("-", "_")
