"""Without its library, an adapter says which extra to install; nothing else needs the library."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
sys.modules[{library!r}] = None
import kubeloop, kubeloop.telemetry
kubeloop.Config(), kubeloop.Metrics(), kubeloop.RESTClient
print(sorted(name for name in sys.modules if name.startswith(("prometheus_client", "opentelemetry"))))
try:
    from kubeloop.telemetry import {name}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(("library", "name", "message"), [
    ("prometheus_client", "MetricsCollector", "kubeloop.telemetry.MetricsCollector needs the package "
     "'prometheus-client': pip install 'kubeloop[prometheus]'"),
    ("opentelemetry", "RequestTracing", "kubeloop.telemetry.RequestTracing needs the package "
     "'opentelemetry-api': pip install 'kubeloop[opentelemetry]'"),
])  # fmt: skip
def test_a_missing_library_is_named_with_its_extra(library: str, name: str, message: str) -> None:
    code = CODE.format(library=library, name=name)
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output.splitlines() == [f"['{library}']", message]
