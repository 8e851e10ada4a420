"""The measurements of kubeloop's recorders of events, for `run_kubeloop.py`; see `bench/go/clientgo/events.go`."""

import asyncio
import gc
import json
import os
from datetime import UTC, datetime
from random import Random

import measure

WINDOW = 250  # occurrences that wait at most
LOOK_SECONDS = 0.02


def _occurrences(file, namespace):
    """Read the workload: pods, and the other arguments of a call."""
    from kubeloop.models import core_v1, meta_v1

    pods, found = {}, []
    with open(file) as text:
        rows = json.load(text)
    for number, *said in rows:
        if number not in pods:
            name = f"web-{number}"
            metadata = meta_v1.ObjectMeta(name=name, namespace=namespace, uid=f"uid-{name}", resource_version="1000")
            pods[number] = core_v1.Pod(metadata=metadata)
        found.append((pods[number], *said))
    return found


async def new_namespace(clientset):
    """Create a namespace for this process."""
    from kubeloop.models import core_v1, meta_v1

    name = f"bench-{os.getpid()}"
    await clientset.core_v1.namespaces().create(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name=name)))
    return name


async def _core_counts(clientset, namespace):
    events = [event async for event in clientset.core_v1.events(namespace).iterate()]
    return len(events), sum(event.count for event in events)


async def _series_counts(clientset, namespace):
    events = [event async for event in clientset.events_v1.events(namespace).iterate()]
    return len(events), sum(event.series.count if event.series else 1 for event in events)


def events(kind, host, authority, token, file, requests):
    """Record the occurrences, and measure until the expected number of requests has been sent."""

    async def run():
        import kubeloop
        from kubeloop.record import CoreEventRecorder, EventRecorder

        recorder_of, counts = {
            "core": (CoreEventRecorder, _core_counts),
            "series": (EventRecorder, _series_counts),
        }[kind]
        config = kubeloop.Config(host=host, ca_file=authority, token=token)
        async with kubeloop.Clientset(config) as clientset:
            namespace = await new_namespace(clientset)
            found = _occurrences(file, namespace)
            async with recorder_of(clientset, "bench", flush_timeout=60.0) as recorder:
                gc.collect()
                measure.collector_off()
                span = measure.Span()
                for each in found:
                    while recorder.waiting >= WINDOW:
                        await asyncio.sleep(LOOK_SECONDS)
                    recorder.event(*each)
                while recorder.waiting:
                    await asyncio.sleep(LOOK_SECONDS)
                result = span.end(len(found))
                assert recorder.written == int(requests), f"expected {requests} requests, got {recorder.written}"
                number, counted = await counts(clientset, namespace)
            measure.report(**result, count=len(found), sum=f"{number} events, {counted} counted")

    asyncio.run(run())


def correlate(file):
    """Measure the correlation of core v1 alone: from the arguments of a call to the event that would be written."""
    from kubeloop.record.event_correlator import EventCorrelator
    from kubeloop.record.occurrence import occurrence_of
    from kubeloop.record.recorded_event import EventNames

    async def run():
        found = _occurrences(file, "default")
        correlator = EventCorrelator(EventNames(Random(0)))
        loop = asyncio.get_running_loop()
        written = 0
        gc.collect()
        measure.collector_off()
        span = measure.Span()
        for each in found:
            occurrence = occurrence_of(*each, related=None, annotations=None)
            written += correlator.correlate(occurrence, loop.time(), datetime.now(UTC)) is not None
        measure.report(**span.end(len(found)), count=len(found), sum=f"{written} written")

    asyncio.run(run())
