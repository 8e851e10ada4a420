"""The suite `leases`: many leader elections in one process, on a real API server over TLS."""

from .harness import Bench, Row
from .live import live

COUNTS = (200, 500, 1000)
WITH_ELECTIONS = ("kubeloop", "client-go protobuf")
UNITS = {
    "lost": "count",
    "renewals": "count",
    "failed": "count",
    "cpu": "us",
    "cpu share": "%",
    "p50": "ms",
    "p99": "ms",
    "max": "ms",
    "rss": "MB",
    "lag p99": "ms",
    "lag max": "ms",
}


def leases(bench: Bench) -> list[Row]:
    """Hold 200 Leases with one client for ten minutes, and 500 and 1,000 for a fifth of that.

    The durations are the default ones: 15, 10 and 2 seconds. CPU is per renewal, and its share is that of one core. The
    lag is how late a timer of the event loop is. Only one round is measured.
    """
    rows = []
    with live(0) as (server, _):
        for count in COUNTS:
            seconds = bench.seconds if count == COUNTS[0] else bench.seconds // 5
            arguments = (*server.arguments, str(count), str(seconds))
            rows += bench.measure(
                f"{count} leases",
                bench.named(*WITH_ELECTIONS),
                lambda subject, arguments=arguments: subject.command("leases", *arguments),
                metrics=lambda result: {name: result[name] for name in UNITS if name in result},
                units=UNITS,
                samples=1,
            )
    return rows
