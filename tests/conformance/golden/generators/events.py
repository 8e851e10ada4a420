"""Scripts for recorders of events, names of events, and objects to refer to."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

Case = dict[str, Any]
Step = list[Any]

__all__ = ["core_events", "event_names", "event_series", "references"]

_WEB = {"kind": "Pod", "apiVersion": "v1", "namespace": "n", "name": "web", "uid": "u1", "resourceVersion": "7"}
_NODE = {"kind": "Node", "apiVersion": "v1", "name": "n1", "uid": "n1"}
_ROLE = {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "name": "system:node"}
_OBJECTS = [
    _WEB,
    {**_WEB, "name": "db", "uid": "u2"},
    {**_WEB, "uid": "u3"},
    {**_WEB, "fieldPath": "spec.containers{a}"},
    {**_WEB, "apiVersion": "v2"},
    {**_WEB, "namespace": "m"},
    _NODE,
]
_EIGHTH = 125
"""Milliseconds that a float of seconds represents exactly, so that moments at a limit are at the limit in Python."""


def _event(about: Case = _WEB, reason: str = "Failed", note: str = "no", **options: Any) -> Step:
    return [
        "event",
        about,
        options.get("type", "Warning"),
        reason,
        options.get("action", "Bind"),
        note,
        options.get("related"),
        options.get("annotations"),
    ]


def _different(count: int, *, first: int = 0, **options: Any) -> Iterator[Step]:
    """Yield occurrences with different notes, at different moments."""
    for number in range(first, first + count):
        yield _event(note=f"no {number}", **options)
        yield ["pass", _EIGHTH]


def core_events(random: Random) -> Iterator[Case]:
    """Yield scripts for the recorder of core `v1`: occurrences, time that passes, and events that expire."""
    minutes = [["pass", 300_000 - 27 * 2 * _EIGHTH], *[_event()] * 27]
    for script in (
        [_event(), ["pass", 60_000], _event(), ["pass", 1000], _event()],
        [_event(note="")] * 3,
        [_event(annotations={"example.com/a": "b"}), _event(annotations={"example.com/a": "c"})],
        [*_different(12)],
        [*_different(12, annotations={"a": "b"})],
        [*_different(9), ["pass", 600_000 - 3 * _EIGHTH], _event(note="at ten minutes")],
        [*_different(9), ["pass", 600_000 - 2 * _EIGHTH], _event(note="after ten minutes"), *_different(10)],
        [*_different(40)],
        [_event()] * 25 + minutes * 3,
        [_event()] * 30 + [_event(type="Normal"), _event(_NODE), _event(reason="Other")],
        [_event()] * 26 + [["expire"], ["pass", 300_000], _event()],
        [*[_event(_OBJECTS[6])] * 25, _event(reason="Muted"), _event(reason="Muted"), ["pass", 300_000],
         _event(reason="Muted")],
        [_event(), ["expire"], _event(), _event()],
        [*_different(11), ["expire"], *_different(2, first=11)],
        [_event(_NODE), _event(_NODE), _event(_ROLE)],
        [*_different(12, about=_NODE)],
        [*_different(6), *_different(6, about=_OBJECTS[3])],
        [*_different(6), *_different(6, about={**_WEB, "resourceVersion": "8"})],
        [_event(), _event({**_WEB, "resourceVersion": "8"})],
    ):  # fmt: skip
        yield {"script": _apart(script)}
    for _ in range(90):
        yield {"script": _apart(_occurrences(random, [_EIGHTH, 1000, 60_000, 299_750, 300_000, 599_750, 600_000]))}


def event_series(random: Random) -> Iterator[Case]:
    """Yield scripts for the recorder of `events.k8s.io/v1`, without occurrences at the moment of a pass over series."""
    other = {"kind": "Service", "apiVersion": "v1", "namespace": "n", "name": "web"}
    for script in (
        [_event()],
        [_event()] * 2,
        [_event()] * 7 + [["pass", 360_000]] * 3,
        [_event(), ["pass", 360_000], ["pass", 360_000], _event()],
        [_event(), ["pass", 359_000], _event(), ["pass", 359_000], _event(), ["pass", 800_000], _event()],
        [*[step for _ in range(12) for step in (_event(), ["pass", 300_000])]],
        [_event(), _event(), ["expire"], _event(), ["pass", 800_000]],
        [_event(), ["expire"], _event(), _event()],
        [_event(related=other), _event(), _event(related=other)],
        [_event(action="Bind"), _event(action="Unbind"), _event(action="Bind")],
        [_event(note="first"), _event(note="second"), _event(note="third"), ["pass", 800_000]],
        [_event(annotations={"example.com/a": "b"}), _event(annotations={"example.com/a": "c"})],
        [_event(_ROLE), _event(_NODE), _event(_NODE)],
        [_event(_OBJECTS[0]), _event(_OBJECTS[3]), _event(_OBJECTS[3])],
        [_event(type="Normal"), _event(type="Warning"), _event(type="Normal")],
        [_event(), _event({**_WEB, "resourceVersion": "8"})],
        [_event(related=_WEB), _event(related={**_WEB, "resourceVersion": "8"})],
    ):
        yield {"script": [["pass", _EIGHTH], *_apart(script)]}
    for _ in range(90):
        # Two passes at one moment are in no order, which shows if an event expired meanwhile.
        expires = random.random() < 0.3
        pauses = [250, 30_000] if expires else [250, 30_000, 350_000, 400_000, 2_000_000]
        yield {"script": [["pass", _EIGHTH], *_apart(_occurrences(random, pauses, expires=expires))]}


def _apart(script: list[Step]) -> list[Step]:
    """Return a script in which time passes after each occurrence: client-go names two events of a moment equally."""
    apart: list[Step] = []
    for each in script:
        apart.append(each)
        if each[0] == "event":
            apart.append(["pass", 250])
    return apart


def _occurrences(random: Random, pauses: list[int], *, expires: bool = True) -> list[Step]:
    """Return a script in which the notes of a reason are either few or all different.

    With other notes, which of them are combined depends on the order of a Go map.
    """
    objects = random.sample(_OBJECTS, random.randint(1, 3))
    reasons = random.sample(["Failed", "Killing", "Pulled"], random.randint(1, 3))
    has_few_notes = {reason: random.random() < 0.5 for reason in reasons}
    script: list[Step] = []
    for number in range(random.randint(10, 80)):
        form = random.randrange(20)
        if form == 0:
            if expires:
                script.append(["expire"])
        elif form < 4:
            script.append(["pass", random.choice(pauses)])
        else:
            reason = random.choice(reasons)
            script.append(
                _event(
                    random.choice(objects),
                    reason,
                    f"few {random.randrange(4)}" if has_few_notes[reason] else f"new {number}",
                    type=random.choice(["Warning", "Warning", "Normal"]),
                    action=random.choice(["Bind", "Bind", "Bind", "Unbind"]),
                )
            )
    return script


def event_names(random: Random) -> Iterator[Case]:
    """Yield names of objects and moments."""
    names = [
        "web",
        "a.b",
        "",
        ".",
        "-",
        "A",
        "a_b",
        "system:node",
        "ä",
        "x" * 236,
        "x" * 237,
        "x" * 253,
        "a.",
        "1",
        "a b",
    ]
    for name in names:
        for moment in (1, 1_600_000_000_123_456, 946_684_800_000_000):
            yield {"name": name, "microseconds": moment}
    for _ in range(100):
        name = "".join(random.choice("aab09-.B_:") for _ in range(random.randint(1, 12)))
        yield {"name": name, "microseconds": random.randrange(1, 4_000_000_000_000_000)}


def references(random: Random) -> Iterator[Case]:
    """Yield objects, typed or not, whole or with parts of their metadata."""
    kinds = [
        ("v1", "Pod"), ("v1", "Node"), ("apps/v1", "Deployment"), ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("v1", "PodList"), ("apps/v1", "DeploymentList"), ("events.k8s.io/v1", "Event"),
    ]  # fmt: skip
    values = {"name": "web", "namespace": "n", "uid": "u1", "resourceVersion": "7", "generation": 3}
    for api_version, kind in kinds:
        for form in ("typed", "typed without kind", "unstructured"):
            for _ in range(6):
                chosen = {name: value for name, value in values.items() if random.random() < 0.7}
                metadata = {name: chosen[name] for name in chosen if not kind.endswith("List") or name[0] == "r"}
                yield {
                    "as": form,
                    "fieldPath": random.choice(["", "", "spec.containers{web}", "spec.containers[2]"]),
                    "object": {"apiVersion": api_version, "kind": kind, "metadata": metadata},
                }
    for api_version, kind in [("example.com/v1", "Thing"), ("", "Thing"), ("v1", ""), ("a/b/c", "Thing")]:
        yield {
            "as": "unstructured",
            "fieldPath": "",
            "object": {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}},
        }
