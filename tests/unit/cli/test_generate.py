"""The command `kubeloop generate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.cli import main
from kubeloop.codegen.generated_files import MARK

CRDS = sorted(str(path) for path in (Path(__file__).parents[2] / "support" / "crds").glob("*.yaml"))


def test_crds_become_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "custom"
    assert main(["generate", "--crd", *CRDS, "--out", str(out)]) == 0
    assert "cert_manager_io_v1: Certificate, CertificateRequest\n" in capsys.readouterr().out
    assert sorted(path.name for path in (out / "models").glob("cert*")) == [
        "cert_manager_io_v1.py",
        "cert_manager_io_v1.pyi",
    ]
    for path in out.rglob("*.py*"):
        assert path.read_text().startswith(f"{MARK}`kubeloop generate --crd certificates.yaml")
        assert "/" not in path.read_text().splitlines()[0], "no path of this machine"


def test_a_second_run_changes_nothing_and_removes_what_is_generated_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", "--out", str(tmp_path), "--crd"]
    main([*arguments, *CRDS])
    main([*arguments, *CRDS])
    assert capsys.readouterr().out.endswith("0 changed\n")
    (tmp_path / "models" / "own.py").write_text("")
    main([*arguments, CRDS[0]])
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [
        "__init__.py",
        "cert_manager_io_v1.py",
        "cert_manager_io_v1.pyi",
        "own.py",
    ]


def test_a_check_names_the_files_that_are_not_current_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", "--out", str(tmp_path), "--crd"]
    main([*arguments, *CRDS])
    assert main([*arguments, *CRDS, "--check"]) == 0
    assert capsys.readouterr().out.endswith("0 not current\n")
    changed, gone = (tmp_path / "models" / f"cert_manager_io_v1.py{end}" for end in ("", "i"))
    old = tmp_path / "clients" / "old_v1.py"
    old.write_text(f"{MARK}an earlier run")
    changed.write_text(changed.read_text() + "x = 1\n")
    gone.unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert main([*arguments, *CRDS, "--check"]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[:-1] == [
        "models/cert_manager_io_v1.py: differs",
        "models/cert_manager_io_v1.pyi: missing",
        "clients/old_v1.py: generated once, but no more",
    ]
    assert printed.err == "kubeloop: the package is not current: run the command without --check\n"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_the_package_of_the_example_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3] / "examples")
    arguments = ["generate", "--crd", "custom_resource/backups.crd.yaml", "--out", "custom_resource/generated"]
    assert main([*arguments, "--check"]) == 0


def test_a_check_of_a_definition_that_has_grown_fails(tmp_path: Path) -> None:
    file, out = tmp_path / "a.yaml", tmp_path / "out"
    file.write_text(Path(CRDS[0]).read_text())
    assert main(["generate", "--crd", str(file), "--out", str(out)]) == 0
    file.write_text(file.read_text().replace("secretName: {type: string", "secretNames: {type: string"))
    assert main(["generate", "--crd", str(file), "--out", str(out), "--check"]) == 1


@pytest.mark.parametrize("text", ["kind: Pod\n", "a: [\n", "- 1\n", ""])
def test_what_cannot_be_read_ends_in_one_line_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    assert main(["generate", "--crd", str(file), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith("kubeloop: ")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--openapi", str(tmp_path / "gone.json"), "--out", str(tmp_path / "out")]) == 1
    assert "gone.json" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["generate"], ["generate", "--out", "x"], ["generate", "--cluster"]])
def test_an_incomplete_command_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_an_unreachable_cluster_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config"
    config.write_text("apiVersion: v1\nkind: Config\ncurrent-context: gone\n")
    arguments = ["generate", "--cluster", "--kubeconfig", str(config), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("kubeloop: ")
