"""Scripts for priority queues: items that are added, raised, delayed, taken and done, and time that passes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]


def priority_queue(random: Random) -> Iterator[Case]:
    """Yield scripts of several workers."""
    for script in (
        [["add", "a", -100], ["add", "b", 0], ["add", "c", 5], ["add", "d", 0], *[["get"]] * 4],
        [["add", "a", 0], ["add", "b", 1], ["add", "c", 1], ["add", "a", 1], *[["get"]] * 3],
        [["add", "a", 2], ["add", "a", 1], ["add", "b", 1], ["get"], ["get"]],
        [["add", "a", 0], ["get"], ["add", "a", 0], ["add", "b", 0], ["get"], ["get"], ["done", "a"]],
        [["add", "a", 0], ["get"], ["add", "a", -5], ["add", "b", -5], ["done", "a"], ["get"], ["get"]],
        [["add_after", "a", 0, 50], ["add_after", "a", 7, 90], ["get"], ["pass", 49], ["pass", 1]],
        [["add", "a", 0], ["add_after", "a", 3, 50], ["get"], ["done", "a"], ["pass", 60], ["get"]],
        [["add_after", "a", 1, 50], ["add", "b", 1], ["add", "a", 0], ["get"], ["get"]],
        [["add_after", "a", 1, 50], ["add", "b", 1], ["add", "a", 2], ["add", "c", 2], *[["get"]] * 3],
        [["add_after", "a", 1, 50], ["add_after", "b", 1, 40], ["pass", 60], ["add", "c", 1], *[["get"]] * 3],
        [["add", "a", 0], ["get"], ["add_after", "a", 3, 50], ["pass", 60], ["get"], ["done", "a"]],
        [["add_rate_limited", "a", 0], ["add_rate_limited", "a", 0], ["get"], ["pass", 9], ["pass", 2], ["done", "a"],
         ["add_rate_limited", "a", 4], ["get"], ["pass", 39], ["pass", 2], ["forget", "a"], ["done", "a"],
         ["add_rate_limited", "a", 0], ["get"], ["pass", 11]],
        [["get"], ["get"], ["add", "a", -1], ["add", "b", 1], ["add", "b", 3], ["get"], ["done", "b"]],
    ):  # fmt: skip
        yield {"script": script}
    for _ in range(300):
        yield {"script": _work(random)}


def _work(random: Random) -> list[list[Any]]:
    """Return a script in which no two items become ready at the same moment, and a busy one in every other case."""
    script: list[list[Any]] = []
    now, moments = 0, set[int]()
    items = "abcdefgh"[: random.randint(3, 8)]
    for _ in range(random.randint(10, 60)):
        item, priority = random.choice(items), random.choice((-100, -1, 0, 0, 1, 7))
        form = random.randrange(12)
        if form < 4:
            script.append(["add", item, priority])
        elif form < 5:
            delay = random.randint(1, 300)
            while now + delay in moments:
                delay += 1
            moments.add(now + delay)
            script.append(["add_after", item, priority, delay])
        elif form < 8:
            script.append(["get"])
        elif form < 11:
            script.append(["done", item])
        else:
            passed = random.randint(1, 200)
            now += passed
            script.append(["pass", passed])
    return [*script, ["pass", 1000], ["get"], ["get"]]
