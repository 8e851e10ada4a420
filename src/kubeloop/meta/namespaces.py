"""DEFAULT: the namespace of the kubeconfig context or of the pod, where a call takes a namespace."""

from __future__ import annotations

from typing import Final

__all__ = ["DEFAULT", "DefaultNamespace"]


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
