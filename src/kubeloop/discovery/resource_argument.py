"""How a command line names a resource or a kind: `deploy`, `deployments.apps`, `Deployment.v1.apps`. Without I/O.

Reference: apimachinery `schema.ParseResourceArg`, `schema.ParseKindArg`.
"""

from __future__ import annotations

from typing import NamedTuple

from kubeloop.meta.gvk import GroupResource, GroupVersionResource

__all__ = ["ResourceArgument", "parse_resource_argument"]


class ResourceArgument(NamedTuple):
    """The two meanings of a text: `foos.v1.example.com` has both, and discovery decides.

    Attributes:
        versioned: The name, version and group, if the text has two dots or more. An empty group is that of the text
            `pods.v1.`, and means any group.
        plain: The name, and the group if the text has a dot.
    """

    versioned: GroupVersionResource | None
    plain: GroupResource


def parse_resource_argument(text: str) -> ResourceArgument:
    """Parse `name`, `name.group` or `name.version.group`; the name is a resource, a short name, or a kind.

    Raises:
        TypeError: The argument is no text.
        ValueError: The text has no name, or a `/`, as an apiVersion or `type/name` has.

    >>> parse_resource_argument("deployments.v1.apps").versioned
    GroupVersionResource(group='apps', version='v1', resource='deployments')
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f'expected the name of a resource such as "deployments.apps", got {type(text).__name__}')
    name, _, rest = text.partition(".")
    if not name or "/" in text:
        raise ValueError(f'expected the name of a resource such as "deployments.apps", got {text!r}')
    version, dot, group = rest.partition(".")
    versioned = GroupVersionResource(group, version, name) if dot else None
    return ResourceArgument(versioned, GroupResource(rest, name))
