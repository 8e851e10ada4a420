"""The error for a name that discovery does not contain: there is no such resource, or nobody can know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kubeloop._kit.near_names import did_you_mean
from kubeloop.discovery.discovery_format import NAMELESS
from kubeloop.discovery.resource_argument import parse_resource_argument
from kubeloop.errors import DiscoveryIncomplete, KubeloopError, NoMatch, StatusDetails
from kubeloop.meta.gvk import GroupKind, GroupResource, GroupVersion, GroupVersionKind, GroupVersionResource

__all__ = ["incomplete", "missing_match"]


def missing_match(
    name: str | GroupVersionKind | GroupVersionResource | GroupKind | GroupResource,
    group: str | None,
    versions: Iterable[str],
    *,
    failures: Mapping[GroupVersion, Exception],
    known: Iterable[str],
    elsewhere: Sequence[str],
    server: str,
) -> KubeloopError:
    """Create the error for a name that discovery does not contain.

    Args:
        name: The name.
        group: The group to which the search was limited; None for a text or for any group.
        versions: The versions to which it was limited.
        failures: The group versions that could not be read; an empty version stands for all of the group.
        known: Names that exist, for a suggestion.
        elsewhere: The group versions that have the same name, for a better suggestion.
        server: The address of the server.

    Returns:
        DiscoveryIncomplete, if the name could be in a group version that could not be read; otherwise NoMatch.
    """
    wanted = [version for version in versions if version]
    in_question = {
        str(each).rstrip("/"): error
        for each, error in failures.items()
        if _could_contain(each, name, group) and (not wanted or each.version in ("", *wanted))
    }
    what = _shown(name)
    if in_question:
        return incomplete(in_question, f"So it is not known whether the server at {server} has the {what}")
    own_name = _own_name(name)
    others = [each for each in known if each != own_name]  # a short name, where only a resource is meant
    hint = f"; it is in {', '.join(elsewhere)}" if elsewhere else did_you_mean(own_name, others)
    status = StatusDetails(
        code=404,
        reason="NotFound",
        message=f"the server at {server} has no {what}{hint}",
        group=group or "",
        kind=own_name,
    )
    return NoMatch(status)


def incomplete(failures: Mapping[str, Exception], consequence: str) -> DiscoveryIncomplete:
    """Create the error for group versions that could not be read, with what follows from that."""
    first = next(iter(failures))
    return DiscoveryIncomplete(
        f"discovery failed for {', '.join(failures)}; the first error is: {failures[first]}. {consequence}",
        failures=failures,
    )


def _could_contain(
    failed: GroupVersion,
    name: str | GroupVersionKind | GroupVersionResource | GroupKind | GroupResource,
    group: str | None,
) -> bool:
    if failed.group.startswith(NAMELESS):
        return True
    if not isinstance(name, str):
        # The group of a partial resource may be cut short.
        is_partial = isinstance(name, GroupVersionResource) and not name.version
        return group is None or failed.group == group or (is_partial and failed.group.startswith(group))
    versioned, plain = parse_resource_argument(name)
    if versioned is not None and failed.version in ("", versioned.version) and failed.group.startswith(versioned.group):
        return True
    return failed.group.startswith(plain.group)


def _own_name(name: str | GroupVersionKind | GroupVersionResource | GroupKind | GroupResource) -> str:
    if isinstance(name, str):
        return parse_resource_argument(name).plain.resource
    return name.kind if isinstance(name, (GroupVersionKind, GroupKind)) else name.resource


def _shown(name: str | GroupVersionKind | GroupVersionResource | GroupKind | GroupResource) -> str:
    match name:
        case GroupVersionKind():
            return f"kind {name.kind} in {name.group_version}"
        case GroupKind():
            return f"kind {name}"
        case GroupVersionResource():
            where = f" in {name.group_version}" if name.version else f".{name.group}" if name.group else ""
            return f"resource {name.resource}{where}"
        case GroupResource():
            return f"resource {name}"
        case _:
            return f"resource or kind {name!r}"
