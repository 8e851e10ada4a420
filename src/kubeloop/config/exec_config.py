"""What a kubeconfig says about an exec plugin, as a value. Running the plugin is `exec_plugin`'s business."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

from kubeloop._kit.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["API_VERSIONS", "INTERACTIVE_MODES", "ExecConfig"]

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
INTERACTIVE_MODES = ("Never", "IfAvailable", "Always")


class ExecConfig(Value, frozen=True, kw_only=True):
    """A program that prints credentials.

    Its arguments and the values of its environment may hold secrets, so the `repr` shows neither.

    Attributes:
        command: A path, or a name that is looked up in `PATH`.
        args: Its arguments.
        env: Names and values, added to this process's environment.
        api_version: The `ExecCredential` version that it speaks, one of `API_VERSIONS`.
        install_hint: What to tell people who do not have the program.
        provide_cluster_info: Whether the plugin is told which cluster it is for.
        interactive_mode: One of `INTERACTIVE_MODES`: whether it may read from the terminal.
        cluster_config: What the cluster's extension `client.authentication.k8s.io/exec` holds for the plugin.
        timeout: Seconds after which a plugin that may not ask a person is killed; one that may gets ten times as long.

    Reference: tools/clientcmd/api/types.go, ExecConfig. `timeout` is ours: client-go waits for ever.
    """

    unshown = frozenset({"args", "env", "install_hint", "cluster_config"})

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    api_version: str = API_VERSIONS[0]
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"
    # JSON of any shape, handed to the plugin as it is.
    cluster_config: Any = None
    timeout: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what no plugin can be.

        Raises:
            ValueError: An unknown version or mode, no command, or a text or extension that no program can be given.
            TypeError: An extension of another type than JSON has, or `args` is one text: each of its letters would be
                an argument.
        """
        if isinstance(cast("object", self.args), str):
            raise TypeError("ExecConfig: args must be a tuple of str, not str")
        if not self.command:
            raise ValueError("an exec plugin needs a command")
        if any(not name or "=" in name for name, _ in self.env):
            raise ValueError("an env variable of the exec plugin without a name, or with = in it")
        for what, text in self._texts():
            if "\0" in text or not _is_encodable(text):
                raise ValueError(f"{what} of the exec plugin has a character that no program can be given")
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
