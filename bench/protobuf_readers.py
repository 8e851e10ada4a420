"""CPU time of the ways to read a PodList that is protobuf, against JSON; the figures of docs/design/protobuf.md.

python -m bench.protobuf_readers FOLDER          # with pods-1000.json and .pb, see bench/README.md
"""

import sys
import time
from pathlib import Path

from kubeloop.models import core_v1
from kubeloop.objects.frozen_struct import make
from kubeloop.objects.json.encode import dumps
from kubeloop.wire.protobuf import read_message
from kubeloop.wire.protobuf.envelope import opened
from kubeloop.wire.protobuf.read_message import guarded, reader_of
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.serializers.json_serializer import JSON

RUNS = 3


def microseconds(name, work, pods=1000, runs=RUNS):
    """Print the CPU time per pod of the fastest run."""
    best = min(timed(work) for _ in range(runs))
    print(f"{name:52} {best / pods * 1e6:8.1f} µs per pod")


def timed(work):
    start = time.process_time()
    work()
    return time.process_time() - start


class Remembering:
    """Reads a message again only if its bytes are new; equal bytes are one immutable object."""

    def __init__(self, reader):
        self.reader, self.known = reader, {}

    def read(self, data, at, end):
        raw = data[at:end]
        found = self.known.get(raw)
        if found is None:
            found = self.known[raw] = self.reader.read(raw, 0, len(raw))
        return found


def main(folder):
    body, text = (folder / "pods-1000.pb").read_bytes(), (folder / "pods-1000.json").read_bytes()
    where = opened(body)

    def read():
        return guarded(reader_of(core_v1.PodList).read, body, where.start, where.end)

    plain = read()
    assert plain == JSON.decode(text, core_v1.PodList)
    print(f"bytes: JSON {len(text)}, protobuf {len(body)}")
    microseconds("JSON, msgspec (today)", lambda: JSON.decode(text, core_v1.PodList))
    microseconds("protobuf, table-driven reader", read)
    microseconds("JSON, write each pod", lambda: [JSON.encode(pod) for pod in plain.items])
    microseconds("protobuf, write each pod", lambda: [write_message(pod) for pod in plain.items])

    calls = []

    def note(cls, **found):
        calls.append((cls, found))
        return make(cls, **found)

    read_message.make = note
    read()
    read_message.make = make
    microseconds("only create the objects", lambda: [make(cls, **found) for cls, found in calls])

    def transcode():
        read_message.make = lambda _cls, **found: found
        try:
            listing = read()
        finally:
            read_message.make = make
        return dumps(listing["items"])

    microseconds("protobuf to JSON text, without decoding that", transcode)

    of = read_message.reader_of
    kept = {}

    def remembering(cls):
        reader = of(cls)
        if cls in (core_v1.PodList, core_v1.Pod):
            return reader
        return kept.setdefault(cls, Remembering(reader))

    read_message.reader_of = remembering
    of.cache_clear()
    assert guarded(of(core_v1.PodList).read, body, where.start, where.end) == plain

    def read_cold():
        for each in kept.values():
            each.known.clear()
        return guarded(of(core_v1.PodList).read, body, where.start, where.end)

    microseconds("protobuf, equal messages once, memory empty", read_cold)
    microseconds(
        "protobuf, equal messages once, all known",
        lambda: guarded(of(core_v1.PodList).read, body, where.start, where.end),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
