"""Bodies of pod lists for the tests of decoding."""

from __future__ import annotations

import json
from typing import Any


def pods(*items: Any) -> bytes:
    listing = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": list(items)}
    return json.dumps(listing).encode()


def named(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns"}, "spec": spec}
