"""Write `metrics.json`: the metrics that component-base's source declares, with its version and hashes.

python -m tests.conformance.component_base "$(go env GOMODCACHE)/k8s.io/component-base@v0.37.0"
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

FOLDERS = ("restclient", "workqueue", "clientgo/fifo", "clientgo/leaderelection")
FILES = tuple(f"metrics/prometheus/{name}/metrics.go" for name in FOLDERS)
DECLARED = re.compile(
    r"k8smetrics\.New(?P<type>Counter|Gauge|Histogram)(?:Vec|Func)?\(\s*&k8smetrics\.\w+Opts\{(?P<options>(?:[^{}]|\{[^{}]*\})*)\},?"
    r"(?:\s*\[\]string\{(?P<labels>[^}]*)\})?",
    re.DOTALL,
)
NAME = re.compile(r"\bName:\s*(?:\"([^\"]+)\"|(\w+)),")
SUBSYSTEM = re.compile(r"\bSubsystem:\s*(\w+),")
BUCKETS = re.compile(r"Buckets:\s*(?:\[\]float64\{(.*?)\}|k8smetrics\.ExponentialBuckets\(([^)]*)\))", re.DOTALL)
CONSTANT = re.compile(r"^\s*(\w+)\s*=\s*\"([^\"]*)\"$", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*")


def metrics_of(source: str) -> dict[str, Any]:
    """Return type, labels and buckets of each metric that a Go file declares, by name."""
    constants = dict(CONSTANT.findall(source))
    found = {}
    for match in DECLARED.finditer(COMMENT.sub("", source)):
        options = match["options"]
        literal, constant = NAME.search(options).groups()  # type: ignore[union-attr]
        name = literal or constants[constant]
        if (subsystem := SUBSYSTEM.search(options)) is not None:
            name = f"{constants[subsystem[1]]}_{name}"
        entry: dict[str, Any] = {"type": match["type"].lower(), "labels": re.findall(r'"(\w+)"', match["labels"] or "")}
        if (buckets := BUCKETS.search(options)) is not None:
            entry["buckets"] = bounds(buckets[1], buckets[2])
        found[name] = entry
    return found


def bounds(listed: str | None, exponential: str | None) -> list[float]:
    """Return the upper bounds of a histogram, exponential ones as component-base computes them."""
    if listed is not None:
        return [float(each) for each in listed.split(",") if each.strip()]
    start, factor, count = (float(each) for each in str(exponential).split(","))
    result = []
    for _ in range(int(count)):
        result.append(start)
        start *= factor
    return result


def main(root: Path) -> None:
    sources = {name: (root / name).read_bytes() for name in FILES}
    table = {
        "module": f"k8s.io/{root.name}",
        "sha256": {name: hashlib.sha256(source).hexdigest() for name, source in sources.items()},
        "metrics": {name: entry for source in sources.values() for name, entry in metrics_of(source.decode()).items()},
    }
    path = Path(__file__).with_name("metrics.json")
    path.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
