"""`python -m tests.conformance.golden.fuzz [--seconds 600] [--seed 1]`: change the recorded responses at random.

Each changed response is fed to a connection whole and cut. Both must have the same result, which is a response or one
of the exceptions of `http1.errors`; nothing else may be raised, here or in a callback of the loop. Then each is fed to
a reader that is cancelled or a connection that is reset, aborted or ended. The last lines are figures: the number of
responses, the longest time, the growth of memory. The exit status is 1 if a check failed; the failure is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from random import Random
from resource import RUSAGE_SELF, getrusage

from .judgement import recorded
from .ours.responses import Case, interrupt, output, replay

SMALL_BYTES = 20_000
SLOW_SECONDS = 1.0
GROWTH_BYTES = 16 << 20
SPECIAL = [
    b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"f", b"-", b"\xff", b"0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"HTTP/1.0 ",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"f" * 16, b"x" * 5000,
]  # fmt: skip


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.golden.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(fuzz(arguments.seconds, Random(arguments.seed)))


async def fuzz(seconds: float, random: Random) -> int:
    """Change and feed responses until the time is over."""
    faults: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context)))
    originals = [(case, data) for case, _ in recorded("responses") if len(data := output(case)) <= SMALL_BYTES]
    begun = time.monotonic()
    count, slowest, settled_bytes = 0, 0.0, 0
    ends: dict[str, int] = {}
    while time.monotonic() - begun < seconds and len(faults) < 10:
        case, data = random.choice(originals)
        for _ in range(random.choice([1, 1, 2, 4, 8])):
            data = mutated(random, data, random.choice(originals)[1])
        changed = {"method": case["method"], "output": [data.decode("latin-1")], "end": case["end"]}
        spent = time.process_time()
        try:
            end = await feed(random, changed, data)
        except Exception as error:
            end = type(error).__name__
            faults.append(f"{error!r}: {changed}")
        spent = time.process_time() - spent
        if spent > SLOW_SECONDS:
            faults.append(f"took {spent:.1f} s: {changed}")
        slowest = max(slowest, spent)
        ends[end] = ends.get(end, 0) + 1
        count += 1
        if settled_bytes == 0 and time.monotonic() - begun > seconds / 4:
            settled_bytes = resident_bytes()
    growth = resident_bytes() - settled_bytes if settled_bytes else 0
    if growth > GROWTH_BYTES:
        faults.append(f"memory grew by {growth >> 20} MiB")
    print(f"{count} responses in {time.monotonic() - begun:.0f} s, the slowest in {slowest * 1000:.0f} ms of CPU")
    print(f"ends: {', '.join(f'{name} {times}' for name, times in sorted(ends.items()))}")
    print(f"memory: {growth >> 10} KiB more than after a quarter of the time; at most {peak_bytes() >> 20} MiB")
    for fault in faults:
        print(f"FAULT {fault[:2000]}")
    return 1 if faults else 0


async def feed(random: Random, case: Case, data: bytes) -> str:
    """Feed one response whole and cut, and cut with an interruption; return how it ended."""
    whole = await replay(case, [data])
    pieces = cut(random, data)
    split = await replay(case, pieces, is_eager=random.random() < 0.5)
    if split != whole:
        raise AssertionError(f"whole: {whole}, cut: {split}, into {pieces}")
    await interrupt(
        case, pieces[: random.randrange(len(pieces) + 1)], random.choice(["cancel", "reset", "abort", "end"])
    )
    return whole.failure or str(whole.result.get("end", "waits"))


def cut(random: Random, data: bytes) -> list[bytes]:
    """Cut at random, now and then into single bytes."""
    if len(data) < 2000 and random.random() < 0.1:
        return [data[at : at + 1] for at in range(len(data))]
    pieces: list[bytes] = []
    most = random.choice([3, 20, 200, 5000])
    while data:
        size = random.randint(1, most)
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def mutated(random: Random, data: bytes, other: bytes) -> bytes:
    """Change one place."""
    at = random.randrange(len(data) + 1)
    form = random.randrange(7)
    if form == 0:
        return data[:at] + random.choice(SPECIAL) + data[at:]
    if form == 1:
        return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    if form == 2:
        return data[:at] + data[at + random.choice([1, 2, 10, 100]) :]
    if form == 3:
        return data[:at] + data[max(0, at - random.choice([1, 2, 10, 100])) :]
    if form == 4:
        return data[:at] + other[random.randrange(len(other) + 1) :]
    if form == 5:
        return (data + other)[:SMALL_BYTES]
    return data[:at]


def resident_bytes() -> int:
    """Return the memory that this process holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def peak_bytes() -> int:
    """Return the most memory that this process ever held."""
    return getrusage(RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    sys.exit(main())
