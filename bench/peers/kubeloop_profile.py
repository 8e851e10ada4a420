"""Which parts of an informer take its CPU time while it syncs: a look at the stack at each tick of its CPU clock."""

import collections
import signal

TICK = 0.001  # seconds of CPU; the kernel may tick less often
PARTS = {  # part → modules; the innermost frame of one of these modules decides
    "decoding": ("objects/json/list_reader.py",),
    "receiving": ("/transport/", "/wire/chunks.py", "/rest/", "asyncio/selector_events.py"),
    "indices": ("cache/store/index.py", "cache/store/index_by_field.py", "cache/store/indexer.py"),
    "handlers": ("peers/kubeloop_informers.py", "cache/handlers/processor.py", "cache/handlers/shared_processor.py"),
    "store and queue": ("/cache/",),
}
REST = "event loop and others"


def _part(frame):
    while frame:
        file = frame.f_code.co_filename
        for part, modules in PARTS.items():
            # The program itself is below every stack, and only its handlers count.
            if any(module in file for module in modules) and frame.f_code.co_name not in ("informer", "run"):
                return part
        frame = frame.f_back
    return REST


def profile(host, collection, pods):
    """Sync an informer with two indices and three handlers, and report the percentage of each part."""
    import kubeloop_informers

    counts = collections.Counter()
    signal.signal(signal.SIGPROF, lambda _number, frame: counts.update([_part(frame)]))

    def begin():
        signal.setitimer(signal.ITIMER_PROF, TICK, TICK)

    def end(result):
        signal.setitimer(signal.ITIMER_PROF, 0)
        total = sum(counts.values())
        result["parts"] = {part: counts[part] / total * 100 for part in (*PARTS, REST)}

    kubeloop_informers.informer("sync", host, collection, pods, 0, begin=begin, end=end)
