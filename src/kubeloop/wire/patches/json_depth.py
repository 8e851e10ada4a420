"""The limit for the nesting of JSON data in patches."""

from __future__ import annotations

from typing import Any

from kubeloop.wire.patches.patch_errors import MalformedPatch

__all__ = ["MAX_DEPTH", "check_depth"]

MAX_DEPTH = 200
"""The number of lists and objects within each other that a patch may have; Go reads 10,000."""


def check_depth(value: Any) -> None:
    """Refuse data that is nested too deeply for functions that call themselves.

    Raises:
        MalformedPatch: The data is nested more deeply than `MAX_DEPTH`.
    """
    level: list[Any] = [value] if value.__class__ is dict or value.__class__ is list else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for container in level
            for child in (container.values() if container.__class__ is dict else container)
            if child.__class__ is dict or child.__class__ is list
        ]
    if level:
        raise MalformedPatch(f"exceeded the limit of {MAX_DEPTH} nested lists and objects")
