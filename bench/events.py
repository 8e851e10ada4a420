"""The suite `events`: the recorders of both APIs of events beside client-go's, and the correlation alone."""

from .harness import Bench, Row
from .live import live
from .occurrences import OCCURRENCES, PODS, core_writes, ensure_occurrences, occurrences, series_writes
from .replay import DATA
from .subjects import Subject

CORE, SERIES = "core v1", "events.k8s.io/v1"
CORRELATION = f"{CORE}: correlation alone"
UNITS = {"cpu": "us", "wall": "us"}
WITH_RECORDERS = ("kubeloop", "client-go json", "client-go protobuf")


def events(bench: Bench) -> list[Row]:
    """Record 20,000 occurrences about 2,000 pods on a real API server over TLS: the costs per occurrence.

    All subjects send the same requests; the number of events and the sum of their counts are read from the server.
    """
    subjects = bench.named(*WITH_RECORDERS)
    found = occurrences()
    assert len(found) == OCCURRENCES
    assert len({each.pod for each in found}) == PODS
    file = str(ensure_occurrences(DATA))
    rows = bench.measure(CORRELATION, _once(subjects), lambda subject: subject.command("correlate", file), units=UNITS)
    with live(0) as (server, _):
        for kind, (case, writes) in {"core": (CORE, core_writes), "series": (SERIES, series_writes)}.items():
            expected = writes(found)
            arguments = (kind, *server.arguments, file, str(expected.counted))
            rows += bench.measure(
                case,
                subjects,
                lambda subject, arguments=arguments: subject.command("events", *arguments),
                units=UNITS,
                expected=expected.text(),
            )
    return rows


def _once(subjects: list[Subject]) -> list[Subject]:
    """Return the subjects for what does not depend on the format: client-go once, under the name of its default."""
    return [subject for subject in subjects if subject.name != "client-go json"]
