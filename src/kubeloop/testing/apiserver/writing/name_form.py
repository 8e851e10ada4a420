"""The forms of names. Each form returns the faults of a name, or of a prefix to which a suffix is added.

Reference: k8s.io/apimachinery/pkg/api/validation/generic.go; the ValidateName functions of k8s.io/kubernetes/pkg/apis.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kubeloop.meta.name_rules import dns_label_faults, dns_subdomain_faults

__all__ = [
    "NameForm",
    "any_name",
    "config_key",
    "dns_label",
    "dns_subdomain",
    "name_form_of",
    "needs_finalizer_domains",
    "path_segment",
    "storage_version_name",
]

NameForm = Callable[[str, bool], list[str]]
"""The faults of a name; the second argument is whether the name is a prefix, the `generateName`."""

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+", re.ASCII)
_DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)


def dns_subdomain(name: str, is_prefix: bool) -> list[str]:
    """Return the faults of a name that must be a DNS subdomain."""
    return dns_subdomain_faults(_without_trailing_dash(name) if is_prefix else name)


def dns_label(name: str, is_prefix: bool) -> list[str]:
    """Return the faults of a name that must be a DNS label."""
    return dns_label_faults(_without_trailing_dash(name) if is_prefix else name)


def path_segment(name: str, is_prefix: bool) -> list[str]:
    """Return the faults of a name that must be one segment of a path, which is the rule of RBAC."""
    if not is_prefix and name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{illegal}'" for illegal in "/%" if illegal in name]


def any_name(_name: str, _is_prefix: bool) -> list[str]:
    """Return no fault: the kind has no form of its own."""
    return []


def config_key(name: str, _is_prefix: bool) -> list[str]:
    """Return the faults of a name that must be a key of a ConfigMap, which is the rule of LeaseCandidates."""
    faults: list[str] = []
    if len(name.encode()) > 253:
        faults.append("must be no more than 253 bytes")
    if _CONFIG_KEY.fullmatch(name) is None:
        return [*faults, "must consist of letters, digits, '-', '_' or '.'"]
    if name == ".":
        return [*faults, "must not be '.'"]
    return [*faults, "must not start with '..'"] if name.startswith("..") else faults


def storage_version_name(name: str, _is_prefix: bool) -> list[str]:
    """Return the faults of the name of a StorageVersion: `<group>.<resource>`."""
    group, dot, resource = name.rpartition(".")
    if not dot:
        return ["name must be in the form of <group>.<resource>"]
    faults = [f"the group segment {fault}" for fault in dns_subdomain_faults(group)]
    if _DNS_1035_LABEL.fullmatch(resource) is None or len(resource) > 63:
        faults.append("the resource segment must be a DNS label that starts with a letter")
    return faults


def _without_trailing_dash(name: str) -> str:
    # The real server replaces the last two characters, so that "a--" is accepted as a prefix.
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name


_OTHER_FORMS: dict[str, NameForm] = {
    "certificatesigningrequests.certificates.k8s.io": any_name,
    "clustertrustbundles.certificates.k8s.io": any_name,
    "events": any_name,
    "ipaddresses.networking.k8s.io": any_name,
    "leasecandidates.coordination.k8s.io": config_key,
    "namespaces": dns_label,
    "poddisruptionbudgets.policy": any_name,
    "services": dns_label,
    "statefulsets.apps": dns_label,
    "storageversions.internal.apiserver.k8s.io": storage_version_name,
    **{
        f"{plural}.rbac.authorization.k8s.io": path_segment
        for plural in ("clusterrolebindings", "clusterroles", "rolebindings", "roles")
    },
}


_WITHOUT_FINALIZER_RULE = (
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
)


def needs_finalizer_domains(stored_as: str) -> bool:
    """Return whether the finalizers of a resource must have a domain, unless they are standard ones."""
    return (
        stored_as not in ("events", "poddisruptionbudgets.policy")
        and stored_as.partition(".")[2] not in _WITHOUT_FINALIZER_RULE
    )


def name_form_of(stored_as: str) -> NameForm:
    """Return the form of the names of a resource, which is named as it is stored: `deployments.apps`."""
    return _OTHER_FORMS.get(stored_as, dns_subdomain)
