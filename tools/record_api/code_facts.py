"""Runs the Go program beside this module, which prints what the API server decides about its resources in code."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubeloop.testing import ControlPlane
from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.binaries import SOURCES, cache_directory
from kubeloop.testing.controlplane.build import find_go

PROGRAMS = Path(__file__).parent
CONVERSIONS = "pkg/apis/**/conversion.go"


def read_code_facts(plane: ControlPlane) -> list[dict[str, Any]]:
    """Build and run the program with the flags of a running API server, and return what it prints."""
    go = steps.run(find_go(cache_directory(), lambda line: print(line, file=sys.stderr)))
    # The build cache of the control plane is valid for the same modules and the same flags.
    fixed = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    environment = {**os.environ, **fixed}
    with tempfile.TemporaryDirectory(prefix="record-api-") as work:
        directory = Path(work)
        for source in (*PROGRAMS.glob("*.go"), SOURCES / "go.mod", SOURCES / "go.sum"):
            shutil.copyfile(source, directory / source.name)
        program = directory / "record-api"
        build = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(program), "."]
        subprocess.run(build, cwd=directory, env=environment, check=True)
        place = [go, "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"]
        listed = subprocess.run(place, cwd=directory, env=environment, check=True, capture_output=True, text=True)
        candidates = field_label_candidates(Path(listed.stdout.strip()))
        run = subprocess.run(
            [str(program), *_flags(plane)],
            cwd=directory,
            input="\n".join(candidates),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    facts: list[dict[str, Any]] = json.loads(run.stdout)
    return facts


def field_label_candidates(kubernetes: Path) -> list[str]:
    """Return all texts in the conversions of Kubernetes that could be field labels."""
    files = kubernetes.glob(CONVERSIONS)
    texts = {text for path in files for text in re.findall(r'"([a-z][A-Za-z0-9.]*)"', path.read_text())}
    return sorted(texts)


def _flags(plane: ControlPlane) -> Sequence[str]:
    command = plane._live.component("kube-apiserver").command  # no public name: only this program needs it
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [argument for argument in command if argument.startswith("--")]
    return [*flags, f"--secure-port={port}"]
