"""Scripts for work queues, limiters and delta queues: operations, and the time that passes between these."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]

_MS = 10**6
_SECOND = 1000 * _MS


def limiters(random: Random) -> Iterator[Case]:
    """Yield limiters of each kind and nested ones, with failures, successes and time between these."""
    specs: list[Case] = [
        {"kind": "exponential", "base": 5 * _MS, "max": 1000 * _SECOND},
        {"kind": "exponential", "base": _MS, "max": _SECOND},
        {"kind": "exponential", "base": 1, "max": 10**15},
        {"kind": "exponential", "base": 3, "max": 100},
        {"kind": "exponential", "base": 10 * _SECOND, "max": _SECOND},
        {"kind": "exponential", "base": 0, "max": _SECOND},
        {"kind": "fast_slow", "base": 5 * _MS, "max": 10 * _SECOND, "attempts": 3},
        {"kind": "fast_slow", "base": 5 * _MS, "max": 10 * _SECOND, "attempts": 0},
        {"kind": "bucket", "rate": 10, "burst": 3},
        {"kind": "bucket", "rate": 0.5, "burst": 1},
        {"kind": "bucket", "rate": 1000, "burst": 1},
        {"kind": "bucket", "rate": 4, "burst": 100},
        {"kind": "controller"},
        {"kind": "item_based"},
    ]
    specs += [{"kind": "max_wait", "max": 50 * _MS, "of": [spec]} for spec in specs]
    specs.append({"kind": "max_of", "of": [specs[0], specs[8]]})
    specs.append({"kind": "max_of", "of": [specs[1], specs[6]]})
    specs.append({"kind": "max_of", "of": [specs[0]]})
    for spec in specs:
        yield {
            "limiter": spec,
            "script": [["when", "a"]] * 40 + [["requeues", "a"], ["forget", "a"], ["requeues", "a"], ["when", "a"]],
        }
        for _ in range(3):
            yield {"limiter": spec, "script": [_failure(random) for _ in range(random.randint(5, 30))]}
    yield {"limiter": specs[2], "script": [["when", "a"]] * 1100}
    steps = [["when", "a"], ["pass", 1061], ["when", "a"], ["when", "a"], ["pass", 3264], ["when", "b"], ["when", "a"]]
    yield {"limiter": {"kind": "bucket", "rate": 0.5, "burst": 1}, "script": steps}
    for rate, burst in ((5, 10), (0.25, 1), (50, 300), (1, 1), (4, 0)):
        for _ in range(4):
            script = [
                random.choice([["accept"], ["accept"], ["accept"], ["pass", random.randint(1, 3000)]])
                for _ in range(40)
            ]
            yield {"limiter": {"kind": "requests", "rate": rate, "burst": burst}, "script": script}


def _failure(random: Random) -> list[Any]:
    item = random.choice("ab")
    return random.choice(
        [
            ["when", item],
            ["when", item],
            ["when", item],
            ["forget", item],
            ["requeues", item],
            ["pass", random.randint(1, 5000)],
        ]
    )


def workqueue(random: Random) -> Iterator[Case]:
    """Yield scripts of one or more workers: items that are added, taken and done, now and later."""
    limiter = {"kind": "exponential", "base": 10 * _MS, "max": _SECOND}
    for script in (
        [["add", "a"], ["add", "a"], ["len"], ["get"], ["add", "a"], ["len"], ["done", "a"], ["len"], ["get"],
        ["done", "a"], ["len"], ["get"]], [["add", "a"], ["get"], ["done", "a"], ["done_anyway", "a"], ["len"]],
        [["done_anyway", "a"], ["len"], ["add", "a"], ["len"], ["done_anyway", "a"], ["len"]], [["add", "a"],
        ["done_anyway", "a"], ["len"], ["get"], ["get"]], [["add", "a"], ["shut_down"], ["add", "b"], ["get"],
        ["get"], ["done", "a"], ["get"]], [["add", "a"], ["get"], ["add", "a"], ["shut_down"], ["done", "a"], ["get"],
        ["get"]], [["add", "a"], ["get"], ["drain"], ["add", "b"], ["len"], ["done", "a"], ["get"]], [["add", "a"],
        ["get"], ["add", "a"], ["drain"], ["done", "a"], ["get"], ["done", "a"], ["get"]], [["add_after", "a", 0],
        ["len"], ["add_after", "b", -5], ["len"], ["get"], ["get"]], [["add_after", "a", 100], ["add_after", "a", 50],
        ["pass", 60], ["len"], ["pass", 60], ["len"], ["get"]], [["add_after", "a", 50], ["add_after", "a", 100],
        ["pass", 60], ["get"], ["pass", 60], ["len"], ["done", "a"], ["len"]], [["add_after", "a", 50], ["add", "a"],
        ["get"], ["pass", 60], ["len"], ["done", "a"], ["len"], ["get"]], [["add_after", "a", 50], ["shut_down"],
        ["pass", 60], ["len"], ["get"]], [["add_after", "b", 30], ["add_after", "a", 20], ["add_after", "c", 10],
        ["pass", 40], ["get"], ["get"], ["get"]], [["add_rate_limited", "a"], ["requeues", "a"], ["len"], ["pass",
        10], ["len"], ["get"], ["add_rate_limited", "a"], ["done", "a"], ["pass", 19], ["len"], ["pass", 1], ["len"],
        ["forget", "a"], ["requeues", "a"]], [["add_rate_limited", "a"], ["forget", "a"], ["pass", 11], ["len"]],
        [["add", ""], ["get"], ["done", ""], ["len"]], [["add_after", "a", 3_600_000], ["pass", 3_599_999], ["len"],
        ["pass", 1], ["len"]],
    ):  # fmt: skip
        yield {"limiter": limiter, "script": script}
    for _ in range(150):
        yield {"limiter": limiter, "script": _work(random)}


def _work(random: Random) -> list[list[Any]]:
    """Return a script in which no two items become ready at the same moment: Go's order of those is its heap's."""
    script: list[list[Any]] = []
    now, taken_moments = 0, set[int]()
    for _ in range(random.randint(8, 40)):
        item = random.choice("abcd")
        form = random.randrange(12)
        if form < 3:
            script.append(["add", item])
        elif form < 5:
            delay = random.randint(1, 300)
            while now + delay in taken_moments:
                delay += 1
            taken_moments.add(now + delay)
            script.append(["add_after", item, delay])
        elif form < 8:
            script.append(["get"])
        elif form < 10:
            script.append(["done", item])
        elif form < 11:
            passed = random.randint(1, 200)
            now += passed
            script.append(["pass", passed])
        else:
            script.append(random.choice([["len"], ["requeues", item], ["forget", item]]))
    script += [["pass", 1000], ["len"], ["get"], ["get"]]
    if random.random() < 0.3:
        script.insert(random.randrange(len(script)), ["shut_down"])
    return script


def delta_fifo(random: Random) -> Iterator[Case]:
    """Yield changes, full lists, deletions and pops. A list lacks at most one known object: Go's order is random for
    more.
    """
    for script in (
        [["synced"], ["pop"], ["replace", []], ["synced"]], [["replace", [["a", "1"], ["b", "1"]]], ["synced"],
        ["pop"], ["synced"], ["pop"], ["synced"]], [["add", "a", "1"], ["synced"], ["replace", [["a", "2"]]], ["pop"],
        ["synced"]], [["delete", "a", "1"], ["synced"], ["pop"]], [["add", "a", "1"], ["delete", "a", "2"], ["delete",
        "a", "3"], ["pop"], ["pop"]], [["add", "a", "1"], ["pop"], ["delete", "a", "2"], ["replace", []], ["pop"],
        ["pop"]], [["add", "a", "1"], ["pop"], ["replace", []], ["delete", "a", "2"], ["pop"], ["pop"]], [["add", "a",
        "1"], ["replace", []], ["replace", []], ["pop"]], [["add", "a", "1"], ["pop"], ["replace", []], ["add", "a",
        "2"], ["pop"]], [["replace", [["a", "1"]]], ["replace", [["b", "1"]]], ["pop"], ["synced"], ["pop"],
        ["synced"]], [["replace", [["a", "1"], ["a", "2"]]], ["pop"], ["synced"], ["pop"], ["synced"]], [["update",
        "a", "1"], ["update", "a", "2"], ["add", "a", "3"], ["pop"]], [["replace", [["a", "1"]]], ["pop"], ["delete",
        "a", "1"], ["pop"], ["delete", "a", "1"], ["pop"]],
    ):  # fmt: skip
        for known in (True, False):
            yield {"known": known, "script": script}
    for _ in range(170):
        yield {"known": random.random() < 0.8, "script": _changes(random)}


def _changes(random: Random) -> list[list[Any]]:
    script: list[list[Any]] = []
    ever = set[str]()
    for version in range(1, random.randint(8, 40)):
        name = random.choice("abcde")
        form = random.randrange(10)
        if form < 2:
            script.append(["add", name, str(version)])
            ever.add(name)
        elif form < 4:
            script.append(["update", name, str(version)])
            ever.add(name)
        elif form < 6:
            script.append(["delete", name, str(version)])
        elif form < 7:
            listed = sorted(ever | {name})
            random.shuffle(listed)
            if random.random() < 0.7:
                listed.pop()
            ever.add(name)
            script.append(["replace", [[each, str(version)] for each in listed]])
        else:
            script.append(random.choice([["pop"], ["pop"], ["synced"]]))
    return script
