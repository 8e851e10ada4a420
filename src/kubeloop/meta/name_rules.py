"""The rules for names in paths, and for the keys and values of labels.

`check_path_segment` checks each part of a path before it becomes part of a URL. The other functions return a list of
faults, so that a caller can report all of them. The server checks which names a kind allows.
Reference: k8s.io/apimachinery/pkg/api/validate/content; client-go rest/request.go (Name, Namespace, SubResource).
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["check_path_segment", "dns_label_faults", "dns_subdomain_faults", "label_key_faults", "label_value_faults"]

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)

# Objects repeat their keys, so those that were good are kept; none is longer.
_LONGEST_KEPT = 253 + 1 + 63

_LABEL_NAME_RULE = "must consist of letters, digits, '-', '_' or '.', and start and end with a letter or digit"
_DNS_LABEL_RULE = "must consist of lower case letters, digits or '-', and start and end with a letter or digit"
_DNS_SUBDOMAIN_RULE = "must consist of lower case letters, digits, '-' or '.', and start and end with a letter or digit"


def check_path_segment(value: str, what: str) -> str:
    """Return a name unchanged if it can be one segment of a URL path.

    Args:
        value: The name, namespace, resource or subresource.
        what: The kind of the value for the message, such as `"name"` or `"namespace"`.

    Raises:
        ValueError: The value is empty, `.` or `..`, or contains `/` or `%`, so that the request would reach another
            path.
    """
    if not value:
        raise ValueError(f"{what} is empty: a request without it would address the whole collection")
    if value in (".", ".."):
        raise ValueError(f"{what} may not be {value!r}: it would change the path of the request")
    for illegal in "/%":
        if illegal in value:
            raise ValueError(f"{what} {value!r} may not contain {illegal!r}")
    return value


def dns_label_faults(value: str) -> list[str]:
    """Return why a text is not a DNS label (RFC 1123), which most names in namespaces must be."""
    faults = _length_faults(value, 63)
    if _DNS_LABEL.fullmatch(value) is None:
        faults.append("must not contain dots" if _DNS_SUBDOMAIN.fullmatch(value) else _DNS_LABEL_RULE)
    return faults


def dns_subdomain_faults(value: str) -> list[str]:
    """Return why a text is not a DNS subdomain (RFC 1123), which is a list of labels with dots."""
    faults = _length_faults(value, 253)
    if _DNS_SUBDOMAIN.fullmatch(value) is None:
        faults.append(_DNS_SUBDOMAIN_RULE)
    return faults


def label_key_faults(key: str) -> list[str]:
    """Return why a text is not the key of a label or annotation, `[dns-subdomain/]name`."""
    return [] if len(key) <= _LONGEST_KEPT and _is_label_key(key) else _label_key_faults(key)


@lru_cache(maxsize=1024)
def _is_label_key(key: str) -> bool:
    return not _label_key_faults(key)


def _label_key_faults(key: str) -> list[str]:
    parts = key.split("/")
    if len(parts) > 2:
        return [f"name {_LABEL_NAME_RULE}, with an optional DNS subdomain and '/' before it"]
    faults: list[str] = []
    if len(parts) == 2:
        prefix = parts[0]
        faults += [f"prefix {fault}" for fault in (dns_subdomain_faults(prefix) if prefix else ["must not be empty"])]
    name = parts[-1]
    if not name:
        faults.append("name must not be empty")
    faults += [f"name {fault}" for fault in _length_faults(name, 63)]
    if _LABEL_NAME.fullmatch(name) is None:
        faults.append(f"name {_LABEL_NAME_RULE}")
    return faults


def label_value_faults(value: str) -> list[str]:
    """Return why a text is not the value of a label. The empty text is a value."""
    faults = _length_faults(value, 63)
    if value and _LABEL_NAME.fullmatch(value) is None:
        faults.append(_LABEL_NAME_RULE)
    return faults


def _length_faults(value: str, most: int) -> list[str]:
    """Return the faults of a text's length in bytes, as Go counts it."""
    if len(value) <= most and value.isascii():
        return []
    return [f"must be no more than {most} bytes"] if len(value.encode("utf-8", "surrogatepass")) > most else []
