"""Whatever is added to a backlog and taken from it, under each policy, the events that leave add up to the last state.

The events are those that an informer creates: each object is added, updated and deleted in turn.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache.handlers.handler_backlog import Backlog, BacklogLimit
from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated, merged
from kubeloop.errors import BacklogFull
from kubeloop.meta.keys import object_key
from tests.support.things import Thing, thing

NAMES = "abcd"
ACTIONS = st.sampled_from(["change", "change", "replace", "resync", "delete", "delete", "lose"])
CHANGES = st.tuples(ACTIONS, st.sampled_from(NAMES))
STEPS = st.lists(st.one_of(CHANGES, CHANGES, st.tuples(st.just("take"), st.integers(1, 3))), max_size=60)
LIMITS = st.one_of(
    st.builds(BacklogLimit), st.builds(BacklogLimit, st.integers(1, 5), st.sampled_from(["latest", "error", "block"]))
)


class World:
    """Objects that change, and a reader that adds up the events that it sees."""

    def __init__(self, existing: frozenset[str]) -> None:
        self.objects = {f"ns/{name}": thing(f"ns/{name}", "0") for name in sorted(existing)}
        self.seen: dict[str, Thing] = {}
        self.changes = 0

    def change(self, name: str) -> InformerEvent[Thing]:
        """Change an object, or create a new one."""
        old = self.objects.get(f"ns/{name}")
        return self.put(name, old.metadata.uid if old is not None else f"uid {self.changes}")

    def replace(self, name: str) -> InformerEvent[Thing]:
        """Delete an object and create another one of its name while nobody watches."""
        return self.put(name, f"uid {self.changes}")

    def put(self, name: str, uid: str) -> InformerEvent[Thing]:
        self.changes += 1
        key, new = f"ns/{name}", thing(f"ns/{name}", str(self.changes), uid=uid)
        old = self.objects.get(key)
        self.objects[key] = new
        return Added(new) if old is None else Updated(old, new)

    def resync(self, name: str) -> InformerEvent[Thing] | None:
        old = self.objects.get(f"ns/{name}")
        return None if old is None else Updated(old, old)

    def delete(self, name: str) -> InformerEvent[Thing] | None:
        """Delete an object, whose last state the informer gets from the server."""
        self.changes += 1
        old = self.objects.pop(f"ns/{name}", None)
        return None if old is None else Deleted(thing(f"ns/{name}", str(self.changes), uid=old.metadata.uid))

    def lose(self, name: str) -> InformerEvent[Thing] | None:
        """Delete an object while nobody watches."""
        old = self.objects.pop(f"ns/{name}", None)
        return None if old is None else Deleted(old, is_final_state_unknown=True)

    def see(self, event: InformerEvent[Thing]) -> None:
        key = object_key(event.object)
        match event:
            case Added(new):
                assert key not in self.seen
                self.seen[key] = new
            case Updated(old, new):
                assert self.seen[key] == old
                self.seen[key] = new
            case Deleted(last):
                assert self.seen.pop(key).metadata.uid == last.metadata.uid


@given(st.frozensets(st.sampled_from(NAMES)), STEPS, LIMITS)
def test_what_leaves_adds_up_to_the_last_state(existing: frozenset[str], steps: list, limit: BacklogLimit):
    world, queue = World(existing), Backlog[Thing](limit)
    now = 0.0
    for obj in world.objects.values():
        queue.put(Added(obj, True), now)
    for step, argument in steps:
        now += 1.0
        if step == "take":
            for _ in range(min(argument, queue.length)):
                world.see(event := queue.take())
                queue.handled(event)
        elif (event := getattr(world, step)(argument)) is not None:
            was_full = limit.events is not None and queue.length >= limit.events + queue.initial_left
            try:
                queue.put(event, now)
            except BacklogFull:
                assert limit.when_full == "error"
                assert was_full
                return
            assert not (limit.when_full == "error" and was_full)
        assert (queue.age(now) > 0.0) <= (queue.length > 0)
        assert queue.age(now) <= now
        if limit.events is not None and limit.when_full == "latest":
            assert queue.length <= max(limit.events + queue.initial_left, 2 * len(NAMES))
    while queue.length:
        world.see(event := queue.take())
        queue.handled(event)
    assert world.seen == world.objects
    assert queue.initial_left == 0
    assert queue.age(now) == 0.0


@given(st.booleans(), st.lists(ACTIONS, max_size=12))
def test_merged_events_are_the_fewest_that_lead_to_the_same_state(exists: bool, steps: list[str]):
    world = World(frozenset("a" if exists else ""))
    world.seen = dict(world.objects)
    waiting: tuple[InformerEvent[Thing], ...] = ()
    was_deleted = False
    for step in steps:
        if (event := getattr(world, step)("a")) is not None:
            waiting = merged(waiting, event)
            was_deleted |= isinstance(event, Deleted)
        assert len(waiting) <= 2
    kinds = [type(event) for event in waiting]
    if not exists:
        assert kinds == ([Added] if world.objects else [])
    elif not world.objects:
        assert kinds == [Deleted]
    else:
        assert kinds in ([Deleted, Added] if was_deleted else [Updated], [])
    for event in waiting:
        world.see(event)
    assert world.seen == world.objects
