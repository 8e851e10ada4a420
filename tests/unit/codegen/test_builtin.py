"""kubeloop's own generated files are current, and `python -m kubeloop.codegen` checks that they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.codegen.__main__ import main
from kubeloop.codegen.generated_files import MARK

ROOT = Path(__file__).parents[3]
SCHEMA = ["--schema", str(ROOT / "schema")]


def test_every_generated_file_is_what_the_schema_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *SCHEMA]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith("0 not current\n")


def test_a_file_changed_by_hand_is_found_and_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path)]
    assert main(["generate", *SCHEMA, *out]) == 0
    assert main(["check", *SCHEMA, *out]) == 0
    changed = tmp_path / "models" / "apps_v1.py"
    changed.write_text(changed.read_text() + "# by hand\n")
    capsys.readouterr()

    assert main(["check", *SCHEMA, *out]) == 1
    assert "models/apps_v1.py: differs" in capsys.readouterr().out
    assert main(["generate", *SCHEMA, *out]) == 0
    assert capsys.readouterr().out.endswith("1 changed\n")


def test_each_generated_file_says_so_in_its_first_line_and_is_not_wide() -> None:
    package = ROOT / "src" / "kubeloop"
    places = ["models/[a-z]*_v[0-9]*.py*", "clients/groups/*.py", "cache/informers/*.py", "models/kind_index.py"]
    files = [path for place in places for path in package.glob(place)]
    assert len(files) > 200
    for path in files:
        lines = path.read_text().splitlines()
        assert lines[0].startswith(f"{MARK}`python -m kubeloop.codegen generate` from schema/")
        assert max(map(len, lines[1:])) <= 120, path
