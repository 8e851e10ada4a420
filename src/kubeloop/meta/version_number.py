"""`version_number`: resourceVersions as numbers, which can be compared.

Reference: KEP-5504 (comparable resource versions), apimachinery `util/resourceversion.CompareResourceVersion`.
"""

from __future__ import annotations

__all__ = ["version_number"]

MAX_DIGITS = 1000
"""The greatest length of a version that is read as a number: Python refuses very long ones."""


def version_number(resource_version: str) -> int | None:
    """Return a resourceVersion as a number; None if it cannot be compared with others.

    Versions of the same resource can be compared, whatever the object and the namespace: the greater one is the later
    one. `""` and `"0"` are no versions of an object, and some servers use texts that are no numbers.

    >>> version_number("4711"), version_number("0"), version_number("v2"), version_number("012")
    (4711, None, None, None)
    """
    if not resource_version.isascii() or not resource_version.isdigit() or resource_version[0] == "0":
        return None
    return int(resource_version) if len(resource_version) <= MAX_DIGITS else None
