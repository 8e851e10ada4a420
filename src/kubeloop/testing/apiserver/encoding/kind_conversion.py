"""What the real server changes in objects of a few kinds when it converts them to its internal form and back.

Reference: kubernetes pkg/apis/core/v1/conversion.go, pkg/apis/apps/v1/conversion.go.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from kubeloop.testing.apiserver.encoding.scalar_forms import Unfit
from kubeloop.wire.go_text import quoted

__all__ = ["convert_kind"]

_Data = dict[str, Any]

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII).fullmatch


def convert_kind(data: _Data, api_version: str, kind: str) -> None:
    """Change an object in canonical form as a conversion to the internal form and back does.

    Raises:
        Unfit: The object cannot be converted.
    """
    change = _CHANGES.get((api_version, kind))
    if change is not None:
        change(data)


def _secret(data: _Data) -> None:
    """Move `stringData` into `data`."""
    texts: _Data = data.pop("stringData", None) or {}
    if texts:
        encoded = {name: b64encode(text.encode("utf-8", "replace")).decode() for name, text in texts.items()}
        data["data"] = {**(data.get("data") or {}), **encoded}


def _node(data: _Data) -> None:
    """Set `podCIDR` and the first of `podCIDRs` to one value; the former decides."""
    spec: _Data = data["spec"]
    first: str = spec.get("podCIDR", "")
    ranges: list[str] = spec.get("podCIDRs") or []
    if first and (not ranges or ranges[0] != first):
        spec["podCIDRs"] = [first]
    elif ranges:
        spec["podCIDR"] = ranges[0]


def _stateful_set(data: _Data) -> None:
    """Name the kind of each claim template."""
    for claim in data["spec"].get("volumeClaimTemplates") or ():
        claim["kind"] = "PersistentVolumeClaim"
        claim["apiVersion"] = "v1"


def _daemon_set(data: _Data) -> None:
    """Write the generation of the template, which is a field of the internal form, as an annotation."""
    annotations: _Data = data["metadata"].setdefault("annotations", {})
    text = annotations.get(_TEMPLATE_GENERATION, "0")
    if not _INTEGER(text):
        raise Unfit(f"strconv.ParseInt: parsing {quoted(text)}: invalid syntax")
    annotations[_TEMPLATE_GENERATION] = str(int(text))


_CHANGES: dict[tuple[str, str], Callable[[_Data], None]] = {
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("v1", "Node"): _node,
    ("v1", "Secret"): _secret,
}
