"""What a program loads that applies a set: a short program pays for each module at its start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, sys
from tests.support.apply_server import ApplyServer
from tests.support.scripted_clientset import clientset

metadata = {"name": "a", "namespace": "shop"}
objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}]
client = clientset(ApplyServer().respond)[0]
report = asyncio.run(client.apply_manifests(objects, field_manager="me"))
assert [each.outcome for each in report] == ["created"], report
print(*sys.modules)
"""
UNUSED = {"established_wait", "applyset_steps", "delete_run", "diff_run", "manifest_diff"}


def test_a_set_without_definitions_loads_no_wait_for_them_and_nothing_of_other_verbs() -> None:
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split() if name.startswith("kubeloop.clients.manifests.")}
    assert "apply_run" in loaded
    assert loaded.isdisjoint(UNUSED)
