"""The measurements that all Python runners share: CPU, wall time, settled memory, the pause of a full collection.

A runner is `python FILE MEASUREMENT ARGUMENT…`: one measurement in one fresh process, which prints one line of JSON. It
imports only its own library and this file, so that no peer affects another.
"""

import ctypes
import gc
import hashlib
import json
import os
import resource
import sys
import time

GC_OFF = os.environ.get("BENCH_GC") == "off"


def cpu():
    """Return the user and system seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def settled_rss():
    """Return the resident bytes after the allocator has released its free memory."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return resident()


def resident():
    """Return the present resident bytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def peak_rss():
    """Return the largest number of resident bytes since the start, or since `forget_peak`."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def forget_peak():
    """Use this moment as the start for `peak_rss`."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def collector_off():
    """Disable the garbage collector if the sample requests it."""
    if GC_OFF:
        gc.disable()


class Span:
    """The CPU and wall time per item in microseconds, since the creation of this object."""

    def __init__(self):
        self.cpu, self.wall = cpu(), time.perf_counter()

    def end(self, items):
        wall, used = time.perf_counter() - self.wall, cpu() - self.cpu
        return {"cpu": used / items * 1e6, "wall": wall / items * 1e6}


def collection_pause():
    """Return the milliseconds of one full collection, the best of three."""
    pauses = []
    for _ in range(3):
        start = time.perf_counter()
        gc.collect()
        pauses.append(time.perf_counter() - start)
    return min(pauses) * 1e3


def checksum(names):
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()[:12]


def ask(url):
    """Send a command to the server or the conductor of a suite, and return the response."""
    import urllib.request

    with urllib.request.urlopen(url) as response:
        return json.load(response)


def report(**sample):
    print(json.dumps(sample), flush=True)


def decode(decode_list, names, folder, size, variant=""):
    """Measure `decode_list(bytes)` of a list or a variant; `names` returns the `namespace/name` of each of its pods."""
    size = int(size)
    with open(f"{folder}/pods-20.json", "rb") as file:
        decode_list(file.read())
    before = settled_rss()
    with open(f"{folder}/pods-{size}{variant and '-'}{variant}.json", "rb") as file:
        data = file.read()
    collector_off()
    span = Span()
    pods = decode_list(data)
    result = span.end(size)
    del data
    gc.enable()
    result["rss"] = (settled_rss() - before) / size / 1e3
    result["gc pause"] = collection_pause()
    found = list(names(pods))
    report(**result, count=len(found), sum=checksum(found))


async def request(get, count, concurrency):
    """Measure `await get()`, `count` times over `concurrency` tasks."""
    import asyncio

    async def run(count):
        left = count

        async def work():
            nonlocal left
            while left > 0:
                left -= 1
                await get()

        await asyncio.gather(*(work() for _ in range(concurrency)))

    await run(500 + concurrency * 4)
    gc.collect()
    collector_off()
    span = Span()
    await run(count)
    report(**span.end(count), count=count)


def request_threads(get, count, concurrency):
    """Measure `get()` of a blocking client in `concurrency` threads."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(concurrency) as pool:

        def run(count):
            for _ in pool.map(lambda _: get(), range(count)):
                pass

        run(500 + concurrency * 4)
        gc.collect()
        collector_off()
        span = Span()
        run(count)
        report(**span.end(count), count=count)


class Applying:
    """One sample of `apply`: a namespace of its own, and a kubeconfig for it.

    `commands` is the address of the suite's commands; with `#counted` at the end, requests are counted.
    """

    def __init__(self, commands):
        self._commands, _, counted = commands.partition("#")
        place = ask(f"{self._commands}/namespace?counted={counted}")
        self.kubeconfig, self.namespace = place["kubeconfig"], place["namespace"]

    def start(self):
        """Start the measurement, after imports and the parsing of the file."""
        gc.collect()
        collector_off()
        self._span = Span()

    def end(self, documents):
        """Report the costs per document, and what is on the server."""
        result = self._span.end(documents)
        self.report(documents, cpu() * 1e6 / documents, peak_rss(), **result)

    def report(self, documents, whole, peak, **result):
        """Report costs; `whole` are the microseconds of CPU of the whole process, per document."""
        found = ask(f"{self._commands}/objects?namespace={self.namespace}")
        assert found["count"] == documents, f"expected {documents} objects, got {found['count']}"
        report(**result, whole=whole, peak=peak / 1e6, **found)


def parse(parse_file, warm_up, file, names):
    """Measure `parse_file(file)`; `names` returns the `KIND/NAME` of each of its objects.

    Before that, a file with the same kinds is parsed, so that imports of models do not count.
    """
    parse_file(warm_up)
    gc.collect()
    before = settled_rss()
    collector_off()
    span = Span()
    objects = parse_file(file)
    result = span.end(len(objects))
    gc.enable()
    result["rss"] = (settled_rss() - before) / len(objects) / 1e3
    found = sorted(names(objects))
    report(**result, count=len(found), sum=checksum(found))


class Waiting:
    """One sample of `wait`: pods in a namespace of their own, which become ready one after the other."""

    def __init__(self, commands, count, delay):
        self._commands, self._delay = commands, delay
        place = ask(f"{commands}/namespace")
        self.kubeconfig, self.namespace = place["kubeconfig"], place["namespace"]
        self._names = [f"pod-{number:03}" for number in range(int(count))]
        ask(f"{commands}/pods?namespace={self.namespace}&count={count}")
        self._returned, self._cpu = {}, 0.0

    def pods(self):
        """Yield the name of each pod, which becomes ready a moment later; note when the loop's body has ended."""
        for name in self._names:
            ask(f"{self._commands}/ready?namespace={self.namespace}&pod={name}&after={self._delay}")
            before = cpu()
            yield name
            self._returned[name] = time.monotonic_ns()
            self._cpu += cpu() - before

    def end(self, used=None):
        """Report the latencies in milliseconds, and the CPU per wait: `used` seconds, or that of this process."""
        times = ask(f"{self._commands}/times?namespace={self.namespace}")
        early = [name for name in self._names if self._returned[name] < times[name]["started"]]
        assert not early, f"{early} were not ready when the wait returned"
        latencies = [sorted((self._returned[name] - times[name][mark]) / 1e6 for name in self._names) for mark in MARKS]
        result = {}
        for mark, millis in zip(MARKS.values(), latencies, strict=True):
            result[f"p50{mark}"] = millis[len(millis) // 2]
            result[f"p99{mark}"] = millis[len(millis) * 99 // 100]
        count = len(self._names)
        used = self._cpu if used is None else used
        report(**result, cpu=used / count * 1e6, count=count, sum=f"{count} waits")


MARKS = {"seen": "", "started": " from the write"}  # of `times` in bench/stage.py


def main(**measurements):
    """Run the measurement that the command line names; a library may not have all of them."""
    measurements[sys.argv[1]](*sys.argv[2:])
