"""A package for a definition as large as those of public projects: how many classes it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubeloop.cli import main
from tests.support.core_schemas import large_definition


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
