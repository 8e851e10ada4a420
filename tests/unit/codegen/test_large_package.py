"""A package for a definition as large as those of public projects: how many classes, and how quickly it is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kubeloop.cli import main
from tests.support.core_schemas import large_definition

_IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
import kubeloop.objects.model
begin = time.process_time()
from kubeloop.models import core_v1
middle = time.process_time()
from stack.models import large_example_com_v1
print((time.process_time() - middle) / (middle - begin))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    file = folder / "stacks.json"
    file.write_text(json.dumps(large_definition()))
    assert main(["generate", "--crd", str(file), "--out", str(folder / "stack")]) == 0
    return folder


def test_each_type_of_three_pod_templates_has_one_class(folder: Path) -> None:
    stub = (folder / "stack/models/large_example_com_v1.pyi").read_text()
    names = [line.removeprefix("class ").partition("(")[0] for line in stub.splitlines() if line.startswith("class ")]
    fields = json.dumps(large_definition()).count('"grownLater"')
    assert len(names) < 130 < fields / 4
    assert max(map(len, names)) <= 60, "that of the longest field name"


def test_it_is_imported_in_less_time_than_the_models_of_core_v1(folder: Path) -> None:
    command = [sys.executable, "-c", _IMPORT, str(folder)]
    ratios = [float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(3)]
    assert min(ratios) < 1
