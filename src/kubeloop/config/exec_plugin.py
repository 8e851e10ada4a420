"""`ExecPlugin`: runs a credential plugin and keeps its credential until it expires or the server rejects it.

Reference: client-go plugin/pkg/client/auth/exec/exec.go, Authenticator; KEP-541.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop._kit.raising import raise_alone
from kubeloop._kit.waiting import Lock
from kubeloop._kit.waiting import now as loop_time
from kubeloop.config.exec_config import EXEC_INFO
from kubeloop.config.exec_output import parse_exec_credential, without_secrets
from kubeloop.config.exec_policy import AllowedPlugins, clean_command
from kubeloop.config.exec_process import PluginTimeout, find_program, run_plugin
from kubeloop.config.exec_request import exec_info, plugin_key
from kubeloop.config.install_hint import InstallHint
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.config.client_metrics import ClientMetrics
    from kubeloop.config.config import Config
    from kubeloop.config.credential import ClientCertificate, Credential
    from kubeloop.config.exec_config import ExecConfig
    from kubeloop.config.exec_policy import ExecPolicy
    from kubeloop.config.exec_process import PluginResult

__all__ = ["ExecPlugin"]

# A person who types a password or confirms a second factor needs more time than a program.
_INTERACTIVE_FACTOR: Final = 10


class _Shared:
    """What the sources of one plugin for one cluster share, while one of them exists: client-go's Authenticator."""

    __slots__ = ("__weakref__", "allowed", "certificate", "credential", "expires", "hint", "lock")

    def __init__(self, plugin: ExecConfig, policy: ExecPolicy) -> None:
        self.allowed = AllowedPlugins(policy, _find)
        self.certificate: ClientCertificate | None = None  # stays when the credential is rejected
        self.credential: Credential | None = None
        self.expires: datetime | None = None
        self.hint = InstallHint(plugin.install_hint)
        self.lock = Lock()


_shared: WeakValueDictionary[str, _Shared] = WeakValueDictionary()


