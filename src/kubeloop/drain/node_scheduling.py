"""`cordon` and `uncordon`: whether the scheduler may place pods on a node.

Reference: kubectl pkg/drain/cordon.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.clients.clientset import Clientset
    from kubeloop.models import core_v1

__all__ = ["cordon", "set_unschedulable", "uncordon"]


async def cordon(clientset: Clientset, name: str, *, dry_run: bool = False) -> core_v1.Node:
    """Mark a node as unschedulable. Nothing is sent if it is already.

    Args:
        clientset: Clients of the server.
        name: The name of the node.
        dry_run: Whether the server only validates the change.

    Returns:
        The node.

    Raises:
        NotFound: There is no node of this name.

    Reference: kubectl cordon.
    """
    return (await set_unschedulable(clientset, name, True, dry_run=dry_run))[0]


async def uncordon(clientset: Clientset, name: str, *, dry_run: bool = False) -> core_v1.Node:
    """Mark a node as schedulable. Nothing is sent if it is already. Arguments and errors as of `cordon`.

    Reference: kubectl uncordon.
    """
    return (await set_unschedulable(clientset, name, False, dry_run=dry_run))[0]


async def set_unschedulable(
    clientset: Clientset, name: str, wanted: bool, *, dry_run: bool
) -> tuple[core_v1.Node, bool]:
    """Set whether a node is unschedulable, and return the node and whether that was a change."""
    nodes = clientset.core_v1.nodes()
    node = await nodes.get(name)
    if node.spec.unschedulable == wanted:
        return node, False
    change = {"spec": {"unschedulable": True if wanted else None}}
    return await nodes.patch(name, change, type="strategic", dry_run=dry_run), True
