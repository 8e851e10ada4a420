"""What stands for namespaces in calls: DEFAULT for that of the context or pod, ALL_NAMESPACES for all of them."""

from __future__ import annotations

from typing import Final

__all__ = ["ALL_NAMESPACES", "DEFAULT", "DefaultNamespace"]

ALL_NAMESPACES: Final = ""
"""All namespaces, for reads."""


class DefaultNamespace:
    """The type of `kubeloop.DEFAULT`, which stands for `Config.namespace` wherever a namespace is given.

    That is the namespace of the kubeconfig's context or, inside a cluster, of the pod; `default` where neither names
    one. For a resource without namespaces it has no effect.

    Reference: client-go `clientcmd.ClientConfig.Namespace`; kubectl without `--namespace`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "kubeloop.DEFAULT"

    def __reduce__(self) -> str:
        return "DEFAULT"


DEFAULT: Final = DefaultNamespace()
