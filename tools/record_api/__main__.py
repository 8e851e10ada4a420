"""`python -m tools.record_api`: record what the real API server serves and what a fresh one contains.

Starts the control plane without a controller manager, reads discovery, OpenAPI v3, the version and the objects, and
runs a Go program for what exists only as code. Writes two files into `kubeloop.testing.apiserver.facts`; with `--check`
it compares them with the files that are there. The same server always yields the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kubeloop.testing import ControlPlane

from .code_facts import read_code_facts
from .discovery_facts import read_checks, read_groups
from .fresh_content import read_fresh_objects, stored_resources
from .openapi_facts import read_openapi
from .real_server import RealServer
from .recording import content_of, write_openapi, write_server

TARGET = Path(__file__).resolve().parents[2] / "src/kubeloop/testing/apiserver/facts"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.record_api", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files that are there")
    check = parser.parse_args().check
    files = record()
    if check:
        stale = [name for name, new in files.items() if content_of((TARGET / name).read_bytes()) != content_of(new)]
        print(f"not current: {', '.join(stale)}; run make record-api" if stale else "the recording is current")
        return 1 if stale else 0
    for name, content in files.items():
        (TARGET / name).write_bytes(content)
        print(f"wrote {name}: {len(content)} bytes")
    return 0


def record() -> dict[str, bytes]:
    """Return the content of each file by its name."""
    with ControlPlane() as plane, RealServer(plane) as server:
        code = read_code_facts(plane)
        for fact in code:
            for failure in fact.get("failures", ()):
                print(f"{fact['group']}/{fact['version']} {fact['resource']}: {failure}", file=sys.stderr)
        groups = read_groups(server, code)
        served = {
            "kubernetes": plane.version,
            "version": server.document("/version"),
            "checks": read_checks(server),
            "paths": server.document("/")["paths"],
            "groups": groups,
        }
        objects = read_fresh_objects(server, stored_resources(groups))
        documents = read_openapi(server)
        return {
            "server.json.gz": write_server(served, objects),
            "openapi.json.xz": write_openapi(documents, plane.version),
        }


if __name__ == "__main__":
    sys.exit(main())
