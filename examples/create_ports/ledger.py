"""The decisions of createPorts, as functions without input and output: which ports belong to which pod."""

from collections.abc import MutableMapping

from kubeloop.models import core_v1

COUNT = "ports.kubeloop.dev/count"  # on a pod: how many ports it requests
PORTS = "ports.kubeloop.dev/ports"  # on a pod: the ports that it has
LEADER = "ports.kubeloop.dev/leader"  # on a pod and on the ledger: the replica that wrote last
RANGE = range(30_000, 32_000)


class NoFreePort(Exception):
    """The ledger has fewer free ports than a pod requests."""


def wants(item: str, pod: core_v1.Pod | None) -> tuple[str, int]:
    """Return the owner under which the ledger books ports for a pod, and their number: 0 for a deleted pod."""
    asked = pod.metadata.annotations.get(COUNT, "") if pod else ""
    return f"{item}/{pod.metadata.uid if pod else ''}", int(asked) if asked.isdecimal() else 0


def settle(ledger: MutableMapping[str, str], item: str, owner: str, count: int, *, shrink: bool) -> list[str]:
    """Book `count` ports for `owner`; with `shrink`, free all other ports of `item` (`namespace/name`)."""
    held = sorted(port for port, holder in ledger.items() if holder == owner)
    free = [str(port) for port in RANGE if str(port) not in ledger][: max(0, count - len(held))]
    if len(held) + len(free) < count:
        raise NoFreePort(f"expected {count} free ports, got {len(held) + len(free)}")
    ledger.update(dict.fromkeys(free, owner))
    held = sorted(held + free)[:count]
    for port, holder in list(ledger.items()):
        if shrink and holder.startswith(f"{item}/") and port not in held:
            del ledger[port]
    return held
