"""`python -m tools.measure_crds FOLDER`: generate, import and check packages for the definitions of public projects.

Downloads the Go modules of `modules.txt` into FOLDER, whose hashes must be those of the list, and generates one package
per project. Prints, per project: definitions, classes of the models, size, time of generation, time to import the
models of the largest group version in a new process (the best of five, without those of kubeloop), and with `--types`
the errors, the time and the memory of mypy and of pyright, both in strict mode.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kubeloop.meta import yaml

_LIST = Path(__file__).with_name("modules.txt")
_IMPORT = """
import importlib, sys, time
sys.path.insert(0, sys.argv[1])
import kubeloop.objects.model
from kubeloop.models import autoscaling_v1, core_v1, meta_v1
begin = time.perf_counter()
importlib.import_module(sys.argv[2])
print(time.perf_counter() - begin)
"""


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
    failed = total = 0
    for project in projects:
        if options.only not in project.path:
            continue
        definitions = _definitions(project, options.folder)
        total += len(definitions)
        failed += _measure(project, definitions, options.folder, types=options.types)
    print(f"{total} definitions, {failed} failures")
    return 1 if failed else 0


def _definitions(project: Project, folder: Path) -> list[Path]:
    """Return the files with the definitions of a project, after a download if they are missing."""
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
        if any(isinstance(one, dict) and one.get("kind") == "CustomResourceDefinition" for one in yaml.load_all(text)):
            plain = folder / "definitions" / project.name / path.name
            plain.parent.mkdir(parents=True, exist_ok=True)
            plain.write_text(text)
            found.append(plain)
    return found


def _measure(project: Project, definitions: list[Path], folder: Path, *, types: bool) -> int:
    out = folder / "packages" / project.name
    command = [sys.executable, "-m", "kubeloop", "generate", "--out", str(out), "--crd", *map(str, definitions)]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        print(f"{project.name}: {done.stderr.strip().splitlines()[-1]}")
        return 1
    stubs = sorted((out / "models").glob("*.pyi"), key=lambda path: path.stat().st_size)
    texts = [path.read_text() for path in stubs]
    classes = sum(line.startswith("class ") for text in texts for line in text.splitlines())
    longest = max(len(line.split("(")[0]) - 6 for text in texts for line in text.splitlines() if line[:6] == "class ")
    imported = f"{project.name}.models.{stubs[-1].stem}"
    runs = [sys.executable, "-c", _IMPORT, str(out.parent), imported]
    best = min(float(subprocess.run(runs, capture_output=True, check=True).stdout) for _ in range(5))
    size = sum(path.stat().st_size for path in out.rglob("*.py*") if path.suffix in (".py", ".pyi"))
    print(
        f"{project.name}: {len(definitions)} definitions, {classes} classes, names up to {longest} letters, "
        f"{size / 1e6:.1f} MB, generated in {seconds:.1f} s, {imported} imported in {best * 1e3:.0f} ms",
        flush=True,
    )
    return _check_types(project.name, out) if types else 0


def _check_types(name: str, out: Path) -> int:
    # The package is in a folder without configuration: what is strict is said here.
    config = out.parent / "pyrightconfig.json"
    settings = {"include": [name], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    config.write_text(json.dumps({**settings, "extraPaths": [str(Path.cwd() / "src")]}))
    # The cache of an earlier run would hide the time that a package takes; that of kubeloop itself is included.
    mypy = ["mypy", "--strict", "--config-file=", "--cache-dir", os.devnull, "-p", name]
    failures = 0
    for command in (mypy, ["pyright", "-p", str(config), "--pythonpath", sys.executable]):
        environment = {**os.environ, "MYPYPATH": str(Path.cwd() / "src")}
        begin = time.perf_counter()
        program = [sys.executable, "-m", *command]
        timed = ["/usr/bin/env", *program]
        done = subprocess.run(timed, cwd=out.parent, env=environment, capture_output=True, text=True, check=False)
        failures += done.returncode != 0
        last = (done.stdout or done.stderr).strip().splitlines()[-1:]
        print(f"  {command[0]}: {time.perf_counter() - begin:.0f} s, {' '.join(last)}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())
