"""The audit log of the API server as the judge of elections."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

__all__ = ["AuditedWrite", "audit_flags", "audited_writes", "terms_that_overlap"]

_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create, update]
  resources: [{group: "", resources: [configmaps]}, {group: coordination.k8s.io, resources: [leases]}]
- level: None
"""


@dataclass(frozen=True)
class AuditedWrite:
    """A write that succeeded.

    Attributes:
        received: When the server received the request, by its clock.
        writer: The user agent.
        verb: `create` or `update`.
        resource: `configmaps` or `leases`.
        name: The name of the object.
    """

    received: str
    writer: str
    verb: str
    resource: str
    name: str


def audit_flags(folder: Path) -> list[str]:
    """Write an audit policy, and return the flags of kube-apiserver that use it."""
    policy = folder / "policy.yaml"
    policy.write_text(_POLICY, encoding="utf-8")
    return [f"--audit-policy-file={policy}", f"--audit-log-path={folder / 'audit.log'}"]


def audited_writes(folder: Path, namespace: str) -> list[AuditedWrite]:
    """Return the writes in a namespace that succeeded, in the order in which the server received them."""
    writes: list[AuditedWrite] = []
    for line in (folder / "audit.log").read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the server was killed while it wrote the line
        target = event["objectRef"]
        if target.get("namespace") == namespace and event["responseStatus"]["code"] < 300:
            writes.append(
                AuditedWrite(
                    event["requestReceivedTimestamp"],
                    event["userAgent"],
                    event["verb"],
                    target["resource"],
                    target.get("name", ""),
                )
            )
    return sorted(writes, key=lambda each: each.received)


def terms_that_overlap(writes: list[AuditedWrite]) -> list[str]:
    """Return the terms of which a write follows a write of another candidate that followed their first.

    The ConfigMaps of a term have its name, `work-TERM-NUMBER`. A late update of the Lease divides a term, as late work
    of another candidate does.
    """
    runs = [list(run) for _, run in groupby(writes, key=lambda each: each.writer)]
    found: set[str] = set()
    overlapping: list[str] = []
    for run in runs:
        terms = {each.name.removeprefix("work-").rpartition("-")[0] for each in run if each.resource == "configmaps"}
        overlapping += sorted(terms & found)
        found |= terms
    return overlapping
