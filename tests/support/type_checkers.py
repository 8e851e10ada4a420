"""Run mypy and pyright as a user's project would, and return the lines for which they report an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]

Reports = dict[str, dict[int, list[str]]]


def mypy(project: Path, *paths: str) -> Reports:
    """Return the errors of mypy --strict, by file name and line."""
    command = ["-m", "mypy", "--strict", "--output=json", "--no-error-summary", "--config-file=", *paths]
    cache = ["--cache-dir", str(ROOT / ".mypy_cache" / "typing-tests")]
    environment = {**os.environ, "MYPYPATH": f"{ROOT / 'src'}{os.pathsep}{project}"}
    done = _run([sys.executable, *command, *cache], project, environment)
    reports: Reports = defaultdict(lambda: defaultdict(list))
    for line in done.splitlines():
        if not line.startswith("{"):
            raise AssertionError(f"mypy: {done}")
        found = json.loads(line)
        if found["severity"] == "error":
            reports[Path(found["file"]).name][found["line"]].append(found["message"])
    return reports


def pyright(project: Path, *paths: str) -> Reports:
    """Return the errors of pyright in strict mode, by file name and line."""
    settings = {"include": list(paths), "typeCheckingMode": "strict", "extraPaths": [str(ROOT / "src")]}
    # These files assign to variables that are not used again.
    (project / "pyrightconfig.json").write_text(json.dumps({**settings, "reportUnusedExpression": False}))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", "."]
    done = _run(command, project, dict(os.environ))
    reports: Reports = defaultdict(lambda: defaultdict(list))
    for found in json.loads(done)["generalDiagnostics"]:
        if found["severity"] == "error":
            line = found["range"]["start"]["line"] + 1
            reports[Path(found["file"]).name][line].append(f"{found['message']} ({found.get('rule')})")
    return reports


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not (done.stdout or done.returncode == 0):
        raise AssertionError(f"{command[2]}: {done.stdout}{done.stderr}")
    return done.stdout
