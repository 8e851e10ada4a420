"""Whether the watch cache has reached a revision."""

from __future__ import annotations

from kubeloop.testing.apiserver.reading.progress import has_reached
from tests.support.read_world import World


def test_any_revision_is_reached_and_asks_for_no_progress() -> None:
    world = World()
    world.put("node", resource="nodes")
    assert has_reached(world.cache, "pods", 0)
    assert has_reached(world.cache, "pods", 1)
    assert world.cache.resource("pods").revision == 1


def test_a_revision_of_another_resource_is_reached_by_progress() -> None:
    world = World()
    world.put("node", resource="nodes")
    assert has_reached(world.cache, "pods", 2)
    assert world.cache.resource("pods").revision == 2


def test_progress_does_not_go_beyond_what_is_visible() -> None:
    world = World()
    world.put("a")
    world.cache.hold()
    world.put("node", resource="nodes")
    assert not has_reached(world.cache, "pods", 3)
    assert world.cache.resource("pods").revision == 2
