"""`ExecConfig`: the settings of an exec plugin, as a value; `exec_plugin` runs the plugin."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

from kubeloop._kit.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["API_VERSIONS", "EXEC_INFO", "INTERACTIVE_MODES", "ExecConfig"]

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
EXEC_INFO = "KUBERNETES_EXEC_INFO"
"""The environment variable that contains the input of a plugin."""
INTERACTIVE_MODES = ("Never", "IfAvailable", "Always")


class ExecConfig(Value, frozen=True, kw_only=True):
    """A program that prints credentials.

    The `repr` omits the arguments and the environment, which may contain secrets.

    Attributes:
        command: The path of the program, or a name to look up in `PATH`.
        args: The arguments.
        env: Names and values to add to the environment of this process.
        api_version: The version of `ExecCredential` that the plugin prints, one of `API_VERSIONS`.
        install_hint: How to install the program, for the error if it is missing.
        provide_cluster_info: Whether the plugin gets the address and certificate authority of the cluster.
        interactive_mode: Whether the plugin may read from the terminal, one of `INTERACTIVE_MODES`.
        cluster_config: The content of the cluster's extension `client.authentication.k8s.io/exec`, for the plugin.
        stdin_unavailable: Why the plugin cannot read from the terminal, for example `"used to read manifests"`; `""` if
            it can. A program that uses its stdin itself sets this.
        timeout: The seconds after which the plugin is killed; ten times as many if it may ask a person.

    Reference: tools/clientcmd/api/types.go, ExecConfig. Intended differences: client-go has no timeout, and
        `stdin_unavailable` is StdinUnavailable and StdinUnavailableMessage, so that there is always a reason.
    """

    unshown = frozenset({"args", "env", "install_hint", "cluster_config"})

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    api_version: str = API_VERSIONS[0]
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"
    # A JSON value of any type, passed to the plugin unchanged.
    cluster_config: Any = None
    stdin_unavailable: str = ""
    timeout: float = 60.0

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: The version or mode is unknown, the command is empty, or a text or the extension cannot be
                passed to a program.
            TypeError: The extension is not JSON, or `args` is one text, so that each letter would be an argument.
        """
        if isinstance(cast("object", self.args), str):
            raise TypeError("ExecConfig: args must be a tuple of str, not str")
        if not self.command:
            raise ValueError("an exec plugin needs a command")
        if any(not name or "=" in name for name, _ in self.env):
            raise ValueError("an environment variable of the exec plugin has no name, or a name with =")
        for what, text in self._texts():
            if "\0" in text or not _is_encodable(text):
                raise ValueError(f"{what} of the exec plugin contains a character that cannot be passed to a program")
        try:
            json.dumps(self.cluster_config, allow_nan=False)
        except (RecursionError, ValueError):
            raise ValueError("the extension for the exec plugin is nested too deeply, or not JSON") from None
        if self.api_version not in API_VERSIONS:
            raise ValueError(f"api_version must be one of {', '.join(API_VERSIONS)}, not {self.api_version!r}")
        if self.interactive_mode not in INTERACTIVE_MODES:
            raise ValueError(
                f"interactive_mode must be one of {', '.join(INTERACTIVE_MODES)}, not {self.interactive_mode!r}"
            )

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "the command", self.command
        yield from (("an argument", arg) for arg in self.args)
        yield from (("an env variable", f"{name}{value}") for name, value in self.env)


def _is_encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True
