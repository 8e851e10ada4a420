"""The page on manifests: its program and its functions, run on the real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.testing import ControlPlane
from tests.support.markdown import printed, programs

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/manifests.md"
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: backups.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Backup, listKind: BackupList, plural: backups, singular: backup}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
OBJECTS = """
apiVersion: example.com/v1
kind: Backup
metadata: {name: nightly, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {color: green}
"""


@pytest.fixture
def folder(tmp_path: Path, control_plane: ControlPlane) -> Any:
    """A folder with the manifests of the page; their namespace is deleted afterwards."""
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    (deploy / "definition.yml").write_text(DEFINITION)
    (deploy / "namespace.json").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}')
    (deploy / "objects.yaml").write_text(OBJECTS)
    yield tmp_path
    control_plane.delete_namespace("shop")


async def test_the_page_on_manifests_runs(
    clientset: kubeloop.Clientset,
    kubeconfig: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONWARNINGS": "error"}
    program = [sys.executable, "-c", programs(PAGE)["deploy.py"]]
    done = subprocess.run(program, env=environment, cwd=folder, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [line.split() for line in printed(PAGE, "deploy.py")]

    functions: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        exec(code, functions)
    monkeypatch.chdir(folder)
    (folder / "deploy/objects.yaml").write_text(OBJECTS.replace("green", "blue"))
    await functions["show_changes"](clientset)
    shown = capsys.readouterr().out
    assert 'configmap/settings data.color: changed from "green" to "blue"' in shown
    assert "-  color: green\n+  color: blue" in shown

    for text in (OBJECTS, OBJECTS[OBJECTS.index("---") :]):
        (folder / "deploy/objects.yaml").write_text(text)
        await functions["deploy"](clientset)
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last == ["shop", "backup.example.com/nightly", "pruned"]
    assert "# " + "   ".join(last[1:]) in PAGE.read_text()

    (folder / "deploy/objects.yaml").write_text(OBJECTS)
    (
        folder / "deploy/namespace.json"
    ).unlink()  # only the controllers of a cluster complete the deletion of a namespace
    await functions["remove"](clientset)
    assert not await clientset.core_v1.config_maps("shop").exists("settings")
