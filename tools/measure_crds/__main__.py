"""`python -m tools.measure_crds FOLDER`: generate, import and check packages for the definitions of public projects.

Downloads the Go modules of `modules.txt` into FOLDER, whose hashes must be those of the list, and generates one new
package per project. Prints a table with, per project: definitions, classes of the models and how many there would be
without the types of `kubeloop.models`, the time of generation, the time to import the models of the largest group
version in a new process (the median of seven, after those of kubeloop) and its ratio to that of core_v1 in the same
process, and with `--types` the errors, the time and the memory of mypy and of pyright, both in strict mode. Times are
CPU times, which other programs hardly change.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from kubeloop.codegen.core_matches import CoreMatches
from kubeloop.codegen.crd import find_definitions, modules_of
from kubeloop.meta import yaml

_LIST = Path(__file__).with_name("modules.txt")
_IMPORT = """
import importlib, sys, time
sys.path.insert(0, sys.argv[1])
import kubeloop.objects.model
begin = time.process_time()
from kubeloop.models import core_v1
middle = time.process_time()
from kubeloop.models import autoscaling_v1
own = time.process_time()
importlib.import_module(sys.argv[2])
print(middle - begin, time.process_time() - own)
"""
_RUNS = 7


@dataclass(frozen=True, slots=True)
class Project:
    """A module of the list, and the folder of its definitions."""

    path: str
    version: str
    sum: str
    folder: str

    @property
    def name(self) -> str:
        parts = [part for part in self.path.split("/") if not (part[:1] == "v" and part[1:].isdigit())]
        return "_".join(parts[-2:]).replace("-", "_").replace(".", "_")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.measure_crds", description=__doc__)
    parser.add_argument("folder", type=Path, help="where modules and packages are kept")
    parser.add_argument("--types", action="store_true", help="run mypy and pyright as well")
    parser.add_argument("--only", default="", help="only projects with this text in their path")
    options = parser.parse_args()
    projects = [Project(*line.split()) for line in _LIST.read_text().splitlines() if not line.startswith("#")]
    columns = ["project", "definitions", "classes", "without core types", "generated", "largest import", "/ core_v1"]
    columns += ["mypy", "pyright"] if options.types else []
    print(_row(columns), _row(["---"] * len(columns)), sep="\n", flush=True)
    failed = total = 0
    for project in projects:
        if options.only not in project.path:
            continue
        files = _files(project, options.folder)
        documents = [one for path in files for one in yaml.load_all(path.read_bytes())]
        number = len(find_definitions(documents, project.name))
        total += number
        cells = [project.name, str(number)]
        try:
            cells += _measured(project, files, options.folder)
            cells.insert(3, str(_classes_without_core_types(documents)))
            checked = _checked(project.name, options.folder / "packages") if options.types else []
        except subprocess.SubprocessError as error:
            failed += 1
            print(_row([*cells, str(error)]), flush=True)
            continue
        failed += any("error" in one for one in checked)
        print(_row([*cells, *checked]), flush=True)
    print(f"{total} definitions, {failed} failures")
    return 1 if failed else 0


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _files(project: Project, folder: Path) -> list[Path]:
    """Return the files with the definitions of a project, after a download if they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOMODCACHE": str((folder / "mod").resolve()), "GOFLAGS": "-mod=mod"}
    command = ["go", "mod", "download", "-json", f"{project.path}@{project.version}"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    module = json.loads(done.stdout)
    if module["Sum"] != project.sum:
        raise SystemExit(f"{project.path} {project.version}: expected the hash {project.sum}, got {module['Sum']}")
    found: list[Path] = []
    for path in sorted((Path(module["Dir"]) / project.folder).rglob("*.yaml")):
        # Lines of a chart's template, which surround some definitions, are not YAML.
        text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("{{"))
        if "\nkind: CustomResourceDefinition" in f"\n{text}":
            plain = folder / "definitions" / project.name / path.name
            plain.parent.mkdir(parents=True, exist_ok=True)
            plain.write_text(text)
            found.append(plain)
    return found


def _classes_without_core_types(documents: Sequence[object]) -> int:
    with patch.object(CoreMatches, "find", return_value=""):
        return sum(len(module.structs) for module in modules_of(find_definitions(documents, "")).values())


def _measured(project: Project, files: list[Path], folder: Path) -> list[str]:
    """Return the number of classes, and the times of generation and import; a new package has no given names."""
    out = folder / "packages" / project.name
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "kubeloop", "generate", "--out", str(out), "--crd", *map(str, files)]
    generated = _run(command, folder, os.environ)
    generated.check()
    stubs = sorted((out / "models").glob("*.pyi"), key=lambda path: path.stat().st_size)
    classes = sum(line.startswith("class ") for path in stubs for line in path.read_text().splitlines())
    command = [sys.executable, "-c", _IMPORT, str(out.parent), f"{project.name}.models.{stubs[-1].stem}"]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(_RUNS)]
    own = statistics.median(float(run[1]) for run in runs)
    ratio = statistics.median(float(run[1]) / float(run[0]) for run in runs)
    return [str(classes), f"{generated.seconds:.1f} s", f"{own * 1e3:.0f} ms", f"{ratio:.2f}"]


def _checked(name: str, folder: Path) -> list[str]:
    """Return what mypy and pyright say of a package: nothing, or errors, and the time and memory that they took."""
    # The package is in a folder without configuration: what is strict is said here.
    config = folder / "pyrightconfig.json"
    settings = {"include": [name], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    config.write_text(json.dumps({**settings, "extraPaths": [str(Path.cwd() / "src")]}))
    # The cache of an earlier run would hide the time that a package takes; that of kubeloop itself is included.
    mypy = ["mypy", "--strict", "--config-file=", "--cache-dir", os.devnull, "-p", name]
    pyright = ["pyright", "-p", str(config), "--pythonpath", sys.executable]
    environment = {**os.environ, "MYPYPATH": str(Path.cwd() / "src")}
    done = [_run([sys.executable, "-m", *command], folder, environment) for command in (mypy, pyright)]
    return [f"{one.seconds:.0f} s, {one.memory:.0f} MB{one.error and f', {one.error} (error)'}" for one in done]


@dataclass(frozen=True, slots=True)
class Done:
    """A program that has ended: its CPU time, its memory in MB, and the last line of its output if it failed."""

    seconds: float
    memory: float
    error: str

    def check(self) -> None:
        if self.error:
            raise subprocess.SubprocessError(self.error)


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
    log = folder / "output.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output) as process,
    ):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    failed = process.returncode != 0
    error = (log.read_text().strip().splitlines() or ["no output"])[-1] if failed else ""
    return Done(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, error)


if __name__ == "__main__":
    sys.exit(main())
