"""Exec plugins as real programs, which count their runs, and a `ClientMetrics` that records what they report."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from kubeloop.config import Config, ExecConfig, Source
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.metrics import Metrics

__all__ = ["START", "V1", "MeasuredPlugins", "Plugin", "plugin_maker"]

V1 = "client.authentication.k8s.io/v1"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Plugin:
    """A plugin in a directory of its own, which counts its runs and keeps its input."""

    def __init__(self, directory, script):
        self.directory = directory
        self.path = directory / "plugin"
        head = f"#!{sys.executable}\nimport json, os, sys, time\nhere = {str(directory)!r}\n"
        self.path.write_text(head + COUNT + script)
        self.path.chmod(0o755)

    @property
    def runs(self):
        runs = self.directory / "runs"
        return len(runs.read_text()) if runs.exists() else 0

    @property
    def told(self):
        return json.loads((self.directory / "told").read_text())


COUNT = """
open(here + '/runs', 'a').write('x')
open(here + '/told', 'w').write(os.environ['KUBERNETES_EXEC_INFO'])
n = os.path.getsize(here + '/runs')
def give(**status):
    print(json.dumps({'kind': 'ExecCredential', 'apiVersion': 'client.authentication.k8s.io/v1', 'status': status}))
"""


def plugin_maker(directory):
    """Return a function that writes a plugin into a directory and returns the plugin and a source that runs it."""

    def make(script, *, config=None, now=lambda: START, terminal=False, **settings):
        plugin = Plugin(directory, script)
        settings = {"interactive_mode": "Never", "api_version": V1, "timeout": 20.0, **settings}
        config = config or Config(host="https://a", source=Source(file="/kube/config", context="prod", user="me"))
        exec_config = ExecConfig(**{"command": str(plugin.path), **settings})
        return plugin, ExecPlugin(exec_config, config, now=now, stdin_is_terminal=lambda: terminal)

    return make


class MeasuredPlugins(Metrics):
    """A `ClientMetrics` that keeps what is reported about plugins."""

    def __init__(self):
        super().__init__()
        self.runs = []
        self.policy_checks = []
        self.expiries = []
        self.ages = []

    def exec_plugin_called(self, exit_code, call_status):
        self.runs.append((exit_code, call_status))

    def exec_plugin_policy_checked(self, status):
        self.policy_checks.append(status)

    def exec_plugin_certificate(self, plugin, expires):
        self.expiries.append(expires)

    def exec_plugin_certificate_replaced(self, age_seconds):
        self.ages.append(age_seconds)