class ExecPlugin:
    """A source of credentials that runs a plugin.

    - The plugin runs at most once at a time. Requests that need its credential wait for that run, and all sources of
      the same plugin, policy and cluster share one credential (`plugin_key`). A run is reported to the metrics of the
      source that started it.
    - The policy of the config is checked before each run.
    - If the plugin times out or its run is cancelled, all processes that it started are killed. If it ends by itself,
      its background processes continue.
    - The end of its stderr is part of the error, with possible secrets masked, unless the plugin may ask a person.

    Args:
        plugin: The settings of the plugin.
        config: The config of the cluster.
        now: The wall clock, for the expiry of the credential.
        stdin_is_terminal: Returns whether stdin is a terminal; None to check `sys.stdin`.

    Concurrency: Any number of requests. A cancelled `fetch` kills the plugin that it started.

    Intended difference: client-go has no timeout, and passes stderr through.
    """

    __slots__ = ("_config", "_exec", "_now", "_shared", "_stdin_is_terminal", "_tell")

    def __init__(
        self,
        plugin: ExecConfig,
        config: Config,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        stdin_is_terminal: Callable[[], bool] | None = None,
    ) -> None:
        self._exec = plugin
        self._config = config
        self._now = now
        self._stdin_is_terminal = stdin_is_terminal or _stdin_is_terminal
        self._tell = MetricsGuard(f"exec plugin {plugin.command}")
        key = plugin_key(plugin, config)
        self._shared = _shared.setdefault(key, _Shared(plugin, config.exec_policy))

    def __repr__(self) -> str:
        state = "with a credential" if self._shared.credential else "not run yet"
        return f"<ExecPlugin {self._exec.command!r}, {state}>"

    def cached(self) -> Credential | None:
        """Return the plugin's credential unless it has expired."""
        shared = self._shared
        if shared.expires is not None and self._now() > shared.expires:
            return None
        return shared.credential

    async def fetch(self) -> Credential:
        """Run the plugin, or wait for the current run, and return the credential.

        Raises:
            CredentialError: The program does not exist, is not allowed, failed, timed out, or did not print a
                credential.
        """
        shared = self._shared
        async with shared.lock:
            if (credential := self.cached()) is not None:
                return credential
            credential, expires = await self._run()
            if self._config.metrics is not None:
                self._measure_certificate(self._config.metrics, credential.certificate)
            shared.credential, shared.expires = credential, expires
            return credential

    def reject(self, credential: Credential) -> bool:
        """Forget this credential, so that `fetch` runs the plugin again."""
        if self._shared.credential is credential:
            self._shared.credential = None
            self._shared.expires = None
        return True

    async def _run(self) -> tuple[Credential, datetime | None]:
        plugin = self._exec
        interactive = self._interactive()
        timeout = plugin.timeout * (_INTERACTIVE_FACTOR if interactive else 1)
        # The frames of the exceptions that are handled here contain the environment and the arguments of the plugin.
        try:
            result = await self._start(interactive=interactive, timeout=timeout)
        except FileNotFoundError:
            self._count(1, "plugin_not_found_error")
            hint = self._shared.hint.take(loop_time())
            what = f"executable {plugin.command} not found: install it or extend PATH{f'. {hint}' if hint else ''}"
            raise_alone(self._error(what))
        except PluginTimeout:
            self._count(1, "client_internal_error")
            raise_alone(self._error(f"{plugin.command} timed out after {timeout:g} s and was killed"))
        except OSError as error:
            self._count(1, "plugin_not_found_error")
            raise_alone(self._error(f"cannot run {plugin.command}: {error.strerror or error}"))
        self._count(max(result.code, -1), "plugin_execution_error" if result.code else "no_error")
        if result.code:
            tail = without_secrets(result.stderr_tail, plugin.args, [value for _, value in plugin.env])
            how = f"was killed by signal {-result.code}" if result.code < 0 else f"failed with code {result.code}"
            raise self._error(f"{plugin.command} {how}{f': {tail}' if tail else ''}")
        try:
            return parse_exec_credential(result.stdout, plugin.api_version)
        except ValueError as error:
            raise_alone(self._error(f"{plugin.command}: {error}"))

    async def _start(self, *, interactive: bool, timeout: float) -> PluginResult:
        """Run the program; see `run_plugin`."""
        plugin, program = self._exec, self._program()
        info = exec_info(plugin, self._config, interactive=interactive)
        env = {**os.environ, **dict(plugin.env), EXEC_INFO: json.dumps(info)}
        argv = (plugin.command, *plugin.args)
        return await run_plugin(program, argv, env, interactive=interactive, timeout=timeout)

    def _program(self) -> str:
        """Return the file of the plugin, which is the file that the policy allows.

        Raises:
            CredentialError: The policy does not allow the plugin.
            OSError: The policy allows the plugin, but its file cannot be found.
        """
        command = clean_command(self._exec.command)
        try:
            program: str | None = _find(command)
        except OSError:
            program = None
        refusal = self._shared.allowed.refusal(command, program)
        if (metrics := self._config.metrics) is not None:
            self._tell(metrics.exec_plugin_policy_checked, "allowed" if refusal is None else "denied")
        if refusal is not None:
            raise_alone(self._error(refusal))
        return program or _find(command)

    def _count(self, exit_code: int, call_status: str) -> None:
        """Count a run, as client-go's incrementCallsMetric."""
        if (metrics := self._config.metrics) is not None:
            self._tell(metrics.exec_plugin_called, exit_code, call_status)

    def _measure_certificate(self, metrics: ClientMetrics, certificate: ClientCertificate | None) -> None:
        """Report when a new certificate expires, and the age of the certificate before; needs `cryptography`."""
        from kubeloop.config.certificate_dates import certificate_dates

        before = self._shared.certificate
        self._shared.certificate = certificate
        if (
            before is not None
            and before != certificate
            and (dates := certificate_dates(before.certificate)) is not None
        ):
            self._tell(metrics.exec_plugin_certificate_replaced, (self._now() - dates.begin).total_seconds())
        dates = None if certificate is None else certificate_dates(certificate.certificate)
        self._tell(metrics.exec_plugin_certificate, self._shared, None if dates is None else dates.end)

    def _interactive(self) -> bool:
        mode = self._exec.interactive_mode
        if mode == "Never":
            return False
        is_terminal, unavailable = self._stdin_is_terminal(), self._exec.stdin_unavailable
        if mode == "Always" and not is_terminal:
            raise self._error("the plugin must ask a person (interactiveMode Always), but stdin is not a terminal")
        if mode == "Always" and unavailable:
            raise self._error(
                f"the plugin must ask a person (interactiveMode Always), but stdin is unavailable: {unavailable}"
            )
        return is_terminal and not unavailable

    def _error(self, message: str) -> CredentialError:
        return CredentialError(self._config.located(f"exec plugin: {message}"))


def _stdin_is_terminal() -> bool:
    with suppress(ValueError, AttributeError):  # closed, or none at all
        return sys.stdin.isatty()
    return False


def _find(command: str) -> str:
    return find_program(command, os.environ.get("PATH", ""))
