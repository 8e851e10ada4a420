"""The suite `latency`: the time from a write on the real API server to the call of an informer's handler."""

from .harness import Bench, Row
from .informers import in_modes
from .live import live

PODS, CHANGES, RATE = 100, 300, 100
UNITS = {"p50": "ms", "p99": "ms", "p50 of the write": "ms", "p99 of the write": "ms", "cpu": "us"}
INFORMERS = {
    *("kubeloop", "kubeloop lazy", "kubeloop dynamic"),
    *("client-go protobuf", "client-go json", "client-go dynamic"),
}


def latency(bench: Bench) -> list[Row]:
    """Change 100 pods in turn, 100 per second, on a real API server over TLS: start of the write → handler call.

    The time includes that of the write itself, which is shown too. CPU is that of the informer's process, per event.
    """
    subjects = [subject for subject in in_modes(bench.subjects) if subject.name in INFORMERS]
    with live(PODS) as (server, conductor):
        arguments = (*server.arguments, conductor, *map(str, (PODS, CHANGES, RATE)))
        return bench.measure(
            f"{CHANGES} changes, {RATE} per second",
            subjects,
            lambda subject: subject.command("latency", *arguments),
            metrics=lambda result: {
                "p50": result["p50"],
                "p99": result["p99"],
                "p50 of the write": result["writes"]["p50"],
                "p99 of the write": result["writes"]["p99"],
                "cpu": result["cpu"],
            },
            units=UNITS,
        )
