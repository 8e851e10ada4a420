"""The tests that do not run on the API server in Python, each with its reason."""

from __future__ import annotations

__all__ = ["ONLY_REAL"]

ONLY_REAL: dict[str, str] = {
    "test_control_plane": "tests the processes, flags and etcd of ControlPlane itself",
    "test_reads_of_both_servers": "compares reads with the real server",
    "test_recorded_api": "compares the recorded facts with the real server",
}
"""Modules (`test_auth`) and tests (`test_auth::test_name`)."""
