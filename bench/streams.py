"""The suite `streams`: many watches and requests on a real API server, over HTTP/1.1 and HTTP/2."""

from dataclasses import replace
from functools import partial

from .harness import Bench, Row
from .live import live

WATCHES, CHANGES, RATE, AT_ONCE, ROUNDS = 200, 400, 100, 50, 40
PROTOCOLS = {"client-go json": ("h2", "http/1.1"), "client-go protobuf": ("h2",)}
UNITS = {
    "client: cpu per watch opened": "us",
    "client: cpu per event": "us",
    "client: cpu per request": "us",
    "client: memory per watch": "KB",
    "connections with 200 watches": "count",
    "connections after requests": "count",
    "server: cpu per watch opened": "us",
    "server: cpu per event": "us",
    "server: cpu per request": "us",
    "server: live memory per watch": "KB",
    "wall per watch opened": "us",
    "latency p50": "ms",
    "latency p99": "ms",
}


def streams(bench: Bench) -> list[Row]:
    """Run 200 watches on a real API server over TLS, 100 events/s, then GETs at the same time; HTTP/1.1 and HTTP/2.

    A watch is open at its first event. The server's figures per event and request include the changes of the pods.
    """
    subjects = []
    for subject in bench.subjects:
        if subject.name == "kubeloop":
            subjects.append(replace(subject, command=partial(subject.command, "streams")))
        elif subject.name in PROTOCOLS:
            subjects += [
                replace(
                    subject, name=f"{subject.name} {protocol}", command=partial(subject.command, "streams", protocol)
                )
                for protocol in PROTOCOLS[subject.name]
            ]
        else:
            bench.missing["streams", subject.name] = "has one protocol, and is measured in `request`"
    with live(WATCHES) as (server, conductor):
        numbers = map(str, (WATCHES, CHANGES, RATE, AT_ONCE, ROUNDS))
        arguments = (*server.arguments, server.namespace, conductor, *numbers)
        return bench.measure(
            f"{WATCHES} watches, {AT_ONCE} requests at once",
            subjects,
            lambda subject: subject.command(*arguments),
            metrics=_streams,
            units=UNITS,
        )


def _streams(result: dict) -> dict[str, float]:
    before, opened, watched, requested = result["looks"]
    requests = AT_ONCE * ROUNDS
    values = (
        result["open"],
        result["event"],
        result["request"],
        result["memory"] / WATCHES / 1e3,
        opened["connections"],
        requested["connections"],
        (opened["cpu before"] - before["cpu after"]) / WATCHES * 1e6,
        (watched["cpu before"] - opened["cpu after"]) / CHANGES * 1e6,
        (requested["cpu before"] - watched["cpu after"]) / requests * 1e6,
        (opened["live"] - before["live"]) / WATCHES / 1e3,
        result["open wall"],
        result["p50"],
        result["p99"],
    )
    return dict(zip(UNITS, values, strict=True))
